use super::*;
use crate::config::tests::with;

fn operation(name: &str) -> OperationConfig {
    with(&[("WOLKVOX_OPERATION", name)]).unwrap().into_operation()
}

fn names(names: &[&str]) -> std::collections::BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_a_reload_changes_is_told_with_the_names() {
    let changes = Changes {
        added: names(&["a", "b"]),
        changed: names(&[]),
        removed: names(&["c"]),
        unchanged: 7,
    };
    assert_eq!(changes.to_string(), "2 added (a, b), 1 removed (c), 7 unchanged");
}

#[test]
fn of_many_names_the_first_are_told() {
    let many: Vec<_> = (10..30).map(|number| number.to_string()).collect();
    let told = listed(many.iter());
    assert!(
        told.starts_with("10, 11, ") && told.ends_with(", 19, and 10 more"),
        "{told}"
    );
}

#[test]
fn without_a_shard_all_operations_are_held() {
    let operations = vec![operation("a"), operation("b")];
    assert_eq!(held(operations.clone(), None).len(), 2);
    let shards = ["0/2", "1/2"].map(|shard| held(operations.clone(), Some(shard.parse().unwrap())).len());
    assert_eq!(shards.iter().sum::<usize>(), 2);
}
