use std::sync::mpsc;

use super::*;

const BOUNDS: Bounds = Bounds {
    running: 1,
    waiting: 4,
    waiting_of_one_source: 3,
};

fn source(last: u8) -> Source {
    Source::from(IpAddr::from([127, 0, 0, last]))
}

/// A queue whose one worker is held up, and which records in what order the rest was run.
struct Held {
    queue: Arc<CheckQueue>,
    release: mpsc::Sender<()>,
    ran: (mpsc::Sender<&'static str>, mpsc::Receiver<&'static str>),
}

impl Held {
    fn new() -> Self {
        let queue = Arc::new(CheckQueue::new(BOUNDS));
        let (release, released) = mpsc::channel();
        let (begun, has_begun) = mpsc::channel();
        let hold = move || {
            begun.send(()).unwrap();
            released.recv().unwrap();
        };
        queue.submit(source(255), Box::new(hold)).unwrap();
        has_begun.recv().unwrap();
        Self {
            queue,
            release,
            ran: mpsc::channel(),
        }
    }

    fn submit(&self, from: u8, name: &'static str) -> Result<(), Full> {
        let ran = self.ran.0.clone();
        self.queue
            .submit(source(from), Box::new(move || ran.send(name).unwrap()))
    }

    fn order(self) -> String {
        self.release.send(()).unwrap();
        drop(self.ran.0);
        self.ran.1.iter().collect()
    }
}

#[test]
fn sources_take_turns() {
    let held = Held::new();
    for name in ["a", "b", "c"] {
        held.submit(1, name).unwrap();
    }
    held.submit(2, "X").unwrap();
    assert_eq!(held.order(), "aXbc");
}

#[test]
fn one_source_can_not_fill_the_queue() {
    let held = Held::new();
    for name in ["a", "b", "c"] {
        held.submit(1, name).unwrap();
    }
    assert_eq!(held.submit(1, "d"), Err(Full));
    held.submit(2, "X").unwrap();
    assert_eq!(held.order(), "aXbc");
}

#[test]
fn in_a_full_queue_the_source_with_most_makes_room_for_one_with_fewer() {
    let held = Held::new();
    for name in ["a", "b", "c"] {
        held.submit(1, name).unwrap();
    }
    held.submit(2, "X").unwrap();
    held.submit(3, "Y").unwrap();
    assert_eq!(
        held.submit(2, "Z"),
        Err(Full),
        "it would have as many as the most"
    );
    assert_eq!(held.order(), "aXYb");
}

#[test]
fn a_check_that_panics_does_not_hold_up_the_next() {
    let held = Held::new();
    held.queue
        .submit(source(1), Box::new(|| panic!("on purpose")))
        .unwrap();
    held.submit(2, "X").unwrap();
    assert_eq!(held.order(), "X");
}

#[test]
fn one_who_has_a_whole_network_is_one_source() {
    let of = |text: &str| Source::from(text.parse::<IpAddr>().unwrap());
    assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
    assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
}
