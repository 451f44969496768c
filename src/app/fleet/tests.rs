use super::*;
use crate::operation::tests::Bench;

/// Added, changed, removed.
fn told(changes: &Changes) -> [usize; 3] {
    [&changes.added, &changes.changed, &changes.removed].map(BTreeSet::len)
}

fn prepared(config: &OperationConfig) -> Vec<Prepared> {
    vec![Prepared::new(config.clone(), &Tls::default()).unwrap()]
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_does_not_hold_up_the_next_reload() {
    let bench = Bench::new();
    let mut fleet = Fleet::new(Arc::clone(&bench.surroundings));
    let config = Bench::config();
    bench.hang();
    let changes = fleet.changes(std::slice::from_ref(&config));
    assert_eq!(told(&changes), [1, 0, 0]);
    let applied = tokio::time::timeout(
        Duration::from_secs(3600),
        fleet.apply(&changes, prepared(&config)),
    );
    assert!(applied.await.is_ok(), "it is not waited for");
    bench.go_on();
    let changes = fleet.changes(&[]);
    assert_eq!(told(&changes), [0, 0, 1]);
    fleet.apply(&changes, Vec::new()).await;
    assert_eq!(told(&fleet.changes(&[])), [0, 0, 0]);
}
