//! The series limit, for each kind of label set.

use super::*;
use crate::chats::chat::{Feeling, Participant};
use crate::chats::key::LabelSet;

/// One of the kinds of label sets that a chat adds to.
struct SetKind {
    table: Table,
    /// Gives a chat a label set of this kind that is not there yet.
    renew: fn(&mut Chat),
    /// Its label set past the limit: the open labels are `other`.
    limited: fn(&Chat) -> Vec<&str>,
}

impl SetKind {
    /// What a new one takes, with the text that may come with it.
    fn lines(&self) -> usize {
        self.table.lines_of_new()
    }

    fn limit(&self, chat: &Chat, keys: &Keys) -> Keys {
        let sets = keys.each().map(|(table, set)| match table {
            table if table == self.table => (table, LabelSet::new(table, (self.limited)(chat))),
            table => (table, set.clone()),
        });
        Keys::from_sets(sets)
    }

    /// The chats counted under it.
    fn count(&self, totals: &Totals, keys: &Keys) -> Option<u64> {
        let set = keys[self.table].as_ref()?;
        Some(totals[self.table].get(set)?.chats())
    }
}

/// All but the recontacts, which are counted aside: a chat has several.
const KINDS: [SetKind; Table::ALL.len() - 1] = [
    SetKind {
        table: Table::Chats,
        renew: |chat| chat.channel = "sms".to_owned(),
        limited: |chat| vec!["other", "other", chat.outcome.as_str()],
    },
    SetKind {
        table: Table::Agents,
        renew: |chat| chat.agent_id = "3001".to_owned(),
        limited: |chat| vec!["other", chat.outcome.as_str()],
    },
    SetKind {
        table: Table::Dispositions,
        renew: |chat| chat.code = Some("22".to_owned()),
        limited: |_| vec!["other", "other"],
    },
    SetKind {
        table: Table::Feelings,
        renew: |chat| chat.feeling = Feeling::Negative,
        limited: |chat| {
            vec![
                "other",
                Feeling::WORDS[chat.feeling as usize],
                chat.outcome.as_str(),
            ]
        },
    },
    SetKind {
        table: Table::Speakers,
        renew: |chat| chat.last_speaker = Participant::Customer,
        limited: |chat| {
            vec![
                "other",
                Participant::WORDS[chat.last_speaker as usize],
                chat.outcome.as_str(),
            ]
        },
    },
    SetKind {
        table: Table::Conversations,
        renew: |chat| (chat.agent_characters, chat.customer_characters) = (Some(0), Some(1)),
        limited: |chat| vec!["other", "customer_only", chat.outcome.as_str()],
    },
    SetKind {
        table: Table::Openings,
        renew: |chat| chat.opened_local = chat.opened_local.map(|opened| opened + TimeDelta::hours(5)),
        limited: |_| vec!["other", "20"],
    },
    SetKind {
        table: Table::AgentSkills,
        renew: |chat| chat.agent_id = "3001".to_owned(),
        limited: |chat| vec!["other", "other", chat.outcome.as_str()],
    },
];

/// Opens all label sets of a chat but that of this kind.
fn open_others(ledger: &mut Ledger, kind: &SetKind, chat: &Chat) {
    for (table, set) in keys(chat).each().filter(|(table, _)| *table != kind.table) {
        ledger.totals.open_set(table, set);
    }
}

/// A chat with a code, that is like the others.
fn plain(id: &str) -> Chat {
    let mut chat = chat(id, Some(1), Some(2));
    chat.code = Some("21".to_owned());
    chat
}

/// A chat all of whose label sets are its own.
fn own(id: &str) -> Chat {
    let mut chat = plain(id);
    for label in [&mut chat.channel, &mut chat.skill_id, &mut chat.agent_id] {
        *label = format!("of {id}");
    }
    chat
}

fn keys(chat: &Chat) -> Keys {
    Keys::of(chat, COUNTING.agents)
}

/// All its open labels are `other`.
fn limited(chat: &Chat) -> Keys {
    let sets = keys(chat);
    Keys::from_sets(
        sets.each()
            .map(|(table, set)| (table, set.limited(table, "other"))),
    )
}

/// What the label sets of one chat take.
fn lines_of_a_chat() -> usize {
    KINDS.iter().map(SetKind::lines).sum()
}

/// A ledger that has counted these.
fn counted(chats: &[Chat]) -> Ledger {
    let mut ledger = Ledger::first_start(at(0), Some(at(0)));
    answer(&mut ledger, FoundBy::Poll, 10, chats);
    ledger
}

/// An answer under this limit; what it said of its rows, and the label sets that they are shown under.
fn answer_within(ledger: &mut Ledger, max_series: usize, chats: &[Chat]) -> (AnswerCounts, Vec<Keys>) {
    let counting = config::Counting {
        max_series,
        ..COUNTING.clone()
    };
    let mut tally = Tally::begin(ledger, &counting, FoundBy::Poll, local(20));
    tally.answered(at(20), at(20), local(20));
    let keys = chats.iter().map(|chat| tally.absorb(chat).1).collect();
    let tallied = tally.finish();
    ledger.apply(tallied.absorbed);
    (tallied.counts, keys)
}

#[test]
fn past_the_limit_each_kind_of_label_set_keeps_its_closed_words_and_what_exists_goes_on() {
    for kind in KINDS {
        let mut renewed = plain("2");
        (kind.renew)(&mut renewed);
        let other = kind.limit(&renewed, &keys(&renewed));
        let mut full = counted(&[plain("1")]);
        open_others(&mut full, &kind, &renewed);
        for missing in 1..=kind.lines() {
            let mut ledger = full.clone();
            let limit = full.totals.lines() + kind.lines() - missing;
            let rows = [renewed.clone(), plain("3")];
            let (counts, shown) = answer_within(&mut ledger, limit, &rows);
            let what = format!("{:?} lacks {missing}", kind.table);
            assert_eq!(shown, [other.clone(), keys(&plain("3"))], "{what}");
            assert_eq!(kind.count(&ledger.totals, &other), Some(1), "{what}");
            assert_eq!(kind.count(&ledger.totals, &keys(&renewed)), None, "{what}");
            assert_eq!(kind.count(&ledger.totals, &keys(&plain("1"))), Some(2), "{what}");
            assert_eq!((counts.counted, counts.limited), (2, 1), "{what}");
        }
    }
}

#[test]
fn the_last_lines_below_the_limit_are_used() {
    for kind in KINDS {
        let mut renewed = plain("2");
        (kind.renew)(&mut renewed);
        let mut ledger = counted(&[plain("1")]);
        open_others(&mut ledger, &kind, &renewed);
        let limit = ledger.totals.lines() + kind.lines();
        let (counts, shown) = answer_within(&mut ledger, limit, &[renewed.clone()]);
        assert_eq!(shown, [keys(&renewed)], "{:?}", kind.table);
        assert_eq!(kind.count(&ledger.totals, &keys(&renewed)), Some(1));
        assert_eq!(counts.limited, 0, "{:?}", kind.table);
    }
}

#[test]
fn a_chat_past_the_limit_is_logged_once_however_many_of_its_label_sets_are() {
    let mut ledger = counted(&[plain("1")]);
    let full = ledger.totals.lines();
    let rows = [own("2"), own("3"), plain("4"), own("3")];
    let (counts, shown) = answer_within(&mut ledger, full, &rows);
    assert_eq!(shown[..2], [limited(&rows[0]), limited(&rows[1])]);
    assert_eq!((counts.counted, counts.limited, counts.repeated), (3, 2, 1));
    let (counts, _) = answer_within(&mut ledger, full, &rows);
    assert_eq!((counts.duplicate, counts.limited), (3, 0));
}

#[test]
fn known_chats_take_no_lines_from_new_ones() {
    let old: Vec<Chat> = (10..20).map(|id| own(&id.to_string())).collect();
    let mut ledger = counted(&old);
    // Their label sets are gone; what the report shows of them is not.
    ledger.totals.retire(at(15));
    assert_eq!(ledger.totals.lines(), 0);
    let rows = [old, vec![own("2")]].concat();
    let (counts, shown) = answer_within(&mut ledger, lines_of_a_chat(), &rows);
    assert_eq!((counts.duplicate, counts.counted, counts.limited), (10, 1, 0));
    assert_eq!(shown.last(), Some(&keys(&own("2"))));
    for kind in KINDS {
        assert_eq!(
            kind.count(&ledger.totals, &keys(&own("2"))),
            Some(1),
            "{:?}",
            kind.table
        );
    }
}

#[test]
fn a_known_chat_is_shown_under_what_it_was_counted_under() {
    let mut ledger = counted(&[plain("1")]);
    let full = ledger.totals.lines();
    answer_within(&mut ledger, full, &[own("2")]);
    // There is room for one more chat, which takes it.
    let limit = ledger.totals.lines() + lines_of_a_chat();
    let rows = [plain("1"), own("3"), own("2")];
    let (counts, shown) = answer_within(&mut ledger, limit, &rows);
    assert_eq!(shown, [keys(&plain("1")), keys(&own("3")), limited(&own("2"))]);
    assert_eq!((counts.duplicate, counts.limited), (2, 0));
}

#[test]
fn a_known_chat_whose_label_sets_are_new_is_shown_under_them_while_there_is_room() {
    // As after a start with agents that were off before.
    let mut ledger = counted(&[plain("1")]);
    ledger.totals.restrict_to(Agents::Off);
    let (_, shown) = answer_within(&mut ledger, COUNTING.max_series, &[plain("1")]);
    assert_eq!(shown, [keys(&plain("1"))]);
    assert!(ledger.totals[Table::Agents].is_empty());
}

#[test]
fn forty_skills_and_300_agents_fit_below_the_default_limit_whoever_works_for_what() {
    const SKILLS: usize = 40;
    const AGENTS: usize = 300;
    let sets = |table| match table {
        Table::Chats | Table::Speakers => SKILLS * 4 * 3,
        Table::Dispositions => SKILLS * 20,
        Table::Feelings => SKILLS * 6 * 3,
        Table::Conversations => SKILLS * 5 * 3,
        Table::Openings => SKILLS * 24,
        Table::Agents => AGENTS * 3,
        Table::AgentSkills => AGENTS * SKILLS * 3,
        Table::Recontacts => SKILLS * 4,
    };
    let lines = Table::ALL.map(|table| sets(table) * table.lines_of_new());
    assert!(lines.iter().sum::<usize>() < COUNTING.max_series, "{lines:?}");
}

#[test]
fn a_million_skills_agents_and_codes_keep_to_the_series_limit_and_all_count() {
    const ANSWERS: usize = 20;
    const ROWS: usize = 50_000;
    let mut ledger = Ledger::first_start(at(0), Some(at(0)));
    let mut chat = chat("1", Some(1), Some(2));
    let mut limited = 0;
    for number in 0..ANSWERS {
        let mut tally = Tally::begin(&ledger, &COUNTING, FoundBy::Poll, local(10));
        tally.answered(at(10), at(10), local(10));
        for row in number * ROWS..(number + 1) * ROWS {
            let hostile = format!("x{row}");
            chat.id = hostile.as_str().into();
            chat.skill_id.clone_from(&hostile);
            chat.channel.clone_from(&hostile);
            chat.agent_id.clone_from(&hostile);
            chat.code = Some(hostile.clone());
            chat.description = Some(hostile);
            tally.absorb(&chat);
        }
        let tallied = tally.finish();
        limited += tallied.counts.limited;
        ledger.apply(tallied.absorbed);
    }
    let all = (ANSWERS * ROWS) as u64;
    assert_eq!(ledger.totals.chats_counted(), all);
    // Beyond the limit only the label sets of `other` themselves, and what may be known by a name once more.
    let lines = ledger.totals.lines();
    assert!(lines < COUNTING.max_series + 300, "{lines}");
    assert!(limited > all - 2000, "{limited}");
}
