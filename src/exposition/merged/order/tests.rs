use proptest::prelude::*;

use super::*;

fn of(lists: &[&[&'static str]]) -> Vec<&'static str> {
    union(lists.iter().map(|list| list.to_vec()))
}

#[test]
fn one_list_is_the_order_itself() {
    assert_eq!(of(&[&["c", "a", "b"]]), ["c", "a", "b"]);
    assert_eq!(of(&[]), [""; 0]);
}

#[test]
fn what_a_later_list_says_of_the_order_of_earlier_ones_holds() {
    assert_eq!(of(&[&["x", "z"], &["y"], &["x", "y", "z"]]), ["x", "y", "z"]);
}

#[test]
fn lists_that_contradict_each_other_lose_no_name() {
    assert_eq!(of(&[&["a", "b"], &["b", "a"], &["a", "a", "c"]]), ["a", "b", "c"]);
}

proptest! {
    #[test]
    fn each_list_is_followed_and_each_name_is_there_once(
        lists in proptest::collection::vec(proptest::sample::subsequence((0..12).collect::<Vec<u8>>(), 0..12), 0..8),
    ) {
        let lists: Vec<Vec<String>> = lists.iter().map(|list| list.iter().map(u8::to_string).collect()).collect();
        let borrowed = || lists.iter().map(|list| list.iter().map(String::as_str).collect::<Vec<_>>());
        let order = union(borrowed());
        let names: BTreeSet<&str> = borrowed().flatten().collect();
        prop_assert_eq!(order.len(), names.len());
        for list in borrowed() {
            let followed: Vec<&str> = order.iter().copied().filter(|name| list.contains(name)).collect();
            prop_assert_eq!(followed, list);
        }
    }
}
