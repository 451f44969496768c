use super::*;
use crate::chats::key::{LabelSet, Table};

const STANDS_FOR: Duration = Duration::from_secs(300);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Totals that took in so many skills, each in a commit of its own.
fn totals(skills: usize) -> Totals {
    let mut totals = Totals::default();
    for skill in 0..skills {
        let mut more = Totals::default();
        let skill = skill.to_string();
        more.open_set(
            Table::Chats,
            &LabelSet::new(Table::Chats, ["web", &skill, "coded"]),
        );
        crate::ledger::Counted::add(&mut totals, more);
        totals.end_batch();
    }
    totals
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_due_when_it_was_shown_for_long_enough_however_often_it_was_shown() {
    let mut shown = FirstShown::new(STANDS_FOR);
    let begin = Instant::now();
    let (one, two) = (totals(1), totals(2));
    shown.note(&one, begin);
    shown.note(&one, begin + seconds(200));
    shown.note(&two, begin + seconds(250));
    assert_eq!(shown.next(), Some(begin + seconds(300)));
    assert_eq!(shown.due(begin + seconds(299)), None);
    assert_eq!(shown.due(begin + seconds(300)), Some(one.newest_batch()));
    assert_eq!(shown.due(begin + seconds(550)), Some(two.newest_batch()));
    shown.lift(one.newest_batch());
    assert_eq!(shown.next(), Some(begin + seconds(550)));
    shown.lift(two.newest_batch());
    assert_eq!((shown.next(), shown.due(begin + seconds(900))), (None, None));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_due_where_nothing_is_at_0() {
    let mut shown = FirstShown::new(STANDS_FOR);
    let begin = Instant::now();
    shown.note(&Totals::default(), begin);
    assert_eq!(shown.next(), None);
    let mut totals = totals(1);
    shown.note(&totals, begin);
    totals.lift_all();
    shown.note(&totals, begin);
    assert_eq!(shown.next(), None, "what was at 0 was retired");
}
