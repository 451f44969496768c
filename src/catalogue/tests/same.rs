//! Which families are those of the publication before.

use proptest::prelude::*;

use super::*;

/// The rows of one publication.
fn published_of(totals: &Totals, exemplars: &Exemplars) -> Vec<Arc<dyn Rows>> {
    let config = config();
    let (stats, progress) = (
        Stats::new(now(), Pace::usual(&config.polling)),
        LedgerProgress {
            counting_since: now(),
            watermark: now(),
            last_success: Some(now()),
            last_chat_close: Some(now()),
            seen_chats: 1,
            requests_today: 2,
        },
    );
    rows(
        View {
            config: &config,
            totals,
            exemplars,
            skill_names: &Arc::new(config.counting.skill_names.clone()),
            progress: &progress,
            stats: &stats,
        },
        0,
    )
}

fn same(one: &[Arc<dyn Rows>], other: &[Arc<dyn Rows>]) -> BTreeSet<String> {
    let pairs = one.iter().filter_map(|rows| {
        let other = other.iter().find(|other| other.meta() == rows.meta())?;
        rows.are_those_of(&**other).then(|| rows.meta().name.to_owned())
    });
    pairs.collect()
}

#[test]
fn a_chat_changes_the_families_that_it_adds_to_and_no_others() {
    let none = Exemplars::default();
    let before = totals(&[chat("7", "2001"), chat("8", "2002")]);
    let mut quiet = chat("7", "2001");
    (quiet.asa_ms, quiet.code, quiet.transferred) = (None, None, Some(false));
    let mut after = before.clone();
    after.add(totals(&[quiet]));
    let kept = same(&published_of(&before, &none), &published_of(&after, &none));
    for (name, is_kept) in [
        ("wolkvox_chats_total", false),
        ("wolkvox_chat_duration_seconds", false),
        ("wolkvox_agent_chats_total", false),
        ("wolkvox_chat_asa_seconds", true),
        ("wolkvox_chat_transfers_total", true),
        ("wolkvox_chat_dispositions_total", true),
        ("wolkvox_agent_info", true),
        ("wolkvox_polls_total", true),
    ] {
        assert_eq!(kept.contains(name), is_kept, "{name}");
    }
    assert!(
        Arc::ptr_eq(
            &before.share(Table::Dispositions),
            &after.share(Table::Dispositions)
        ),
        "a table without a chat is not copied"
    );
}

/// Totals of which some may be at 0 for now, and exemplars.
fn worlds() -> impl Strategy<Value = (Totals, Exemplars)> {
    let chats = || proptest::collection::vec((0_u8..3, 0_u8..2, proptest::option::of(0_u64..3)), 0..5);
    (chats(), chats(), any::<bool>()).prop_map(|(old, new, has_exemplars)| {
        let chat = |(skill, agent, asa): &(u8, u8, Option<u64>)| {
            let mut chat = chat(&skill.to_string(), &agent.to_string());
            chat.asa_ms = asa.map(|asa| asa * 7_000);
            chat
        };
        let (old, new): (Vec<_>, Vec<_>) = (old.iter().map(chat).collect(), new.iter().map(chat).collect());
        let mut shown = totals(&old);
        shown.add(totals(&new));
        let mut exemplars = Exemplars::default();
        for chat in new.iter().filter(|_| has_exemplars) {
            exemplars.note(chat, &Keys::of(chat, Agents::Names), &COUNTING, now());
        }
        (shown, exemplars)
    })
}

proptest! {
    #[test]
    fn families_are_the_same_where_they_show_the_same(one in worlds(), other in worlds()) {
        let of = |(totals, exemplars): &(Totals, Exemplars)| published_of(totals, exemplars);
        let (one, other) = (of(&one), of(&other));
        let is_same = same(&one, &other);
        for rows in &one {
            let Some(other) = other.iter().find(|other| other.meta() == rows.meta()) else { continue };
            let shows_the_same = Family::of(&**rows) == Family::of(&**other);
            prop_assert_eq!(is_same.contains(rows.meta().name), shows_the_same, "{}", rows.meta().name);
        }
    }
}
