use proptest::prelude::*;

use super::*;

fn shards(of: u32) -> impl Iterator<Item = Shard> {
    (0..of).map(move |number| Shard { number, of })
}

fn holder(group: &str, of: u32) -> u32 {
    let holders: Vec<_> = shards(of).filter(|shard| shard.holds(group)).collect();
    assert_eq!(holders.len(), 1, "{group} of {of}");
    holders[0].number
}

#[test]
fn a_shard_is_written_as_its_number_and_how_many_there_are() {
    assert_eq!("2/3".parse(), Ok(Shard { number: 2, of: 3 }));
    assert_eq!("0/1".parse::<Shard>().unwrap().to_string(), "0/1");
    for wrong in ["", "1", "1/", "/3", "-1/3", "a/3", "1/3/4"] {
        assert_eq!(wrong.parse::<Shard>(), Err(ShardError::Form), "{wrong}");
    }
    let error = "3/3".parse::<Shard>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no shard 3 of 3: they are numbered from 0 to 2"
    );
    assert!("0/0".parse::<Shard>().is_err());
}

#[test]
fn groups_are_where_they_were_with_any_earlier_version() {
    let holders: Vec<_> = ["ventas", "soporte", "a", "b", "c"]
        .map(|group| holder(group, 3))
        .into();
    assert_eq!(
        holders,
        [1, 1, 1, 2, 1],
        "a change would move states between volumes"
    );
}

#[test]
fn shards_hold_about_as_many_groups_each() {
    let groups = (0..1_000).map(|number| format!("group {number}"));
    let mut counts = [0; 4];
    for group in groups {
        counts[holder(&group, 4) as usize] += 1;
    }
    assert!(
        counts.iter().all(|count| (200..300).contains(count)),
        "{counts:?}"
    );
}

proptest! {
    #[test]
    fn each_group_is_in_one_shard_and_moves_only_to_a_shard_that_is_added(group in ".{0,20}", of in 1_u32..20) {
        let (before, after) = (holder(&group, of), holder(&group, of + 1));
        prop_assert!(after == before || after == of, "{before} of {of} became {after}");
    }
}
