use std::fs::TryLockError;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::sync::Arc;

use rustix::io::Errno;

use super::super::LARGEST;
use super::super::tests::{identity as settings, now};
use crate::chats::Totals;

use super::*;
use crate::ledger::{Adoption, FileStore};

const NAME: &str = "ventas";

fn take(directory: &Path) -> Result<Place, StoreError> {
    Place::take(Calls::SYSTEM, directory, NAME)
}

fn take_with(calls: Calls, directory: &Path) -> Result<Place, StoreError> {
    Place::take(calls, directory, NAME)
}

fn no_lock<const ERRNO: i32>(_: &File) -> Result<(), TryLockError> {
    Err(TryLockError::Error(io::Error::from_raw_os_error(ERRNO)))
}

fn no_directory_sync<const ERRNO: i32>(_: &Path) -> io::Result<()> {
    Err(io::Error::from_raw_os_error(ERRNO))
}

fn no_write<const ERRNO: i32>(_: &mut File, _: &[u8]) -> io::Result<()> {
    Err(io::Error::from_raw_os_error(ERRNO))
}

const NOLCK: i32 = Errno::NOLCK.raw_os_error();
const NOSYS: i32 = Errno::NOSYS.raw_os_error();
const OPNOTSUPP: i32 = Errno::OPNOTSUPP.raw_os_error();
const INVAL: i32 = Errno::INVAL.raw_os_error();
const IO: i32 = Errno::IO.raw_os_error();
const DQUOT: i32 = Errno::DQUOT.raw_os_error();

/// What `action` writes to the log, which goes to `file`.
fn logged(file: &tempfile::NamedTempFile, action: impl FnOnce()) -> io::Result<String> {
    let listener = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(Arc::new(file.reopen()?))
        .finish();
    tracing::subscriber::with_default(listener, action);
    fs::read_to_string(file.path())
}

fn lost(result: Result<(), StoreError>) -> &'static str {
    match result {
        Err(StoreError::Lost { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_locks_no_state_is_used() {
    for lock in [no_lock::<NOLCK>, no_lock::<NOSYS>, no_lock::<OPNOTSUPP>] {
        let directory = tempfile::tempdir().unwrap();
        let error = take_with(
            Calls {
                lock,
                ..Calls::SYSTEM
            },
            directory.path(),
        )
        .unwrap_err();
        let text = error.to_string();
        let file = directory.path().join("ventas.lock");
        assert!(text.contains(file.to_str().unwrap()), "{text}");
        assert!(text.contains("has no locks here"), "{text}");
        assert!(!directory.path().join("ventas.state").exists());
    }
}

#[test]
fn where_directories_cannot_be_synced_the_state_is_written_with_one_warning() {
    for sync_directory in [
        no_directory_sync::<INVAL>,
        no_directory_sync::<NOSYS>,
        no_directory_sync::<OPNOTSUPP>,
    ] {
        let directory = tempfile::tempdir().unwrap();
        let calls = Calls {
            sync_directory,
            ..Calls::SYSTEM
        };
        let place = take_with(calls, directory.path()).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = logged(&file, || {
            place.replace(b"one").unwrap();
            place.replace(b"two").unwrap();
        })
        .unwrap();
        assert_eq!(fs::read(place.state()).unwrap(), b"two");
        assert_eq!(log.matches("can't be synced").count(), 1, "{log}");
        assert!(log.contains(" WARN ") && log.contains("may count twice"), "{log}");
    }
}

#[test]
fn a_directory_whose_sync_fails_fails_the_commit() {
    let directory = tempfile::tempdir().unwrap();
    let calls = Calls {
        sync_directory: no_directory_sync::<IO>,
        ..Calls::SYSTEM
    };
    let place = take_with(calls, directory.path()).unwrap();
    let error = place.replace(b"one").unwrap_err().to_string();
    assert!(
        error.contains("can't be synced to the disk") && error.contains("dmesg"),
        "{error}"
    );
}

#[test]
fn a_quota_that_is_used_up_is_named_as_the_cause() {
    let directory = tempfile::tempdir().unwrap();
    let calls = Calls {
        write: no_write::<DQUOT>,
        ..Calls::SYSTEM
    };
    let error = take_with(calls, directory.path()).unwrap_err().to_string();
    assert!(error.contains("ventas.lock can't be written"), "{error}");
    assert!(error.contains("The disk quota is used up"), "{error}");
}

#[test]
fn what_was_left_over_beside_the_state_is_replaced_and_no_link_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let elsewhere = directory.path().join("elsewhere");
    fs::write(&elsewhere, "not ours").unwrap();
    let aside = directory.path().join("ventas.state.new");
    symlink(&elsewhere, &aside).unwrap();
    let place = take(directory.path()).unwrap();
    fs::write(&aside, "left over").unwrap();
    fs::set_permissions(&aside, fs::Permissions::from_mode(0o000)).unwrap();
    place.replace(b"one").unwrap();
    symlink(&elsewhere, &aside).unwrap();
    place.replace(b"two").unwrap();
    assert_eq!(fs::read(place.state()).unwrap(), b"two");
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "not ours");
}

#[test]
fn a_lock_that_is_no_regular_file_is_refused_at_once() {
    let link = |path: &Path| symlink("/nowhere", path).unwrap();
    let fifo = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    let directory = |path: &Path| fs::create_dir(path).unwrap();
    for make in [&link as &dyn Fn(&Path), &fifo, &directory] {
        let place = tempfile::tempdir().unwrap();
        let lock = place.path().join("ventas.lock");
        make(&lock);
        let error = take(place.path()).unwrap_err();
        assert!(matches!(error, StoreError::Directory { .. }), "{error}");
        assert!(error.to_string().contains(lock.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_state_that_is_no_regular_file_or_far_too_large_is_refused_and_left_alone() {
    let link = |path: &Path| symlink("/dev/zero", path).unwrap();
    let fifo = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    let large = |path: &Path| File::create(path).unwrap().set_len(LARGEST + 1).unwrap();
    for make in [&link as &dyn Fn(&Path), &fifo, &large] {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("ventas.state");
        make(&state);
        let error =
            FileStore::open::<Totals>(directory.path(), settings(), Adoption::Refuse, now()).unwrap_err();
        assert!(matches!(error, StoreError::Read { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(state.to_str().unwrap()), "{text}");
        assert!(text.contains("Move it away"), "{text}");
        assert!(state.symlink_metadata().is_ok());
    }
}

#[test]
fn a_lock_that_was_removed_is_made_anew_and_keeps_a_second_exporter_off() {
    let directory = tempfile::tempdir().unwrap();
    let place = take(directory.path()).unwrap();
    place.replace(b"one").unwrap();
    fs::remove_file(directory.path().join("ventas.lock")).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let log = logged(&file, || place.replace(b"two").unwrap()).unwrap();
    assert!(log.contains("ventas.lock was removed"), "{log}");
    assert_eq!(fs::read(place.state()).unwrap(), b"two");
    let second = take(directory.path());
    assert!(matches!(second, Err(StoreError::Locked { .. })), "{second:?}");
}

#[test]
fn where_a_second_exporter_took_the_lock_the_first_writes_nothing_more() {
    let directory = tempfile::tempdir().unwrap();
    let first = take(directory.path()).unwrap();
    first.replace(b"first").unwrap();
    fs::remove_file(directory.path().join("ventas.lock")).unwrap();
    let second = take(directory.path()).unwrap();
    assert_eq!(lost(first.replace(b"again")), "its lock file was replaced");
    second.replace(b"second").unwrap();
    assert_eq!(lost(first.replace(b"again")), "its lock file was replaced");
    drop(second);
    assert_eq!(lost(first.replace(b"again")), "its lock file was replaced");
    assert_eq!(fs::read(first.state()).unwrap(), b"second");
}

#[test]
fn where_a_second_exporter_came_and_went_without_a_trace_of_its_lock_the_first_writes_nothing_more() {
    let directory = tempfile::tempdir().unwrap();
    let first = take(directory.path()).unwrap();
    first.replace(b"first").unwrap();
    let lock = directory.path().join("ventas.lock");
    fs::remove_file(&lock).unwrap();
    take(directory.path()).unwrap().replace(b"second").unwrap();
    fs::remove_file(&lock).unwrap();
    assert!(lost(first.replace(b"again")).contains("the state was changed since"));
    assert!(lost(first.replace(b"again")).contains("its lock file was replaced"));
    assert_eq!(fs::read(first.state()).unwrap(), b"second");
}

#[test]
fn a_directory_that_was_remade_is_not_written_until_the_old_one_is_back() {
    let above = tempfile::tempdir().unwrap();
    let (directory, away) = (above.path().join("state"), above.path().join("away"));
    let place = take(&directory).unwrap();
    place.replace(b"one").unwrap();
    fs::rename(&directory, &away).unwrap();
    assert_eq!(lost(place.replace(b"two")), "its directory was removed");
    fs::create_dir(&directory).unwrap();
    assert_eq!(
        lost(place.replace(b"two")),
        "its directory is another one than at the start"
    );
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    fs::remove_dir(&directory).unwrap();
    fs::rename(&away, &directory).unwrap();
    place.replace(b"two").unwrap();
    assert_eq!(fs::read(place.state()).unwrap(), b"two");
}

#[test]
fn a_link_to_the_directory_that_was_aimed_anew_is_not_followed() {
    let above = tempfile::tempdir().unwrap();
    let [one, other, link] = ["one", "other", "link"].map(|name| above.path().join(name));
    fs::create_dir(&one).unwrap();
    fs::create_dir(&other).unwrap();
    symlink(&one, &link).unwrap();
    let place = take(&link).unwrap();
    place.replace(b"one").unwrap();
    fs::remove_file(&link).unwrap();
    symlink(&other, &link).unwrap();
    assert_eq!(
        lost(place.replace(b"two")),
        "its directory is another one than at the start"
    );
    // A second exporter finds a place of its own there.
    take(&link).unwrap().replace(b"second").unwrap();
    assert_eq!(
        lost(place.replace(b"two")),
        "its directory is another one than at the start"
    );
    assert_eq!(fs::read(one.join("ventas.state")).unwrap(), b"one");
    assert_eq!(fs::read(other.join("ventas.state")).unwrap(), b"second");
}

#[test]
fn the_files_belong_to_the_owner_alone_unless_the_directory_is_shared_with_its_group() {
    for (directory_mode, file_mode) in [
        (0o700, 0o600),
        (0o775, 0o600),
        (0o777, 0o600),
        (0o2750, 0o600),
        (0o770, 0o660),
        (0o2770, 0o660),
        (0o2775, 0o660),
    ] {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(directory_mode)).unwrap();
        let place = take(directory.path()).unwrap();
        place.replace(b"one").unwrap();
        for name in ["ventas.lock", "ventas.state"] {
            let mode = directory.path().join(name).metadata().unwrap().mode();
            assert_eq!(
                mode & 0o7777,
                file_mode,
                "{name} in a directory of mode {directory_mode:o}"
            );
        }
    }
}
