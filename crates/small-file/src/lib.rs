//! One safe way to read a small file that a person names: a token, certificates, a configuration, a state.
//!
//! Such a path may name anything. A FIFO would block the reader for ever, `/dev/zero` or a log file would fill the memory,
//! and in a directory that others can write to, a link may lead elsewhere. So the file is opened without blocking, must be
//! a regular file, and is read up to a limit.
//!
//! A file on a network that hangs still blocks: call this where a blocked thread does no harm.

mod shown;

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

pub use shown::{Shown, looks_like_key, looks_like_path};

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether the path itself may be a symbolic link. Links in the directories above it are always followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// It is followed: mounted secrets of Kubernetes are links.
    Follow,
    /// It is an error: in a directory that belongs to the program nobody has to place one.
    Refuse,
}

/// Why a file was not read. Each names the file, what is wrong with it, and never its content.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Opening or reading failed.
    #[error("{path} can't be read ({cause})", path = Shown(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// As the system says it.
        cause: io::Error,
    },
    /// It is a directory, a FIFO, a socket, a device or a link that must not be one.
    #[error("{path} is {found}, and must be a regular file", path = Shown(path))]
    NotRegular {
        /// The file.
        path: PathBuf,
        /// What it is instead, with its article.
        found: &'static str,
    },
    /// It is longer than what is read of it.
    #[error("{path} is larger than {limit} bytes: it is probably another file than was meant", path = Shown(path))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: u64,
    },
}

impl Error {
    /// Whether there is no such file.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::Read { cause, .. } if cause.kind() == io::ErrorKind::NotFound)
    }
}

/// The bytes of a regular file of at most `limit` bytes.
///
/// # Errors
/// See [`Error`].
pub fn read(path: &Path, limit: u64, links: Links) -> Result<Vec<u8>, Error> {
    let failed = |cause| Error::Read {
        path: path.to_owned(),
        cause,
    };
    let fits = |length: u64| {
        (length <= limit).then_some(()).ok_or_else(|| Error::TooLarge {
            path: path.to_owned(),
            limit,
        })
    };
    let file = open(path, links)?;
    // A file of gigabytes is refused before any of it is in the memory.
    fits(file.metadata().map_err(failed)?.len())?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    // It may have grown since.
    fits(bytes.len() as u64)?;
    Ok(bytes)
}

/// The same as text, without the byte order mark that it may begin with.
///
/// # Errors
/// See [`Error`]; bytes that are not UTF-8 are [`Error::Read`] with [`io::ErrorKind::InvalidData`].
pub fn read_text(path: &Path, limit: u64, links: Links) -> Result<String, Error> {
    let bytes = read(path, limit, links)?;
    let failed = |what| Error::Read {
        path: path.to_owned(),
        cause: io::Error::new(io::ErrorKind::InvalidData, what),
    };
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(failed("it is UTF-16 text; save it as UTF-8"));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8 text"))?;
    // What Windows programs begin a file with. It is removed in place: no copy of a secret is made.
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

/// Takes the byte order marks of UTF-8 out, which Windows programs begin a file with. In files that were joined they stand in
/// the middle, and hide the block of PEM behind them from its readers. No copy is made: there may be a key in it.
pub fn remove_marks(text: &mut Vec<u8>) {
    let (mut at, mut kept) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with(MARK) {
            at += MARK.len();
        } else {
            text[kept] = text[at];
            (at, kept) = (at + 1, kept + 1);
        }
    }
    text.truncate(kept);
}

/// Opens a regular file for reading, without blocking on whatever else the path may name.
///
/// # Errors
/// [`Error::Read`] and [`Error::NotRegular`].
pub fn open(path: &Path, links: Links) -> Result<File, Error> {
    let failed = |cause| Error::Read {
        path: path.to_owned(),
        cause,
    };
    let not_regular = |found| Error::NotRegular {
        path: path.to_owned(),
        found,
    };
    // Before the open as well: to open a device may already do something, and a socket can't be opened at all.
    let named = match links {
        Links::Follow => path.metadata(),
        Links::Refuse => path.symlink_metadata(),
    };
    regular(named.map_err(failed)?.file_type()).map_err(not_regular)?;
    let mut options = OpenOptions::new();
    options.read(true);
    set_flags(&mut options, links);
    let file = options.open(path).map_err(failed)?;
    // What was opened counts: the path may have changed in between.
    regular(file.metadata().map_err(failed)?.file_type()).map_err(not_regular)?;
    Ok(file)
}

#[cfg(unix)]
fn set_flags(options: &mut OpenOptions, links: Links) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let no_follow = match links {
        Links::Follow => 0,
        Links::Refuse => libc::O_NOFOLLOW,
    };
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | no_follow);
}

#[cfg(not(unix))]
fn set_flags(_: &mut OpenOptions, _: Links) {}

/// What else it is, with its article.
fn regular(kind: FileType) -> Result<(), &'static str> {
    if kind.is_file() {
        Ok(())
    } else if kind.is_dir() {
        Err("a directory")
    } else if kind.is_symlink() {
        Err("a symbolic link")
    } else {
        Err(special(kind))
    }
}

#[cfg(unix)]
fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> &'static str {
    "something else"
}

#[cfg(test)]
mod tests;
