//! How ids and label sets are hashed: fast, and by keys of random bytes. The server decides what ids there are, and must not be
//! able to choose some that fall on one place.

use std::hash::{BuildHasher, Hasher as _, RandomState};
use std::sync::LazyLock;

use foldhash::SharedSeed;
use foldhash::fast::{FoldHasher, SeedableRandomState};

/// The keys of this process.
static KEYS: LazyLock<SharedSeed> = LazyLock::new(|| SharedSeed::from_u64(random()));

/// Hashes by keys of the process, and by one of the map.
#[derive(Debug, Clone)]
pub(crate) struct Hashing(SeedableRandomState);

impl Default for Hashing {
    fn default() -> Hashing {
        Hashing(SeedableRandomState::with_seed(random(), &KEYS))
    }
}

impl BuildHasher for Hashing {
    type Hasher = FoldHasher<'static>;

    fn build_hasher(&self) -> FoldHasher<'static> {
        self.0.build_hasher()
    }
}

/// A number of the system's random bytes: those that std keys its own maps by.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
