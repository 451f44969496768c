//! The files of a web configuration: read safely, and recognised when they change.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use small_file::Links;

/// More than any certificate bundle: a file named by mistake must not fill the memory.
const MOST_BYTES: u64 = 1024 * 1024;

/// What a load has read, so that a change can be seen. Contents instead of times: a mounted secret is exchanged by a
/// link, and a copy may keep its time. Only a hash is kept of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint(Vec<(PathBuf, [u8; 32])>);

impl Fingerprint {
    /// Reads a file and notes what it found, be it an error.
    pub(crate) fn read(&mut self, path: &Path) -> Result<Vec<u8>, small_file::Error> {
        let content = read(path);
        self.0.push((path.to_owned(), digest(&content)));
        content
    }

    /// Whether the same files would still be read, with the same outcome.
    pub(crate) fn is_current(&self) -> bool {
        self.0.iter().all(|(path, seen)| digest(&read(path)) == *seen)
    }
}

fn digest(content: &Result<Vec<u8>, small_file::Error>) -> [u8; 32] {
    let hash = Sha256::new();
    match content {
        Ok(bytes) => hash.chain_update("read").chain_update(bytes),
        Err(error) => hash.chain_update("error").chain_update(error.to_string()),
    }
    .finalize()
    .into()
}

fn read(path: &Path) -> Result<Vec<u8>, small_file::Error> {
    small_file::read(path, MOST_BYTES, Links::Follow)
}
