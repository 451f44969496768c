use std::path::Path;

use chrono::{DateTime, Utc};

use super::*;
use crate::chats::chat::Chat;
use crate::chats::{Field, Ledger, Tally, Totals};
use crate::config::tests::COUNTING;
use crate::ledger::FoundBy;
use crate::ledger::store::new_origin;
use wolkvox::{Row, Value};

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_154_800, 0).unwrap()
}

pub(super) fn identity() -> Identity {
    Identity {
        operation: "ventas".to_owned(),
        host: "wv0001.wolkvox.com".to_owned(),
        agent_dni: None,
        timezone: "America/Bogota".to_owned(),
    }
}

/// A ledger with something in every part.
fn ledger(chats: u32) -> Ledger {
    let mut ledger = Ledger::first_start(now(), Some(now() - chrono::TimeDelta::days(1)));
    let local = now().naive_utc();
    let mut tally = Tally::begin(&ledger, &COUNTING, FoundBy::Poll, local);
    tally.answered(now(), now(), local);
    for id in 0..chats {
        let mut row = Row::default();
        for (field, value) in [
            (Field::ConnId, id.to_string().replace('0', "zero")),
            (Field::Asa, "00:00:12".to_owned()),
            (Field::CodAct, "21".to_owned()),
            (Field::DescriptionCodAct, "Sold, \"or\" so\n".to_owned()),
            (Field::AgentId, "2001".to_owned()),
            (Field::AgentName, "Ñandú".to_owned()),
        ] {
            row.set(field, Value::Text(&value));
        }
        tally.absorb(&Chat::from_row(&row, chrono_tz::UTC).unwrap());
    }
    ledger.apply(tally.finish().absorbed);
    ledger.forget_before(local - chrono::TimeDelta::days(9));
    ledger.count_request(local.date());
    ledger.end_cycle();
    ledger
}

fn bytes() -> Vec<u8> {
    state::encode(&new_origin(identity()).unwrap(), &ledger(2)).unwrap()
}

fn open(directory: &Path) -> (FileStore, Option<Ledger>) {
    let Opened {
        store,
        ledger,
        put_aside,
    } = FileStore::open::<Totals>(directory, identity(), Adoption::Refuse, now()).unwrap();
    assert_eq!(put_aside, None);
    (store, ledger)
}

fn refusal(directory: &Path, identity: Identity) -> StoreError {
    FileStore::open::<Totals>(directory, identity, Adoption::Refuse, now()).unwrap_err()
}

#[tokio::test]
async fn a_ledger_comes_back_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = ledger(40);
    {
        let (mut store, none) = open(directory.path());
        assert_eq!(none, None);
        let size = store.commit(&ledger).await.unwrap();
        assert_eq!(size, fs::metadata(store.path()).unwrap().len());
        store.commit(&ledger).await.unwrap();
    }
    let (mut store, stored) = open(directory.path());
    assert_eq!(stored.as_ref(), Some(&ledger));
    // Bytes that change from one run to the next would make every backup a new one.
    let before = fs::read(store.path()).unwrap();
    store.commit(&stored.unwrap()).await.unwrap();
    assert_eq!(fs::read(store.path()).unwrap(), before);
    let names: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_floor_and_groups_come_back() {
    let mut ledger = ledger(3);
    ledger.forget_before(now().naive_utc() + chrono::TimeDelta::days(1));
    assert!(ledger.seen.is_empty() && ledger.seen.floor().is_some());
    let bytes = state::encode(&new_origin(identity()).unwrap(), &ledger).unwrap();
    assert_eq!(state::decode::<Totals>(&bytes).unwrap().1, ledger);
}

#[test]
fn a_state_that_is_cut_short_is_damaged() {
    let bytes = bytes();
    assert!(state::decode::<Totals>(&bytes).is_ok());
    for length in 0..bytes.len() {
        assert!(
            matches!(
                state::decode::<Totals>(&bytes[..length]),
                Err(StateError::Damaged(_))
            ),
            "{length}"
        );
    }
    let longer = [bytes.as_slice(), b"\n"].concat();
    assert!(matches!(
        state::decode::<Totals>(&longer),
        Err(StateError::Damaged(_))
    ));
}

#[test]
fn a_state_with_any_bit_flipped_is_refused() {
    let bytes = bytes();
    for index in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[index] ^= 1 << bit;
            let result = state::decode::<Totals>(&flipped);
            let digit_of_version = index == "wolkvox-exporter-state v".len();
            assert!(
                matches!(result, Err(StateError::Damaged(_)))
                    || digit_of_version && matches!(result, Err(StateError::Newer(_))),
                "byte {index}, bit {bit}"
            );
        }
    }
}

#[test]
fn a_header_in_another_spelling_is_damaged() {
    let text = String::from_utf8(bytes()).unwrap();
    assert!(state::decode::<Totals>(text.as_bytes()).is_ok());
    for (from, to) in [
        (" v1 ", " v0 "),
        (" v1 ", " v01 "),
        (" v1 ", " v+1 "),
        ("bytes=", "bytes=0"),
        ("\n{", " \n{"),
    ] {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, text);
        assert!(
            matches!(
                state::decode::<Totals>(other.as_bytes()),
                Err(StateError::Damaged(_))
            ),
            "{to:?}"
        );
    }
}

#[test]
fn a_damaged_file_is_put_aside_and_counting_starts_anew() {
    let cut = bytes()[..400].to_vec();
    for content in [Vec::new(), b"{}".to_vec(), vec![0; 4096], cut] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ventas.state");
        fs::write(&path, &content).unwrap();
        let opened =
            FileStore::open::<Totals>(directory.path(), identity(), Adoption::Refuse, now()).unwrap();
        assert_eq!(opened.ledger, None);
        let Some(Location::File(kept)) = opened.put_aside else {
            panic!("{:?}", opened.put_aside)
        };
        assert!(
            kept.ends_with("ventas.state.damaged-20260310T150000Z"),
            "{}",
            kept.display()
        );
        assert_eq!(fs::read(kept).unwrap(), content);
        assert!(!path.exists());
        drop(opened.store);
        open(directory.path());
    }
}

#[test]
fn a_newer_file_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ventas.state");
    let newer = String::from_utf8(bytes()).unwrap().replacen(" v1 ", " v2 ", 1);
    fs::write(&path, &newer).unwrap();
    let error = refusal(directory.path(), identity());
    assert!(
        matches!(&error, StoreError::Newer { what, .. } if what.contains("version 2")),
        "{error}"
    );
    assert_eq!(fs::read_to_string(path).unwrap(), newer);
}

#[tokio::test]
async fn a_state_of_another_host_or_agent_is_adopted_on_request() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, _) = open(directory.path());
    store.commit(&ledger(5)).await.unwrap();
    drop(store);
    let moved = || Identity {
        host: "wv0002.wolkvox.com".to_owned(),
        agent_dni: Some("1020304050".to_owned()),
        ..identity()
    };
    assert!(matches!(
        refusal(directory.path(), moved()),
        StoreError::OtherHost { .. }
    ));
    let Opened {
        mut store,
        ledger: adopted,
        ..
    } = FileStore::open::<Totals>(directory.path(), moved(), Adoption::Adopt, now()).unwrap();
    assert_eq!(adopted.as_ref(), Some(&ledger(5)));
    store.commit(&adopted.unwrap()).await.unwrap();
    drop(store);
    // Once is enough.
    assert!(FileStore::open::<Totals>(directory.path(), moved(), Adoption::Refuse, now()).is_ok());
}

#[test]
fn a_second_exporter_is_refused_with_who_is_using_the_state() {
    let directory = tempfile::tempdir().unwrap();
    let first = open(directory.path());
    let error = refusal(directory.path(), identity()).to_string();
    assert!(
        error.contains(&format!("process {}", std::process::id())),
        "{error}"
    );
    let other = Identity {
        operation: "soporte".to_owned(),
        ..identity()
    };
    FileStore::open::<Totals>(directory.path(), other, Adoption::Refuse, now()).unwrap();
    drop(first);
    open(directory.path());
}

#[tokio::test]
async fn an_abandoned_commit_holds_the_lock_until_it_is_through() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = ledger(20_000);
    let (mut store, _) = open(directory.path());
    tokio::select! {
        biased;
        _ = store.commit(&ledger) => {}
        () = std::future::ready(()) => {}
    }
    drop(store);
    let stored = loop {
        match FileStore::open::<Totals>(directory.path(), identity(), Adoption::Refuse, now()) {
            Ok(opened) => break opened.ledger,
            Err(StoreError::Locked { .. }) => std::thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(
        stored,
        Some(ledger),
        "the next exporter starts from what was being written"
    );
}

#[tokio::test]
async fn another_host_or_agent_is_refused_and_another_zone_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let with = |agent: Option<&str>| Identity {
        agent_dni: agent.map(str::to_owned),
        ..identity()
    };
    let mut store = FileStore::open::<Totals>(
        directory.path(),
        with(Some("1020304050")),
        Adoption::Refuse,
        now(),
    )
    .unwrap()
    .store;
    store.commit(&ledger(1)).await.unwrap();
    let content = fs::read_to_string(store.path()).unwrap();
    assert!(!content.contains("1020304050"), "personal data stays out");
    drop(store);
    for agent in [None, Some(""), Some("1020304051")] {
        let error = refusal(directory.path(), with(agent));
        assert!(matches!(error, StoreError::OtherAgent { .. }), "{error}");
    }
    let other = Identity {
        host: "wv0002.wolkvox.com".to_owned(),
        ..with(Some("1020304050"))
    };
    let error = refusal(directory.path(), other);
    assert!(
        error.to_string().contains("wv0001") && error.to_string().contains("wv0002"),
        "{error}"
    );
    let other = Identity {
        timezone: "UTC".to_owned(),
        ..with(Some("1020304050"))
    };
    assert!(
        FileStore::open::<Totals>(directory.path(), other, Adoption::Refuse, now())
            .unwrap()
            .ledger
            .is_some()
    );
}

#[test]
fn a_directory_that_cannot_be_used_is_reported_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = refusal(&path, identity());
        assert!(matches!(error, StoreError::Directory { .. }), "{error}");
        assert!(error.to_string().contains("WOLKVOX_STATE_DIR"));
    }
}

#[tokio::test]
async fn a_commit_that_fails_leaves_the_state_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, _) = open(directory.path());
    store.commit(&ledger(3)).await.unwrap();
    // A directory in the way of the file written aside.
    let aside = directory.path().join("ventas.state.new");
    fs::create_dir(&aside).unwrap();
    let error = store.commit(&ledger(9)).await.unwrap_err();
    assert!(matches!(error, StoreError::Write(_)), "{error}");
    fs::remove_dir(&aside).unwrap();
    drop(store);
    assert_eq!(open(directory.path()).1, Some(ledger(3)));
}

#[cfg(unix)]
#[tokio::test]
async fn only_this_user_can_read_the_state() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let (mut store, _) = open(directory.path());
    store.commit(&ledger(1)).await.unwrap();
    let mode = fs::metadata(store.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn any_operation_has_a_file_of_its_own() {
    for (operation, name) in [
        ("ventas", "ventas"),
        ("Ventas_2-b", "Ventas_2-b"),
        ("v1.2", "v1.2"),
        (".", "%2E"),
        ("..", "%2E."),
        ("../x", "%2E.%2Fx"),
        ("a b", "a%20b"),
        ("a%20b", "a%2520b"),
        ("ñ", "%C3%B1"),
        ("a\0b\n", "a%00b%0A"),
        ("C:\\x", "C%3A%5Cx"),
    ] {
        assert_eq!(file_name::encode(operation), name);
    }
}

#[tokio::test]
async fn more_commits_than_a_disk_takes_at_once_wait_and_are_all_made() {
    // Slow enough that all are due before the first has ended.
    let calls = Calls {
        sync: |file| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            file.sync_all()
        },
        ..Calls::SYSTEM
    };
    let directory = tempfile::tempdir().unwrap();
    let commits: Vec<_> = (0..200)
        .map(|number| {
            let identity = Identity {
                operation: format!("operation-{number}"),
                ..identity()
            };
            let opened =
                FileStore::open_with::<Totals>(calls, directory.path(), identity, Adoption::Refuse, now());
            let mut store = opened.unwrap().store;
            tokio::spawn(async move { store.commit(&ledger(1)).await })
        })
        .collect();
    for commit in commits {
        commit.await.unwrap().unwrap();
    }
}
