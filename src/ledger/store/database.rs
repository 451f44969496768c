//! The ledger's row in PostgreSQL, written under a lease: the bytes of the state file, compressed.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use leases::{Hold, LeaseError};

use super::file::LARGEST;
use super::{Adoption, Identity, Location, Opened, Store, StoreError, admit, admit_or_begin, encoded};
use crate::ledger::state::{self, Origin, StateError};
use crate::ledger::{Counted, Ledger};

/// States are packed and unpacked so many at once: of many operations more may come at once after an outage, and each takes a
/// thread.
static PACKING: offload::Queue = offload::Queue::new("state", 4);

/// A ledger's row, held under a lease.
#[derive(Debug)]
pub struct DatabaseStore {
    origin: Origin,
    hold: Hold,
}

impl DatabaseStore {
    /// Reads the row of an operation that is held. One that can't be read is kept in the table of quarantine, and counting
    /// starts anew. `adoption` says what becomes of a state of another host or agent.
    ///
    /// # Errors
    /// See [`StoreError`]. Nothing was changed then.
    pub async fn open<T: Counted + Send + 'static>(
        hold: Hold,
        identity: Identity,
        adoption: Adoption,
    ) -> Result<Opened<DatabaseStore, T>, StoreError> {
        let location = location(&hold);
        let mut put_aside = None;
        let stored = match hold.read().await? {
            None => None,
            Some(packed) => match unpack::<T>(packed).await? {
                Ok(stored) => Some(stored),
                Err(StateError::Damaged(what)) => {
                    quarantine(&hold, &location, &what).await?;
                    put_aside = Some(location.clone());
                    None
                }
                Err(error @ StateError::Newer(_)) => return Err(unusable(&location, error)),
            },
        };
        let (origin, ledger) = admit_or_begin(&location, stored, identity, adoption)?;
        Ok(Opened {
            store: DatabaseStore { origin, hold },
            ledger,
            put_aside,
        })
    }

    /// The packed state of an operation as that of the host and agent in `identity`, packed again.
    ///
    /// # Errors
    /// It can't be read.
    pub fn adopt<T: Counted>(
        packed: &[u8],
        identity: Identity,
        address: &str,
    ) -> Result<Vec<u8>, StoreError> {
        let location = Location::Row {
            operation: identity.operation.clone(),
            address: address.to_owned(),
        };
        let read = unpacked(packed).and_then(|bytes| state::decode::<T>(&bytes));
        let stored = read.map_err(|error| unusable(&location, error))?;
        let (origin, ledger) = admit(&location, stored, identity, Adoption::Adopt)?;
        pack(&encoded(&origin, &ledger)?).map_err(StoreError::Unwritable)
    }

    /// Where the state is.
    pub fn location(&self) -> Location {
        location(&self.hold)
    }
}

impl Store for DatabaseStore {
    async fn commit<T: Counted>(&mut self, ledger: &Ledger<T>) -> Result<u64, StoreError> {
        let turn = PACKING.turn().await?;
        let bytes = encoded(&self.origin, ledger)?;
        let size = bytes.len() as u64;
        let packed = turn.run(move || pack(&bytes)).await?;
        self.hold.commit(packed.map_err(StoreError::Unwritable)?).await?;
        Ok(size)
    }
}

fn unusable(location: &Location, error: StateError) -> StoreError {
    let location = Box::new(location.clone());
    match error {
        StateError::Damaged(what) => StoreError::DamagedRow { location, what },
        StateError::Newer(_) => StoreError::Newer {
            location,
            what: error.to_string(),
        },
    }
}

/// The bytes of a state as they stand in a row.
///
/// # Errors
/// None but those of the system.
pub fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes)?;
    packed.finish()
}

/// The same, back again.
///
/// # Errors
/// They are not what was packed.
pub fn unpacked(packed: &[u8]) -> Result<Vec<u8>, StateError> {
    let mut bytes = Vec::new();
    let read = GzDecoder::new(packed).take(LARGEST + 1).read_to_end(&mut bytes);
    match read {
        Ok(read) if read as u64 <= LARGEST => Ok(bytes),
        Ok(_) => Err(StateError::Damaged(format!(
            "it unpacks to more than {LARGEST} bytes"
        ))),
        Err(error) => Err(StateError::Damaged(format!("it can't be unpacked: {error}"))),
    }
}

type Stored<T> = Result<(Origin, Ledger<T>), StateError>;

async fn unpack<T: Counted + Send + 'static>(packed: Arc<[u8]>) -> Result<Stored<T>, StoreError> {
    let read = move || unpacked(&packed).and_then(|bytes| state::decode(&bytes));
    Ok(PACKING.run(read).await?)
}

async fn quarantine(hold: &Hold, location: &Location, what: &str) -> Result<(), LeaseError> {
    hold.quarantine(what).await?;
    tracing::error!(
        "{location} is damaged ({what}). It was kept in the table wolkvox_quarantine; counting starts anew: chats that closed before now, or before WOLKVOX_COUNT_FROM, are not counted"
    );
    Ok(())
}

fn location(hold: &Hold) -> Location {
    let lease = hold.lease();
    Location::Row {
        operation: lease.operation().to_owned(),
        address: lease.address().to_owned(),
    }
}
