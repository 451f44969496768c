//! What a program writes, while it runs.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::process::Stdio;
use std::sync::Arc;

/// The output of a program. It goes to a file without a name: that takes every line at once, also while a test blocks,
/// and the test reads all that was written before it looks.
#[derive(Debug, Clone)]
pub(crate) struct Log(Arc<File>);

impl Log {
    pub(crate) fn new() -> Log {
        Log(Arc::new(tempfile::tempfile().expect("a temporary file")))
    }

    /// The end that the program writes to.
    pub(crate) fn stdio(&self) -> Stdio {
        self.0.try_clone().expect("a descriptor").into()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let length = self.0.metadata().unwrap().len();
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        // The program shares the position of the file, so that reading must not move it.
        self.0.read_exact_at(&mut bytes, 0).unwrap();
        bytes
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// What follows `before` in the first whole line that holds it, up to a blank.
    pub(crate) fn word_after(&self, before: &str) -> Option<String> {
        let text = self.text();
        let (whole, _) = text.rsplit_once('\n')?;
        let (_, after) = whole.lines().find_map(|line| line.split_once(before))?;
        let end = after
            .find(|character: char| character.is_whitespace() || character == '"')
            .unwrap_or(after.len());
        Some(after[..end].to_owned())
    }
}
