use super::*;

/// If this fails, every chat of every seed has changed: demos and recorded tests no longer match.
#[test]
fn the_stream_of_a_seed_never_changes() {
    let mut dice = Dice::new(&[1, 2]);
    assert_eq!(
        [dice.roll(), dice.roll()],
        [15_286_041_500_730_416_461, 13_727_705_466_134_383_323]
    );
}

#[test]
fn a_skewed_number_stays_in_its_span() {
    let mut dice = Dice::new(&[3]);
    let span = Span::new(10, 7200);
    let mut rolls: Vec<u32> = (0..10_000).map(|_| dice.mostly_low(span)).collect();
    rolls.sort_unstable();
    assert!(rolls[0] >= 10 && rolls[9_999] <= 7200);
    assert!(
        rolls[5_000] < 1200,
        "half of them are short, the median is {}",
        rolls[5_000]
    );
    assert!(rolls[9_999] > 7000);
}
