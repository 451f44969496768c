//! Where the state is kept.

use std::path::PathBuf;

use super::value::{Given, path};
use super::variable::{Preset::Words, section};

section! {
    /// Where the state is kept.
    pub struct State {
        dir: PathBuf = "STATE_DIR", Words("systemd's `STATE_DIRECTORY`, else `wolkvox-state` in the working directory"),
            "Directory of the state file. Must be writable and must outlive the process.",
            directory;
    }
}

fn directory(given: Given<'_>) -> Result<PathBuf, String> {
    // A bare name is shown as its length, since it may be a secret; this one is none.
    Ok(path(given)?.unwrap_or_else(|| PathBuf::from("./wolkvox-state")))
}
