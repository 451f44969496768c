use proptest::prelude::*;

use super::*;

fn skill(skill: u8) -> LabelSet {
    LabelSet::new(Table::Chats, ["web", &skill.to_string(), "coded"])
}

fn skills(zero_first: &ZeroFirst) -> Vec<LabelSet> {
    zero_first.sets(Table::Chats).keys().cloned().collect()
}

proptest! {
    /// Batches of skills, of which the first are lifted.
    #[test]
    fn what_is_lifted_is_exactly_what_came_up_to_that_batch(
        batches in proptest::collection::vec(proptest::collection::btree_set(0_u8..20, 0..4), 0..8),
        lifted in 0_usize..8,
    ) {
        let mut zero_first = ZeroFirst::default();
        let mut came = BTreeMap::new();
        let mut ends = Vec::new();
        for (number, batch) in batches.iter().enumerate() {
            zero_first.begin(Table::Chats, batch.iter().copied().map(skill).collect());
            came.extend(batch.iter().map(|name| (skill(*name), number)));
            zero_first.end_batch();
            ends.push(zero_first.newest());
        }
        prop_assert_eq!(zero_first.is_empty(), came.is_empty());
        if let Some(end) = ends.get(lifted) {
            zero_first.lift(*end);
            came.retain(|_, number| *number > lifted);
        }
        prop_assert_eq!(skills(&zero_first), came.into_keys().collect::<Vec<_>>());
    }
}

#[test]
fn what_comes_after_a_batch_has_ended_is_of_a_later_one_and_what_the_state_brought_of_an_earlier() {
    let mut zero_first = ZeroFirst::default();
    assert_eq!(zero_first.newest(), Batch::RESTORED);
    zero_first.restore(Table::Chats, SetsAt0::from([(skill(1), Batch::RESTORED)]));
    zero_first.begin(Table::Chats, vec![skill(2)]);
    zero_first.end_batch();
    let first = zero_first.newest();
    zero_first.end_batch();
    assert_eq!(zero_first.newest(), first, "nothing came");
    zero_first.begin_family("chats.transfers".to_owned());
    assert!(first > Batch::RESTORED);
    zero_first.lift(Batch::RESTORED);
    assert_eq!(skills(&zero_first), [skill(2)]);
    zero_first.lift(first);
    assert!(skills(&zero_first).is_empty() && zero_first.has_family("chats.transfers"));
    zero_first.lift_all();
    assert!(zero_first.is_empty());
}

#[test]
fn two_are_the_same_that_show_the_same() {
    let (mut one, mut other) = (ZeroFirst::default(), ZeroFirst::default());
    one.begin(Table::Chats, vec![skill(1)]);
    assert_ne!(one, other);
    other.restore(Table::Chats, SetsAt0::from([(skill(1), Batch::RESTORED)]));
    assert_eq!(one, other);
    one.begin_family("chats.transfers".to_owned());
    assert_ne!(one, other);
}
