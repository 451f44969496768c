//! The form of the ledger on disk: one line that says what follows, then JSON.
//!
//! ```text
//! wolkvox-exporter-state v1 crc32=0f3a91c2 bytes=18231
//! {"origin":{…},"bounds":{…},"ledger":{…}}
//! ```

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Counted, Ledger};

/// The version of the form that this program writes. It reads every minor version of it: what it does not know there is
/// passed over, and what it misses starts at its default. A major version changes what is already there.
pub const VERSION: Version = Version { major: 1, minor: 0 };

/// A version of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Programs of another one can't read it.
    pub major: u32,
    /// Programs of an earlier one read it in part.
    pub minor: u32,
}

impl Version {
    /// As one number, by which programs can be told apart that can read it: the major version.
    pub const fn as_number(self) -> i32 {
        self.major.cast_signed()
    }

    fn parse(text: &str) -> Option<Version> {
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        let version = Version {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        };
        // Exactly as this program writes it: no other spelling of a number was ever written.
        (version.major > 0 && version.to_string() == text).then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            0 => write!(f, "{}", self.major),
            minor => write!(f, "{}.{minor}", self.major),
        }
    }
}

const MAGIC: &str = "wolkvox-exporter-state";

/// Whose report the ledger counts. Totals of one operation must never go on with another's report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// `WOLKVOX_OPERATION`.
    pub operation: String,
    /// The host (and port) of the API.
    pub host: String,
    /// Whether, and for which agent, the report is restricted.
    pub agent_dni: Option<AgentDigest>,
    /// The IANA name of the report's time zone.
    pub timezone: String,
}

/// A salted hash of `WOLKVOX_AGENT_DNI`: an identity document is personal data and stays out of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentDigest {
    salt: String,
    sha256: String,
}

impl AgentDigest {
    /// Hashes with a new salt.
    ///
    /// # Errors
    /// The system gave no random bytes.
    pub fn new(agent_dni: &str) -> std::io::Result<AgentDigest> {
        let salt = hex(&random::<16>()?);
        let sha256 = digest(&salt, agent_dni);
        Ok(AgentDigest { salt, sha256 })
    }

    /// Whether it is the hash of `agent_dni`.
    pub fn is_of(&self, agent_dni: &str) -> bool {
        digest(&self.salt, agent_dni) == self.sha256
    }
}

fn digest(salt: &str, text: &str) -> String {
    hex(&Sha256::new().chain_update(salt).chain_update(text).finalize())
}

/// Bytes that nobody can guess.
///
/// # Errors
/// The system gave none.
pub(crate) fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[derive(Serialize)]
#[serde(bound(serialize = "T: Counted"))]
struct Written<'a, T: Counted> {
    origin: &'a Origin,
    /// The layout of the totals: their histograms' bounds.
    bounds: T::Layout,
    ledger: &'a Ledger<T>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Counted"))]
struct StoredState<T: Counted> {
    origin: Origin,
    bounds: T::Layout,
    ledger: Ledger<T>,
}

/// Why bytes are not a state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A later program wrote it.
    #[error("it is of version {0}, and this program reads up to version {known}", known = VERSION.major)]
    Newer(Version),
    /// It is not what was written.
    #[error("{0}")]
    Damaged(String),
}

/// The bytes of a state.
///
/// # Errors
/// Only if a value could not be written as JSON, which no ledger holds.
pub fn encode<T: Counted>(origin: &Origin, ledger: &Ledger<T>) -> Result<Vec<u8>, serde_json::Error> {
    let body = serde_json::to_vec(&Written {
        origin,
        bounds: T::layout(),
        ledger,
    })?;
    let checksum = crc32fast::hash(&body);
    let header = Header {
        version: VERSION,
        crc32: checksum,
        bytes: body.len(),
    };
    let mut bytes = header.line().into_bytes();
    bytes.push(b'\n');
    bytes.extend_from_slice(&body);
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a state. What a later minor version put in and this one does not know is logged: it is gone with the next
/// commit.
///
/// # Errors
/// [`StateError`], in words for the log.
pub fn decode<T: Counted>(bytes: &[u8]) -> Result<(Origin, Ledger<T>), StateError> {
    let damaged = |what: &str| StateError::Damaged(what.to_owned());
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or_else(|| damaged("its first line is cut short"))?;
    let header = std::str::from_utf8(&bytes[..end]).map_err(|_| damaged("its first line is not text"))?;
    let header =
        Header::parse(header).ok_or_else(|| damaged("its first line is not that of a state file"))?;
    if header.version.major > VERSION.major {
        return Err(StateError::Newer(header.version));
    }
    let body = bytes[end + 1..]
        .strip_suffix(b"\n")
        .ok_or_else(|| damaged("its end is missing"))?;
    if body.len() != header.bytes {
        return Err(StateError::Damaged(format!(
            "it holds {} bytes instead of {}",
            body.len(),
            header.bytes
        )));
    }
    if crc32fast::hash(body) != header.crc32 {
        return Err(damaged("its checksum does not match"));
    }
    let mut unknown = BTreeSet::new();
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = serde_ignored::deserialize(&mut json, |path| {
        unknown.insert(without_places(&path.to_string()));
    });
    let read = read.and_then(|read: StoredState<T>| json.end().map(|()| read));
    let mut read = read.map_err(|error| StateError::Damaged(error.to_string()))?;
    if !unknown.is_empty() {
        let unknown: Vec<_> = unknown.into_iter().collect();
        tracing::warn!(
            operation = read.origin.operation,
            format = %header.version,
            parts = unknown.join(", "),
            "the state has parts that this version does not know: a later version wrote it. They are dropped at the next commit; the rest goes on"
        );
    }
    read.ledger.totals.conform(&read.bounds);
    Ok((read.origin, read.ledger))
}

/// A path without places in lists: it names a part, wherever it occurs.
fn without_places(path: &str) -> String {
    let is_name = |part: &&str| !part.bytes().all(|byte| byte.is_ascii_digit());
    path.split('.').filter(is_name).collect::<Vec<_>>().join(".")
}

struct Header {
    version: Version,
    crc32: u32,
    bytes: usize,
}

impl Header {
    fn line(&self) -> String {
        let Header {
            version,
            crc32,
            bytes,
        } = self;
        format!("{MAGIC} v{version} crc32={crc32:08x} bytes={bytes}")
    }

    fn parse(line: &str) -> Option<Header> {
        let mut words = line.split(' ');
        if words.next()? != MAGIC {
            return None;
        }
        let version = Version::parse(words.next()?.strip_prefix('v')?)?;
        let crc32 = u32::from_str_radix(words.next()?.strip_prefix("crc32=")?, 16).ok()?;
        let bytes = words.next()?.strip_prefix("bytes=")?.parse().ok()?;
        let header = Header {
            version,
            crc32,
            bytes,
        };
        (header.line() == line).then_some(header)
    }
}
