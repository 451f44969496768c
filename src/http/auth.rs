//! Basic authentication: users and passwords against bcrypt hashes.
//!
//! A check costs tens of milliseconds by design. So it is done off the async threads, few at a time, and only once for
//! what was right. Whether a user exists can't be told from how long it takes.

use std::collections::{BTreeMap, VecDeque};
use std::str::FromStr as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bcrypt::HashParts;
use hyper::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use super::web_config::shown;

/// Above, a check takes minutes, and a scrape would never be answered.
const MOST_COST: u32 = 18;

/// Right answers that are remembered.
const MOST_KNOWN: usize = 64;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Who may come in. None at all: everyone.
#[derive(Debug, Default)]
pub(super) struct Users(Vec<User>);

#[derive(Debug)]
struct User {
    name: String,
    hash: SecretString,
}

impl Users {
    /// Checks `basic_auth_users`. The problems name users, and show no hash.
    pub(super) fn new(raw: BTreeMap<String, SecretString>, problems: &mut Vec<String>) -> Self {
        let mut users = Vec::new();
        for (name, hash) in raw {
            let mut problem =
                |what: &str| problems.push(format!("basic_auth_users: {} {what}", shown(&name)));
            match HashParts::from_str(hash.expose_secret()) {
                Err(_) => problem(
                    "is not a bcrypt hash; make one with `htpasswd -nBC 10 \"\" | tr -d ':\\n'` (a password itself must not stand here)",
                ),
                Ok(parts) if parts.get_cost() > MOST_COST => problem(&format!(
                    "has a cost of {}: each check would take minutes; use 10 to 12, {MOST_COST} at most",
                    parts.get_cost()
                )),
                Ok(_) if name.contains(':') => {
                    problem("has a colon in the name, which basic authentication can't send");
                }
                Ok(_) => users.push(User { name, hash }),
            }
        }
        Self(users)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// What a client says.
struct Credentials {
    user: Vec<u8>,
    password: SecretSlice<u8>,
}

impl Credentials {
    fn read(authorization: &HeaderValue) -> Option<Self> {
        let text = authorization.to_str().ok()?;
        let (scheme, encoded) = text.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = BASE64.decode(encoded.trim()).ok().map(SecretSlice::from)?;
        let bytes = decoded.expose_secret();
        let colon = bytes.iter().position(|byte| *byte == b':')?;
        Some(Self {
            user: bytes[..colon].to_vec(),
            password: bytes[colon + 1..].to_vec().into(),
        })
    }
}

type Proof = [u8; 32];

/// Checks credentials, and remembers the right ones as salted hashes.
pub(super) struct Gatekeeper {
    salt: Proof,
    /// Of user, password and the stored hash: with another hash in the file, the old password is not known any more.
    known: Mutex<VecDeque<Proof>>,
    checks: Arc<Semaphore>,
}

impl Gatekeeper {
    /// Knows nobody yet.
    ///
    /// # Errors
    /// The system gave no random bytes.
    pub(super) fn new() -> std::io::Result<Self> {
        let mut salt = Proof::default();
        getrandom::fill(&mut salt).map_err(|error| std::io::Error::other(error.to_string()))?;
        // Half of the processors: guessing must not stop the exporter's own work.
        let checks = available_parallelism().map_or(1, |all| all.get() / 2).max(1);
        Ok(Self {
            salt,
            known: Mutex::default(),
            checks: Arc::new(Semaphore::new(checks)),
        })
    }

    /// Whether a request with this `Authorization` may come in.
    pub(super) async fn admits(&self, users: &Users, authorization: Option<&HeaderValue>) -> bool {
        if users.is_empty() {
            return true;
        }
        let Some(credentials) = authorization.and_then(Credentials::read) else {
            return false;
        };
        let (user, is_user) = self.find(users, &credentials.user);
        let proof = self.proof(&[
            &credentials.user,
            credentials.password.expose_secret(),
            user.hash.expose_secret().as_bytes(),
        ]);
        if is_user && self.is_known(&proof) {
            return true;
        }
        let is_right = self.check(credentials.password, user.hash.clone()).await && is_user;
        if is_right {
            self.remember(proof);
        }
        is_right
    }

    /// The user of this name, or, for a name that nobody has, one whose hash costs as much to check. It is always the
    /// same one for the same name, else repeating the question would tell.
    fn find<'a>(&self, users: &'a Users, name: &[u8]) -> (&'a User, bool) {
        let wanted = self.proof(&[name]);
        let number = wanted[..8]
            .iter()
            .fold(0_usize, |number, byte| (number << 8) | usize::from(*byte));
        let mut found = (&users.0[number % users.0.len()], false);
        for user in &users.0 {
            if bool::from(self.proof(&[user.name.as_bytes()]).ct_eq(&wanted)) {
                found = (user, true);
            }
        }
        found
    }

    fn proof(&self, parts: &[&[u8]]) -> Proof {
        let mut hash = Sha256::new().chain_update(self.salt);
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }

    fn is_known(&self, proof: &Proof) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .iter()
            .fold(false, |found, one| found | bool::from(one.ct_eq(proof)))
    }

    fn remember(&self, proof: Proof) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == MOST_KNOWN {
            known.pop_front();
        }
        known.push_back(proof);
    }

    async fn check(&self, password: SecretSlice<u8>, hash: SecretString) -> bool {
        // An error would mean that the semaphore was closed, which nobody does.
        let Ok(permit) = Arc::clone(&self.checks).acquire_owned().await else {
            return false;
        };
        let check = tokio::task::spawn_blocking(move || {
            // Held here: a client who goes away does not make room for more than there is.
            let _permit = permit;
            bcrypt::verify(password.expose_secret(), hash.expose_secret()).unwrap_or(false)
        });
        check.await.unwrap_or(false)
    }
}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;
