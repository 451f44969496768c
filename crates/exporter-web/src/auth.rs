//! Basic authentication: users and passwords against bcrypt hashes.
//!
//! A check costs tens of milliseconds by design. So checks run on threads of their own, few at a time, in an order that is
//! fair to all clients, and only once for a right password. How long a check takes does not show whether a user exists.

use std::collections::{BTreeMap, VecDeque};
use std::hint::black_box;
use std::str::FromStr as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bcrypt::HashParts;
use hyper::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::oneshot;

use super::check_queue::{Bounds, CheckQueue, Source};
use super::cost::{Costs, GREATEST_COST, Judgement, LEAST_COST};
use super::web_config::shown;

/// Right passwords that are remembered.
const MOST_KNOWN: usize = 64;

/// Checks that wait. A browser asks for several things at once, and two servers of Prometheus may share an address.
const MOST_WAITING: usize = 64;
const MOST_WAITING_OF_ONE_SOURCE: usize = 8;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The users that are let in. None at all: everyone is.
#[derive(Debug, Default)]
pub(super) struct Users(Vec<User>);

#[derive(Debug)]
struct User {
    name: String,
    hash: SecretString,
    cost: u32,
}

impl Users {
    /// Checks `basic_auth_users`. Problems and warnings name users, and show no hash.
    pub(super) fn new(
        raw: BTreeMap<String, SecretString>,
        costs: &Costs,
        problems: &mut Vec<String>,
        warnings: &mut Vec<String>,
    ) -> Self {
        let mut users = Vec::new();
        for (name, hash) in raw {
            let about = |what: &str| format!("basic_auth_users: {} {what}", shown(&name));
            match cost_of(&name, &hash) {
                Err(problem) => problems.push(about(&problem)),
                Ok(cost) => {
                    match costs.judge(cost) {
                        Judgement::Good => {}
                        Judgement::Slow(takes) => warnings.push(about(&slow(cost, takes, costs.time_out()))),
                        Judgement::TooSlow(takes) => {
                            problems.push(about(&too_slow(cost, takes, costs.time_out())));
                        }
                    }
                    users.push(User { name, hash, cost });
                }
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

    fn highest_cost(&self) -> u32 {
        self.0.iter().map(|user| user.cost).max().unwrap_or_default()
    }
}

/// The cost of a user's hash, if a password can be checked against it at all.
fn cost_of(name: &str, hash: &SecretString) -> Result<u32, String> {
    let Some(parts) = HashParts::from_str(hash.expose_secret())
        .ok()
        .filter(|parts| is_complete(parts, hash))
    else {
        return Err("is not a bcrypt hash; make one with `htpasswd -nBC 10 \"\" | tr -d ':\\n'` (a password itself must not stand here)".to_owned());
    };
    match parts.get_cost() {
        cost @ ..LEAST_COST => Err(format!(
            "has a cost of {cost:02}: bcrypt begins at {LEAST_COST:02}, so no password would ever be right; use 10 to 12"
        )),
        cost if cost > GREATEST_COST => Err(format!(
            "has a cost of {cost}: bcrypt ends at {GREATEST_COST}, so no password would ever be right; use 10 to 12"
        )),
        _ if name.contains(':') => {
            Err("has a colon in the name, which basic authentication can't send".to_owned())
        }
        cost => Ok(cost),
    }
}

/// Whether salt and hash can be decoded. Otherwise each check would fail, and at once: that shows who exists.
fn is_complete(parts: &HashParts, hash: &SecretString) -> bool {
    let decodes = |text: &str, bytes: usize| {
        let decoded = bcrypt::BASE_64.decode(text);
        decoded.is_ok_and(|decoded| decoded.len() == bytes)
    };
    let salt = parts.get_salt();
    let end = hash.expose_secret().rsplit('$').next().unwrap_or_default();
    decodes(&salt, 16) && end.strip_prefix(&salt).is_some_and(|end| decodes(end, 23))
}

fn too_slow(cost: u32, takes: Duration, time_out: Duration) -> String {
    format!(
        "has a cost of {cost}: one check takes about {:.0} s on this machine, and a request is given {} s; make the \
         hash anew with a cost of 10 to 12",
        takes.as_secs_f64(),
        time_out.as_secs()
    )
}

fn slow(cost: u32, takes: Duration, time_out: Duration) -> String {
    format!(
        "has a cost of {cost}: one check takes about {:.1} s on this machine, and a request is given {} s, so some \
         guesses that come before a scrape make it fail; a cost of 10 to 12 is usual",
        takes.as_secs_f64(),
        time_out.as_secs()
    )
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

/// Whether a request is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is let in.
    Granted,
    /// No such user, or another password.
    Denied,
    /// Its password was not checked, because too many others wait for that, or not in time.
    Busy,
}

/// Checks credentials, and remembers the right ones as salted hashes.
pub(super) struct Authorizer {
    salt: Proof,
    /// Of user, password and the stored hash: with another hash in the file, the old password is not known any more.
    known: Arc<Known>,
    checks: Arc<CheckQueue>,
}

impl Authorizer {
    /// Remembers no password yet.
    ///
    /// # Errors
    /// The system gave no random bytes.
    pub(super) fn new() -> std::io::Result<Self> {
        // Half of the processors: guessing must not stop the exporter's own work.
        Self::checking_at_once(available_parallelism().map_or(1, |all| all.get() / 2).max(1))
    }

    fn checking_at_once(running: usize) -> std::io::Result<Self> {
        let mut salt = Proof::default();
        getrandom::fill(&mut salt).map_err(|error| std::io::Error::other(error.to_string()))?;
        let bounds = Bounds {
            running,
            waiting: MOST_WAITING,
            waiting_of_one_source: MOST_WAITING_OF_ONE_SOURCE,
        };
        Ok(Self {
            salt,
            known: Arc::default(),
            checks: Arc::new(CheckQueue::new(bounds)),
        })
    }

    /// Whether a request with this `Authorization` is let in. The answer takes `time_out` at most.
    pub(super) async fn authorize(
        &self,
        users: &Users,
        authorization: Option<&HeaderValue>,
        source: Source,
        time_out: Duration,
    ) -> Admission {
        if users.is_empty() {
            return Admission::Granted;
        }
        let Some(credentials) = authorization.and_then(Credentials::read) else {
            return Admission::Denied;
        };
        let Some((user, is_user)) = self.find(users, &credentials.user) else {
            return Admission::Denied;
        };
        let proof = self.proof(&[
            &credentials.user,
            credentials.password.expose_secret(),
            user.hash.expose_secret().as_bytes(),
        ]);
        if is_user && self.known.contains(&proof) {
            return Admission::Granted;
        }
        let guess = Guess {
            password: credentials.password,
            hash: user.hash.clone(),
            is_user,
            cost: user.cost,
            highest_cost: users.highest_cost(),
        };
        self.check(guess, proof, source, time_out).await
    }

    /// Waits for the check's turn and outcome. The check goes on when nobody waits any more: a client that gave up
    /// after two seconds is let in at its next try, if its password is right.
    async fn check(&self, guess: Guess, proof: Proof, source: Source, time_out: Duration) -> Admission {
        let (answer, answered) = oneshot::channel();
        let known = Arc::clone(&self.known);
        let check = move || {
            // It may have become known while this one waited.
            let is_right = (guess.is_user && known.contains(&proof)) || guess.is_right();
            if is_right {
                known.insert(proof);
            }
            // The client may have left.
            let _ = answer.send(is_right);
        };
        if self.checks.submit(source, Box::new(check)).is_err() {
            return Admission::Busy;
        }
        match tokio::time::timeout(time_out, answered).await {
            Ok(Ok(true)) => Admission::Granted,
            Ok(Ok(false)) => Admission::Denied,
            // Too late, or the check had to make room for another.
            Err(_) | Ok(Err(_)) => Admission::Busy,
        }
    }

    /// The user of this name, or, for a name that nobody has, any user; `None` without users.
    fn find<'a>(&self, users: &'a Users, name: &[u8]) -> Option<(&'a User, bool)> {
        let wanted = self.proof(&[name]);
        let mut found = users.0.first().map(|user| (user, false));
        for user in &users.0 {
            if bool::from(self.proof(&[user.name.as_bytes()]).ct_eq(&wanted)) {
                found = Some((user, true));
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
}

/// A password, and what it is to be checked against.
struct Guess {
    password: SecretSlice<u8>,
    hash: SecretString,
    /// Whether the hash is that of the user who was named.
    is_user: bool,
    cost: u32,
    highest_cost: u32,
}

impl Guess {
    /// A wrong guess takes as long as one at the user with the highest cost, whichever user was named. So the time shows
    /// neither who exists nor the costs of others.
    fn is_right(&self) -> bool {
        let password = self.password.expose_secret();
        let is_right = bcrypt::verify(password, self.hash.expose_secret()).unwrap_or(false) && self.is_user;
        if !is_right {
            // 2^n + (2^n + 2^(n+1) + … + 2^(m-1)) = 2^m
            for cost in self.cost..self.highest_cost {
                let _ = black_box(bcrypt::hash_with_salt(password, cost, [0; 16]));
            }
        }
        is_right
    }
}

/// What was right, up to [`MOST_KNOWN`].
#[derive(Default)]
struct Known(Mutex<VecDeque<Proof>>);

impl Known {
    fn contains(&self, proof: &Proof) -> bool {
        Self::is_in(&self.proofs(), proof)
    }

    fn insert(&self, proof: Proof) {
        let mut proofs = self.proofs();
        if Self::is_in(&proofs, &proof) {
            return;
        }
        if proofs.len() == MOST_KNOWN {
            proofs.pop_front();
        }
        proofs.push_back(proof);
    }

    fn is_in(proofs: &VecDeque<Proof>, proof: &Proof) -> bool {
        proofs
            .iter()
            .fold(false, |found, one| found | bool::from(one.ct_eq(proof)))
    }

    fn proofs(&self) -> MutexGuard<'_, VecDeque<Proof>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
