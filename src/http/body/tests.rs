use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

use hyper::body::Body as _;
use proptest::prelude::*;

use super::*;

fn next(body: &mut Body) -> Option<Chunks> {
    match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame.map(|frame| frame.unwrap().into_data().ok().unwrap()),
        Poll::Pending => panic!("a body never waits"),
    }
}

/// A body of these chunks, and how often it was said to be delivered.
fn body(chunks: &[Vec<u8>]) -> (Body, Arc<AtomicUsize>) {
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let chunks = chunks.iter().map(|chunk| Bytes::copy_from_slice(chunk)).collect();
    let body = Body::new(chunks, move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    (body, told)
}

#[test]
fn a_page_of_usual_size_is_handed_over_as_one() {
    let (mut body, _) = body(&[vec![1; 10], vec![2; 300_000], vec![3; 1000]]);
    let chunks = next(&mut body).unwrap();
    let mut slices = [IoSlice::new(&[]); 8];
    assert_eq!(chunks.chunks_vectored(&mut slices), 3);
    assert_eq!(
        slices.each_ref().map(|slice| slice.len())[..4],
        [10, 300_000, 1000, 0]
    );
    assert!(body.is_end_stream());
}

#[test]
fn a_large_page_is_handed_over_in_parts() {
    let (mut body, told) = body(&vec![vec![0; TOGETHER / 2]; 5]);
    let lengths: Vec<usize> =
        std::iter::from_fn(|| next(&mut body).map(|chunks| chunks.remaining())).collect();
    assert_eq!(lengths, [TOGETHER, TOGETHER, TOGETHER / 2]);
    assert_eq!(told.load(Ordering::Relaxed), 0, "nothing was taken");
}

proptest! {
    #[test]
    fn it_is_delivered_once_all_is_taken_in_whatever_steps(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..20), 1..6),
        steps in proptest::collection::vec(1_usize..30, 100),
    ) {
        let all = chunks.concat();
        let (mut body, told) = body(&chunks);
        prop_assert_eq!(body.size_hint().exact(), Some(all.len() as u64));
        let mut taken = Vec::new();
        let mut parts = next(&mut body).unwrap();
        for step in steps {
            prop_assert_eq!(parts.remaining(), all.len() - taken.len());
            prop_assert_eq!(told.load(Ordering::Relaxed), usize::from(!parts.has_remaining()));
            let step = step.min(parts.remaining());
            taken.extend_from_slice(&parts.copy_to_bytes(step));
        }
        prop_assert_eq!(taken, all);
        prop_assert_eq!(told.load(Ordering::Relaxed), 1);
    }
}
