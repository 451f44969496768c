//! The form of the ledger on disk: one line that says what follows, then JSON.
//!
//! ```text
//! wolkvox-exporter-state v1 crc32=0f3a91c2 bytes=18231
//! {"origin":{…},"bounds":{…},"ledger":{…}}
//! ```

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Ledger;
use crate::chats::measure::Measures;
use crate::metrics::histogram::Histogram;

/// The version this program writes; it reads this and all earlier ones.
pub const VERSION: u32 = 1;

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
        let mut salt = [0_u8; 16];
        getrandom::fill(&mut salt).map_err(|error| std::io::Error::other(error.to_string()))?;
        let salt = hex(&salt);
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bounds of the stored histograms, so that a version with other bounds can tell.
type StoredBounds = Measures<Vec<u64>>;

fn current_bounds() -> StoredBounds {
    Measures::of(|measure| measure.bounds().to_vec())
}

#[derive(Serialize)]
struct Written<'a> {
    origin: &'a Origin,
    bounds: StoredBounds,
    ledger: &'a Ledger,
}

#[derive(Deserialize)]
struct Read {
    origin: Origin,
    bounds: StoredBounds,
    ledger: Ledger,
}

/// Why bytes are not a state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A later program wrote it.
    #[error("it is of version {0}, and this program reads up to version {VERSION}")]
    Newer(u32),
    /// It is not what was written.
    #[error("{0}")]
    Damaged(String),
}

/// The bytes of a state.
///
/// # Errors
/// Only if a value could not be written as JSON, which no ledger holds.
pub fn encode(origin: &Origin, ledger: &Ledger) -> Result<Vec<u8>, serde_json::Error> {
    let body = serde_json::to_vec(&Written {
        origin,
        bounds: current_bounds(),
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

/// Reads a state.
///
/// # Errors
/// [`StateError`], in words for the log.
pub fn decode(bytes: &[u8]) -> Result<(Origin, Ledger), StateError> {
    let damaged = |what: &str| StateError::Damaged(what.to_owned());
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or_else(|| damaged("its first line is cut short"))?;
    let header = std::str::from_utf8(&bytes[..end]).map_err(|_| damaged("its first line is not text"))?;
    let header =
        Header::parse(header).ok_or_else(|| damaged("its first line is not that of a state file"))?;
    if header.version > VERSION {
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
    let read: Read = serde_json::from_slice(body).map_err(|error| StateError::Damaged(error.to_string()))?;
    let mut ledger = read.ledger;
    conform(&mut ledger, read.bounds);
    Ok((read.origin, ledger))
}

struct Header {
    version: u32,
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
        let version = words.next()?.strip_prefix('v')?.parse().ok()?;
        let crc32 = u32::from_str_radix(words.next()?.strip_prefix("crc32=")?, 16).ok()?;
        let bytes = words.next()?.strip_prefix("bytes=")?.parse().ok()?;
        let header = Header {
            version,
            crc32,
            bytes,
        };
        // Exactly as written: numbers can be spelled in other ways, and none of them was.
        (version > 0 && header.line() == line).then_some(header)
    }
}

/// A family whose bounds changed starts at 0 for all label sets: its old buckets say nothing about the new ones.
fn conform(ledger: &mut Ledger, stored: StoredBounds) {
    let is_changed = stored.each().map(|(measure, stored)| {
        let is_changed = stored != measure.bounds();
        if is_changed {
            tracing::warn!(
                family = measure.family(),
                "the buckets of this family changed with the version: it starts at 0"
            );
        }
        is_changed
    });
    for entry in ledger.totals.chats.values_mut() {
        let histograms = entry.value.histograms_mut().each();
        for ((measure, histogram), is_changed) in histograms.into_iter().zip(is_changed) {
            if is_changed || histogram.buckets.len() != measure.bounds().len() + 1 {
                *histogram = Histogram::new(measure.bounds());
            }
        }
    }
}
