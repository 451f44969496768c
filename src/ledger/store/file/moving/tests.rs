use std::fs::File;
use std::io;

use super::super::tests::{identity, now};
use super::*;
use crate::chats::Totals;
use crate::ledger::store::{Adoption, Opened};
use crate::ledger::{FileStore, Ledger, Store as _};

const OPERATION: &str = "ventas";

fn no_rename(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::PermissionDenied.into())
}

fn no_directory_sync(_: &Path) -> io::Result<()> {
    Err(io::Error::other("the disk fails"))
}

fn no_sync(_: &File) -> io::Result<()> {
    Err(io::ErrorKind::StorageFull.into())
}

fn held(directory: &Path) -> HeldFile {
    HeldFile::take(directory, OPERATION).unwrap()
}

/// Locked with calls that fail; the lock and its probe were taken with those of the system.
fn held_with(directory: &Path, calls: Calls) -> HeldFile {
    let mut held = held(directory);
    held.place.set_calls(calls);
    held
}

fn open(directory: &Path) -> Result<Option<Ledger<Totals>>, StoreError> {
    let opened = FileStore::open::<Totals>(directory, identity(), Adoption::Refuse, now());
    opened.map(|Opened { ledger, .. }| ledger)
}

/// A directory with a state, and its bytes.
async fn stored() -> (tempfile::TempDir, Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    let opened = FileStore::open::<Totals>(directory.path(), identity(), Adoption::Refuse, now()).unwrap();
    let mut store = opened.store;
    let ledger = Ledger::<Totals>::first_start(now(), Some(now()));
    store.commit(&ledger).await.unwrap();
    let bytes = fs::read(store.path()).unwrap();
    (directory, bytes)
}

fn exists_there(directory: &tempfile::TempDir, name: &str) -> bool {
    directory.path().join(name).exists()
}

#[tokio::test]
async fn no_exporter_goes_on_from_a_state_that_was_moved() {
    let (directory, bytes) = stored().await;
    held(directory.path()).mark("PostgreSQL at db:5432/w").unwrap();
    let error = open(directory.path()).unwrap_err().to_string();
    assert!(
        error.contains("was moved to PostgreSQL at db:5432/w") && error.contains("ventas.state.moved"),
        "{error}"
    );
    let found = held(directory.path()).find().unwrap().unwrap();
    assert_eq!(found.bytes, bytes);
    assert_eq!(
        found.mark,
        Mark::Moved(Some("PostgreSQL at db:5432/w".to_owned()))
    );
    // A hand may have done it, without a note.
    fs::remove_file(directory.path().join("ventas.state.moved-to")).unwrap();
    let error = open(directory.path()).unwrap_err().to_string();
    assert!(error.contains("the state was moved away; "), "{error}");

    held(directory.path()).take_mark_back().unwrap();
    assert!(open(directory.path()).unwrap().is_some());
    assert!(!exists_there(&directory, "ventas.state.moved"));
}

#[tokio::test]
async fn a_mark_that_fails_can_be_taken_back() {
    for calls in [
        Calls {
            rename: no_rename,
            ..Calls::SYSTEM
        },
        Calls {
            sync_directory: no_directory_sync,
            ..Calls::SYSTEM
        },
        Calls {
            sync: no_sync,
            ..Calls::SYSTEM
        },
    ] {
        let (directory, bytes) = stored().await;
        let mut held = held_with(directory.path(), calls);
        held.mark("elsewhere").unwrap_err();
        held.place.set_calls(Calls::SYSTEM);
        held.take_mark_back().unwrap();
        // And what was not marked needs no taking back.
        held.take_mark_back().unwrap();
        drop(held);
        assert_eq!(fs::read(directory.path().join("ventas.state")).unwrap(), bytes);
        assert!(open(directory.path()).unwrap().is_some());
    }
}

#[tokio::test]
async fn what_was_written_takes_the_place_of_what_was_moved_away() {
    let (directory, bytes) = stored().await;
    held(directory.path()).mark("elsewhere").unwrap();
    held(directory.path()).write(&bytes).unwrap();
    assert!(open(directory.path()).unwrap().is_some());
    for name in ["ventas.state.moved", "ventas.state.moved-to"] {
        assert!(!exists_there(&directory, name), "{name}");
    }
    // A crash before they were removed.
    fs::write(directory.path().join("ventas.state.moved"), b"older").unwrap();
    assert!(open(directory.path()).unwrap().is_some());
    held(directory.path()).confirm().unwrap();
    assert!(!exists_there(&directory, "ventas.state.moved"));
}

#[tokio::test]
async fn a_write_that_fails_says_whether_the_state_may_be_there() {
    let (source, bytes) = stored().await;
    drop(source);
    for (calls, may_be_there) in [
        (
            Calls {
                sync: no_sync,
                ..Calls::SYSTEM
            },
            false,
        ),
        (
            Calls {
                rename: no_rename,
                ..Calls::SYSTEM
            },
            false,
        ),
        (
            Calls {
                sync_directory: no_directory_sync,
                ..Calls::SYSTEM
            },
            true,
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let held = held_with(directory.path(), calls);
        match held.write(&bytes).unwrap_err() {
            NotWritten::NotDone(_) => assert!(!may_be_there),
            NotWritten::Unknown(_) => assert!(may_be_there),
        }
        assert_eq!(exists_there(&directory, "ventas.state"), may_be_there);
    }
}

#[tokio::test]
async fn a_damaged_state_beside_a_moved_one_is_put_aside_as_ever() {
    let (directory, _) = stored().await;
    fs::write(directory.path().join("ventas.state.moved"), b"older").unwrap();
    fs::write(directory.path().join("ventas.state"), b"damaged").unwrap();
    assert!(open(directory.path()).unwrap().is_none());
}
