//! The files: which there are, and what they hold.

use std::fs;
use std::path::{Path, PathBuf};

use small_file::{Links, Shown};

use super::super::variable::PREFIX;
use super::document;
use super::table::Table;

/// More than the tables of ten thousand operations.
const LARGEST: u64 = 16 * 1024 * 1024;
const EXTENSION: &str = "toml";

/// What stands in the files.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tables: Vec<Table>,
    pub(super) problems: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// Reads a file, or all files of a directory. Where nothing else is wrong there is at least one table.
pub(super) fn read(path: &Path) -> Found {
    let mut found = Found::default();
    if path.is_dir() {
        match listed(path) {
            Ok(files) if files.is_empty() => found.problems.push(variable(&format!(
                "is the directory {}, which holds no file whose name ends in .{EXTENSION}",
                Shown(path)
            ))),
            Ok(files) => files.iter().for_each(|file| found.add(file)),
            Err(error) => found
                .problems
                .push(variable(&format!("{} can't be listed ({error})", Shown(path)))),
        }
    } else {
        found.add(path);
    }
    if found.tables.is_empty() && found.problems.is_empty() {
        found.problems.push(variable(&format!(
            "{} holds no [[operation]] table; at least one is needed",
            Shown(path)
        )));
    }
    found
}

/// The files of a directory, by name. Hidden ones are passed over: a mount of Kubernetes has its versions in them, and editors
/// have theirs.
fn listed(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let is_hidden = name.as_encoded_bytes().starts_with(b".");
        let path = directory.join(name);
        if !is_hidden && path.extension().is_some_and(|extension| extension == EXTENSION) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

impl Found {
    fn add(&mut self, file: &Path) {
        // Mounted configuration is a link.
        let text = match small_file::read_text(file, LARGEST, Links::Follow) {
            Ok(text) => text,
            Err(error) => return self.problems.push(variable(&error.to_string())),
        };
        let read = document::read(&text, file);
        self.problems.extend(read.problems);
        let has_token = read.tables.iter().any(|table| table.get("TOKEN").is_some());
        self.warnings.extend(mode_that_shows(file).filter(|_| has_token).map(|mode| {
            format!(
                "{} holds a token, and others than its owner can read it (mode {mode:04o}): run chmod 600 on it, or write token_file in place of token",
                file.display()
            )
        }));
        self.tables.extend(read.tables);
    }
}

fn variable(what: &str) -> String {
    format!("{PREFIX}OPERATIONS_FILE: {what}")
}

/// The file's mode, if others than the owner can read it.
#[cfg(unix)]
fn mode_that_shows(file: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().ok()?.permissions().mode() & 0o7777;
    (mode & 0o044 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn mode_that_shows(_: &Path) -> Option<u32> {
    None
}
