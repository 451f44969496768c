use std::slice;

use chrono_tz::UTC;
use proptest::prelude::*;

use super::*;
use crate::chats::{Ledger, Tally};
use crate::config::tests::with;
use crate::config::{Counting, tests::COUNTING};
use crate::ledger::FoundBy;
use crate::ledger::state::{self, Origin};

const HOUR: i64 = 3600;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_154_800 + second, 0).unwrap()
}

fn recontact(text: &str) -> Recontact {
    let config = with(&[("WOLKVOX_RECONTACT", text)]).unwrap();
    config.operation().counting.recontact.clone().unwrap()
}

fn counting() -> Counting {
    Counting {
        recontact: Some(recontact("1h,3h")),
        ..COUNTING.clone()
    }
}

/// A ledger that has counted for long.
fn started() -> Ledger {
    let mut ledger = Ledger::first_start(at(-1000 * HOUR), Some(at(-1000 * HOUR)));
    ledger.totals.begin_recontacts(Some(&recontact("1h,3h"))).unwrap();
    ledger
}

/// A row: its chat's id, its customer's id and phone, and its opening and close in seconds.
#[derive(Debug, Clone)]
struct Spec {
    id: u32,
    customer_id: String,
    phone: String,
    opened: i64,
    closed: i64,
}

fn spec(id: u32, customer: &str, opened: i64, closed: i64) -> Spec {
    Spec {
        id,
        customer_id: customer.to_owned(),
        phone: String::new(),
        opened,
        closed,
    }
}

fn answer(ledger: &mut Ledger, specs: &[Spec], counting: &Counting) {
    let local = at(1000 * HOUR).naive_utc();
    let mut tally = Tally::begin(ledger, counting, FoundBy::Poll, local);
    tally.answered(at(0), at(0), local);
    for spec in specs {
        let id = spec.id.to_string();
        let [opened, closed] =
            [spec.opened, spec.closed].map(|second| at(second).format("%F %T").to_string());
        let mut row = Row::default();
        for (field, value) in [
            (Field::ConnId, &id),
            (Field::SkillId, &"7".to_owned()),
            (Field::Date, &opened),
            (Field::DateClose, &closed),
            (Field::CustomerId, &spec.customer_id),
            (Field::CustomerPhone, &spec.phone),
        ] {
            row.set(field, Value::Text(value));
        }
        let mut chat = Chat::from_row(&row, UTC).unwrap();
        chat.customer = tally.customer_of(&row);
        tally.absorb(&chat);
    }
    let absorbed = tally.finish().absorbed;
    ledger.apply(absorbed);
}

/// What is counted within an hour and within three; `None` where there is no series.
fn counted(ledger: &Ledger) -> [Option<u64>; 2] {
    ["1h", "3h"].map(|within| {
        let set = LabelSet::new(Table::Recontacts, ["7", within]);
        let entry = ledger.totals[Table::Recontacts].get(&set);
        entry.map(|entry| entry.chats())
    })
}

fn counted_of(answers: &[&[Spec]]) -> [Option<u64>; 2] {
    let mut ledger = started();
    for specs in answers {
        answer(&mut ledger, specs, &counting());
    }
    counted(&ledger)
}

#[test]
fn a_chat_is_a_recontact_within_each_time_since_the_customers_latest_close_before_it() {
    let first = spec(1, "ana", -600, 0);
    assert_eq!(
        counted_of(&[slice::from_ref(&first)]),
        [Some(0), Some(0)],
        "all begin together"
    );
    for (gap, expected) in [
        (0, [1, 1]),
        (HOUR, [1, 1]),
        (HOUR + 1, [0, 1]),
        (3 * HOUR, [0, 1]),
        (3 * HOUR + 1, [0, 0]),
    ] {
        let second = spec(2, "ana", gap, gap + 60);
        let expected = expected.map(Some);
        assert_eq!(
            counted_of(&[slice::from_ref(&first), slice::from_ref(&second)]),
            expected,
            "{gap}"
        );
        // In one answer they come in any order.
        assert_eq!(counted_of(&[&[second, first.clone()]]), expected, "{gap}");
    }
    let of_another = spec(2, "eva", 60, 120);
    assert_eq!(counted_of(&[&[first, of_another]]), [Some(0), Some(0)]);
}

#[test]
fn no_chat_is_its_own_earlier_contact_and_chats_at_the_same_time_are_none_of_each_other() {
    // It closed when it was opened.
    assert_eq!(counted_of(&[&[spec(1, "ana", 0, 0)]]), [Some(0), Some(0)]);
    // Another one closed at that very time.
    assert_eq!(
        counted_of(&[&[spec(1, "ana", 0, 0), spec(2, "ana", -60, 0)]]),
        [Some(1), Some(1)]
    );
    let both = [spec(1, "ana", 0, 600), spec(2, "ana", 300, 900)];
    assert_eq!(counted_of(&[&both]), [Some(0), Some(0)]);
    // The one before both of them is that of each.
    let three = [spec(3, "ana", -900, -60), both[0].clone(), both[1].clone()];
    assert_eq!(counted_of(&[&three]), [Some(2), Some(2)]);
    // A row that is read again is not another chat.
    let one = [spec(1, "ana", -600, 0)];
    assert_eq!(counted_of(&[&one, &one]), [Some(0), Some(0)]);
}

#[test]
fn a_close_that_comes_late_changes_no_chat_that_is_counted_and_is_known_to_those_after_it() {
    let counted = counted_of(&[
        &[spec(2, "ana", 600, 900)],
        &[spec(1, "ana", 0, 300)],
        &[spec(3, "ana", 2 * HOUR, 2 * HOUR + 60)],
    ]);
    assert_eq!(counted, [Some(0), Some(1)]);
}

#[test]
fn the_customer_is_the_id_else_the_phone_else_the_chat_is_left_out() {
    let of = |id: &str, phone: &str, number: u32, opened: i64| Spec {
        customer_id: id.to_owned(),
        phone: phone.to_owned(),
        ..spec(number, "", opened, opened + 60)
    };
    let two = |one: (&str, &str), other: (&str, &str)| {
        counted_of(&[&[of(one.0, one.1, 1, 0), of(other.0, other.1, 2, 120)]])
    };
    assert_eq!(two(("a", "1"), ("a", "2")), [Some(1), Some(1)]);
    assert_eq!(two(("a", "1"), ("b", "1")), [Some(0), Some(0)]);
    assert_eq!(two((" a ", ""), ("a", "")), [Some(1), Some(1)]);
    for nothing in ["", "-", "0", "NULL", "undefined"] {
        assert_eq!(
            two((nothing, "1"), (nothing, "1")),
            [Some(1), Some(1)],
            "{nothing}"
        );
        assert_eq!(
            two((nothing, nothing), (nothing, nothing)),
            [None, None],
            "{nothing}"
        );
    }
    assert_eq!(
        two(("57300", ""), ("", "57300")),
        [Some(0), Some(0)],
        "an id is no phone"
    );
}

/// What a process goes on with.
fn restarted(ledger: &Ledger) -> (Vec<u8>, Ledger) {
    let origin = Origin {
        operation: "ventas".to_owned(),
        host: "wv0001.wolkvox.com".to_owned(),
        agent_dni: None,
        timezone: "UTC".to_owned(),
    };
    let bytes = state::encode(&origin, ledger).unwrap();
    let read = state::decode(&bytes).unwrap().1;
    (bytes, Ledger::resume(Some(read), at(0), None))
}

#[test]
fn closes_survive_a_restart_and_no_text_of_a_customer_is_in_the_state() {
    let mut ledger = started();
    let first = Spec {
        phone: "+57 300 5550123".to_owned(),
        ..spec(1, "CC-52190017", -600, 0)
    };
    answer(&mut ledger, &[first], &counting());
    let (bytes, mut ledger) = restarted(&ledger);
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("\"customers\""), "{text}");
    for part in ["52190017", "5550123", "CC-"] {
        assert!(!text.contains(part), "{text}");
    }
    assert!(!format!("{ledger:?}").contains("52190017"));
    ledger.totals.begin_recontacts(Some(&recontact("1h,3h"))).unwrap();
    answer(&mut ledger, &[spec(2, "CC-52190017", 60, 120)], &counting());
    assert_eq!(counted(&ledger), [Some(1), Some(1)]);
}

#[test]
fn two_states_know_the_same_customer_by_different_hashes() {
    let hash = |ledger: &Ledger| {
        let mut row = Row::default();
        row.set(Field::CustomerId, Value::Text("ana"));
        ledger.totals.customers().of_row(&row).unwrap()
    };
    let (one, other) = (started(), started());
    assert_eq!(hash(&one), hash(&one.clone()));
    assert_ne!(hash(&one), hash(&other));
}

#[test]
fn a_time_that_is_not_set_any_more_goes_and_off_removes_all_that_is_known_of_customers() {
    let mut ledger = started();
    answer(
        &mut ledger,
        &[spec(1, "ana", -600, 0), spec(2, "ana", 60, 120)],
        &counting(),
    );
    let mut shorter = ledger.clone();
    shorter.totals.begin_recontacts(Some(&recontact("1h"))).unwrap();
    assert_eq!(counted(&shorter), [Some(1), None]);
    assert_eq!(shorter.totals.customers(), ledger.totals.customers());
    let mut off = ledger.clone();
    off.totals.begin_recontacts(None).unwrap();
    assert_eq!(counted(&off), [None, None]);
    assert!(
        !String::from_utf8(restarted(&off).0)
            .unwrap()
            .contains("customers")
    );
    // Without the setting nothing is hashed.
    answer(&mut off, &[spec(3, "ana", 180, 240)], &COUNTING);
    assert!(off.totals.customers().is_empty());
}

#[test]
fn closes_are_forgotten_when_no_chat_is_compared_with_them_any_more_and_their_number_is_bounded() {
    let mut ledger = started();
    answer(
        &mut ledger,
        &[spec(1, "ana", -600, 0), spec(2, "eva", 60, 120)],
        &counting(),
    );
    let kept = TimeDelta::hours(3) + KEPT_BESIDES;
    for (now, expected) in [(at(0) + kept, 2), (at(1) + kept, 1), (at(121) + kept, 0)] {
        ledger.totals.forget_closes_before(now, &recontact("1h,3h"));
        assert_eq!(ledger.totals.customers().len(), expected);
    }
    let mut customers = Customers::default();
    for number in 0..300_000_u32 {
        customers.add(Customer(u64::from(number)), i64::from(number));
    }
    customers.forget(0);
    assert_eq!(customers.len(), MOST_CLOSES);
    assert_eq!(customers.latest(Customer(299_999), i64::MAX, None), Some(299_999));
}

proptest! {
    /// In the order of their closes, whatever comes in one answer.
    #[test]
    fn for_any_chats_in_order_and_restarts_the_counts_are_a_plain_recount(
        chats in prop::collection::vec((0..4_u8, 0..3000_i64, 0..20_000_i64), 0..40),
        cuts in prop::collection::vec(1..10_usize, 1..10),
    ) {
        let mut closed = 0;
        let specs: Vec<_> = (1..).zip(chats).map(|(id, (customer, after, lasting))| {
            closed += after;
            spec(id, &format!("c{customer}"), closed - lasting, closed)
        }).collect();
        let mut ledger = started();
        let mut left = specs.as_slice();
        for cut in cuts.iter().cycle() {
            if left.is_empty() {
                break;
            }
            let (now, later) = left.split_at((*cut).min(left.len()));
            answer(&mut ledger, now, &counting());
            ledger = restarted(&ledger).1;
            left = later;
        }
        let recount = [HOUR, 3 * HOUR].map(|within| {
            let is_recontact = |chat: &&Spec| specs.iter().any(|other| {
                let gap = chat.opened - other.closed;
                other.id != chat.id && other.customer_id == chat.customer_id && (0..=within).contains(&gap)
            });
            specs.iter().filter(is_recontact).count() as u64
        });
        prop_assert_eq!(counted(&ledger).map(Option::unwrap_or_default), recount);
    }
}
