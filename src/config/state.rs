//! Where the state is kept.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use leases::StateUrl;
use secrecy::{ExposeSecret, SecretString};
use small_file::{Links, Shown};

use super::value::{self, HOUR, SECOND, Values, duration, path};
use super::variable::{
    PREFIX,
    Preset::{None as Unset, Value, Words},
    Variable, section,
};

/// A file with a URL is never larger.
const LARGEST: u64 = 64 * 1024;

section! {
    /// The variables as they are set.
    struct Given {
        dir: Option<PathBuf> = "STATE_DIR", Words("systemd's `STATE_DIRECTORY`, else `wolkvox-state` in the working directory"),
            "Directory of the state file. Must be writable and must outlive the process.",
            // A bare name is shown as its length, since it may be a secret; this one is none.
            path;
        url: Option<StateUrl> = "STATE_URL", Unset,
            "`postgres://USER:PASSWORD@HOST:5432/DATABASE`, in place of `WOLKVOX_STATE_DIR`: the state is in PostgreSQL, and replicas take over from each other (docs/replicas.md).",
            url;
        url_file: Option<PathBuf> = "STATE_URL_FILE", Unset,
            "A file with that URL, in place of `WOLKVOX_STATE_URL`. Read at the start.",
            path;
        lease: Duration = "STATE_LEASE", Value("60s"),
            "With PostgreSQL: so long after a replica was last heard of, another one takes over. From 3 s to an hour.",
            duration(3 * SECOND..=HOUR);
    }
}

pub(super) const VARIABLES: &[Variable] = Given::VARIABLES;

/// Where the state is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// `WOLKVOX_STATE_DIR`, or `WOLKVOX_STATE_URL`.
    pub place: Place,
    /// `WOLKVOX_STATE_LEASE`.
    pub lease: Duration,
}

/// Where states are.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// A file for each operation, in this directory.
    Directory(PathBuf),
    /// A row for each operation, in PostgreSQL.
    Database(Box<StateUrl>),
}

impl State {
    /// Reads and checks the variables; `None` where one has a problem.
    pub(super) fn read(values: &mut Values) -> Option<State> {
        let Given {
            dir,
            url,
            url_file,
            lease,
        } = Given::read(values)?;
        for (short, path) in [("STATE_DIR", &dir), ("STATE_URL_FILE", &url_file)] {
            // It may hold a password, and would be shown as a path.
            if path
                .as_ref()
                .is_some_and(|path| path.to_string_lossy().contains("://"))
            {
                values.problem(
                    short,
                    "is a URL and must be a path; the URL of a database goes into WOLKVOX_STATE_URL",
                );
                return None;
            }
        }
        let place = match (dir, url, url_file) {
            (dir, None, None) => Place::Directory(dir.unwrap_or_else(|| PathBuf::from("./wolkvox-state"))),
            (Some(_), url, _) => {
                let short = if url.is_some() {
                    "STATE_URL"
                } else {
                    "STATE_URL_FILE"
                };
                values.problem(
                    short,
                    "is set beside WOLKVOX_STATE_DIR: the state is in one place. Unset one of them; `wolkvox-exporter state copy` takes a state from one to the other",
                );
                return None;
            }
            (None, Some(_), Some(_)) => {
                values.problem(
                    "STATE_URL",
                    "is set beside WOLKVOX_STATE_URL_FILE: set one of them",
                );
                return None;
            }
            (None, Some(url), None) => database(values, "STATE_URL", url),
            (None, None, Some(file)) => {
                let url = read_file(&file);
                let url = url
                    .map_err(|problem| values.problem("STATE_URL_FILE", &problem))
                    .ok()?;
                database(values, "STATE_URL_FILE", url)
            }
        };
        Some(State { place, lease })
    }

    /// The directory of the files, where there is one.
    pub fn directory(&self) -> Option<&Path> {
        match &self.place {
            Place::Directory(directory) => Some(directory),
            Place::Database(_) => None,
        }
    }
}

impl Place {
    /// What an option names: a directory, a URL, or a file with a URL, which keeps its password out of the list of processes.
    ///
    /// # Errors
    /// In words that go on after the option's name, and show no part of a URL that may be secret.
    pub fn parse(text: &str) -> Result<Place, String> {
        let is_url = text.contains("://");
        if is_url {
            let url = StateUrl::parse(text).map_err(|error| error.to_string())?;
            return Ok(Place::Database(Box::new(url)));
        }
        let path = PathBuf::from(text);
        if text.is_empty() {
            return Err("names nothing: it takes a directory, or the URL of a database".to_owned());
        }
        if path.is_file() {
            return read_file(&path).map(|url| Place::Database(Box::new(url)));
        }
        Ok(Place::Directory(path))
    }
}

/// For people, without a password: `/var/lib/wolkvox-exporter`, or `PostgreSQL at db.example:5432/wolkvox`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // From the root, where it is there: a note of it is read elsewhere later.
            Place::Directory(path) => {
                let whole = path.canonicalize();
                write!(f, "{}", Shown(whole.as_deref().unwrap_or(path)))
            }
            Place::Database(url) => write!(f, "PostgreSQL at {}", url.address()),
        }
    }
}

/// A database, with a warning where the way to it is weak.
fn database(values: &mut Values, short: &str, url: StateUrl) -> Place {
    if let Some(weakness) = url.weakness() {
        let address = url.address();
        values.shared_warnings.push(format!(
            "{PREFIX}{short}: on the way to {address}, {weakness}. Write sslmode=verify-full into the URL, with sslrootcert=FILE for an authority of your own"
        ));
    }
    Place::Database(Box::new(url))
}

fn url(given: value::Given<'_>) -> Result<Option<StateUrl>, String> {
    let url = given.set.map(StateUrl::parse).transpose();
    url.map_err(|error| error.to_string())
}

fn read_file(path: &Path) -> Result<StateUrl, String> {
    let text = small_file::read_text(path, LARGEST, Links::Follow)
        .map(SecretString::from)
        .map_err(|error| format!("can't be used: {error}"))?;
    let url = StateUrl::parse(text.expose_secret());
    url.map_err(|error| format!("names the file {}, and what it holds {error}", Shown(path)))
}
