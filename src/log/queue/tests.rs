use std::io;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use super::*;

/// What a queue that a thread of its own writes out was given, and what its sink took.
struct Written {
    queue: &'static Queue,
    bytes: Arc<Mutex<Vec<u8>>>,
}

/// Takes or refuses each write, as the test wants.
struct Sink {
    bytes: Arc<Mutex<Vec<u8>>>,
    outcomes: mpsc::Receiver<io::Result<usize>>,
}

impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Without a further outcome it takes everything.
        let taken = self
            .outcomes
            .try_recv()
            .unwrap_or(Ok(line.len()))?
            .min(line.len());
        self.bytes.lock().unwrap().extend(&line[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn with(outcomes: impl IntoIterator<Item = io::Result<usize>>) -> Written {
        let (sender, receiver) = mpsc::channel();
        outcomes
            .into_iter()
            .for_each(|outcome| sender.send(outcome).unwrap());
        let bytes = Arc::default();
        let sink = Sink {
            bytes: Arc::clone(&bytes),
            outcomes: receiver,
        };
        let queue: &'static Queue = Box::leak(Box::new(Queue::new()));
        thread::spawn(move || queue.write_to(sink));
        Written { queue, bytes }
    }

    fn text(&self) -> String {
        self.queue.flush(Duration::from_secs(30));
        String::from_utf8(self.bytes.lock().unwrap().clone()).unwrap()
    }
}

#[test]
fn lines_are_written_in_their_order_also_by_a_sink_that_takes_little_or_is_interrupted() {
    let interrupted = || Err(ErrorKind::Interrupted.into());
    let would_block = || Err(ErrorKind::WouldBlock.into());
    let written = Written::with([Ok(1), interrupted(), Ok(2), would_block(), Ok(1)]);
    written.queue.push(b"first\n");
    written.queue.push(b"second\n");
    assert_eq!(written.text(), "first\nsecond\n");
    assert_eq!(written.queue.dropped(), 0);
}

#[test]
fn a_line_that_is_refused_is_counted_and_does_not_run_into_the_next() {
    let full = || Err(ErrorKind::StorageFull.into());
    let written = Written::with([full(), Ok(2), full(), full()]);
    for line in ["lost\n", "cut\n", "lost too\n", "whole\n", "and whole\n"] {
        written.queue.push(line.as_bytes());
    }
    assert_eq!(written.text(), "cu\nwhole\nand whole\n");
    assert_eq!(written.queue.dropped(), 3);
}

#[test]
fn a_sink_that_is_stuck_holds_up_nobody_and_what_does_not_fit_is_counted() {
    struct Stuck(mpsc::Receiver<()>);
    impl Write for Stuck {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(line.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let queue: &'static Queue = Box::leak(Box::new(Queue::new()));
    let (unstick, stuck) = mpsc::channel();
    thread::spawn(move || queue.write_to(Stuck(stuck)));
    let line = [b'-'; 1024];
    for _ in 0..2 * MOST_BYTES / line.len() {
        queue.push(&line);
    }
    let dropped = queue.dropped();
    // One more may have been taken out to be written.
    assert!((1023..=1024).contains(&dropped), "{dropped}");
    let begun = Instant::now();
    queue.flush(Duration::from_millis(50));
    assert!(begun.elapsed() >= Duration::from_millis(50), "it was written");
    drop(unstick);
    queue.flush(Duration::from_secs(30));
    assert_eq!(queue.dropped(), dropped, "the others are written later");
}
