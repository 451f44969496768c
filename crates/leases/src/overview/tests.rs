use super::*;

const LEASE: Duration = Duration::from_secs(60);

fn overview(seen_ago: Duration) -> Overview {
    let replica = |number, url: &str, seen_ago| ReplicaRow {
        id: Uuid::from_u128(number),
        url: url.to_owned(),
        config_hash: String::new(),
        refused: Vec::new(),
        format: 1,
        lease: LEASE,
        seen_ago,
    };
    Overview {
        at: Instant::now(),
        operations: Vec::new(),
        replicas: vec![
            replica(1, "http://one", Duration::ZERO),
            replica(2, "http://one", seen_ago),
            replica(3, "http://three", Duration::ZERO),
        ],
    }
}

#[test]
fn another_replica_at_the_same_address_is_a_twin_unless_it_was_silent_since_this_one_began() {
    let own = Uuid::from_u128(1);
    let has_twin = |seen_ago, age| {
        overview(Duration::from_secs(seen_ago)).has_twin(own, "http://one", Duration::from_secs(age))
    };
    assert!(has_twin(5, 20));
    assert!(!has_twin(20, 5), "a predecessor that was killed");
    assert!(!has_twin(100, 200), "one that died since");
    let third = Uuid::from_u128(3);
    assert!(!overview(Duration::ZERO).has_twin(third, "http://three", LEASE));
}

#[test]
fn the_longest_lease_is_that_of_a_replica_that_may_still_hold_something() {
    let mut overview = overview(Duration::from_secs(3000));
    overview.replicas[1].lease = Duration::from_secs(3600);
    assert_eq!(overview.longest_lease(), Duration::from_secs(3600));
    // It has left, or is long gone.
    overview.replicas[1].seen_ago = Duration::from_secs(7201);
    assert_eq!(overview.longest_lease(), LEASE);
}
