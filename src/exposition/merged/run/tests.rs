use proptest::prelude::*;

use super::*;

/// Samples of this length, at a place of their own in memory.
fn samples(length: usize) -> Piece {
    Piece::Samples(vec![b'x'; length].into())
}

fn kept(after: &[Arc<Run>], before: &[Arc<Run>]) -> usize {
    let is_kept = |run: &&Arc<Run>| before.iter().any(|one| Arc::ptr_eq(one, run));
    after.iter().filter(is_kept).count()
}

#[test]
fn a_change_touches_the_runs_around_it_alone_whatever_it_adds_or_takes() {
    let pieces: Vec<Piece> = (0..20_000).map(|piece| samples(90 + piece % 7)).collect();
    let before = runs(pieces.clone(), &[]);
    assert!(before.len() > 12, "{}", before.len());
    for length in [1, 89, 91, 5_000, 100_000, 500_000] {
        let mut changed = pieces.clone();
        changed[30] = samples(length);
        let after = runs(changed, &before);
        let made = after.len() - kept(&after, &before);
        assert!(
            made <= 4,
            "{length} bytes: {made} runs of {} are new",
            after.len()
        );
    }
    let less = runs(pieces[50..].to_vec(), &before);
    assert!(less.len() - kept(&less, &before) <= 4);
}

#[test]
fn a_run_that_begins_as_before_and_goes_on_otherwise_is_not_kept() {
    let first = samples(10);
    let before = runs(vec![first.clone(), Piece::Samples("one".into())], &[]);
    let after = runs(vec![first, Piece::Samples("two".into())], &before);
    assert!(after[0].plain().ends_with(b"two"));
}

#[test]
fn what_is_the_same_elsewhere_in_memory_is_kept_too() {
    let pieces = |text: &'static str| vec![Piece::Head(text.to_owned().into()), samples(10)];
    let before = runs(pieces("# TYPE a gauge\n"), &[]);
    let after = runs(pieces("# TYPE a gauge\n"), &before);
    assert_eq!((after.len(), kept(&after, &before)), (1, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn runs_are_the_pieces_in_their_order_and_neither_small_nor_torn(
        versions in proptest::collection::vec(proptest::collection::vec((0_usize..40, 0_usize..3), 0..60), 1..5),
    ) {
        let stock: Vec<Piece> = (0..40_u8).map(|at| {
            let bytes = vec![at; [60, 3_000, 70_000, 140_000][usize::from(at % 4)]].into();
            if at % 5 == 0 { Piece::Head(bytes) } else { Piece::Samples(bytes) }
        }).collect();
        let mut before: Arc<[Arc<Run>]> = Arc::new([]);
        for version in versions {
            let pieces: Vec<Piece> = version.iter().map(|(at, _)| stock[*at].clone()).collect();
            let expected: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes().to_vec()).collect();
            let made = runs(pieces, &before);
            let plain: Vec<u8> = made.iter().flat_map(|run| run.plain().to_vec()).collect();
            prop_assert!(plain == expected);
            let is_large = |piece: &Piece| piece.bytes().len() >= RUN;
            for pair in made.windows(2) {
                prop_assert!(pair[0].plain().len() >= RUN / 2 || is_large(&pair[1].pieces[0]));
            }
            for run in made.iter() {
                prop_assert!(run.pieces.len() == 1 || !run.pieces.iter().any(is_large));
                prop_assert!(run.pieces.len() == 1 || run.plain().len() < 2 * RUN + RUN / 2);
            }
            before = made;
        }
    }
}
