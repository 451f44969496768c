use super::*;

/// Connections that stay open until they are cut.
struct Connections {
    slots: Arc<Slots>,
    opened: Vec<(Arc<Slot>, tokio::task::JoinHandle<()>)>,
}

impl Connections {
    fn within(limit: usize) -> Self {
        Self {
            slots: Slots::new(limit),
            opened: Vec::new(),
        }
    }

    fn open(&mut self) -> Arc<Slot> {
        let slot = Arc::new(self.slots.take());
        let task = tokio::spawn(std::future::pending());
        self.slots.set_task(slot.number(), task.abort_handle());
        self.opened.push((Arc::clone(&slot), task));
        slot
    }

    /// Those that are left, by the order of opening.
    async fn left(&mut self) -> Vec<usize> {
        tokio::task::yield_now().await;
        (0..self.opened.len())
            .filter(|at| !self.opened[*at].1.is_finished())
            .collect()
    }
}

#[tokio::test]
async fn the_connection_without_progress_for_longest_is_cut() {
    let mut connections = Connections::within(3);
    let first = connections.open();
    connections.open();
    connections.open();
    first.record_progress(Activity::Answering);
    first.record_progress(Activity::Waiting);
    connections.open();
    assert_eq!(connections.left().await, [0, 2, 3]);
    connections.open();
    assert_eq!(connections.left().await, [0, 3, 4]);
}

#[tokio::test]
async fn few_that_are_being_answered_are_spared_and_many_are_not() {
    let mut connections = Connections::within(2);
    connections.open().record_progress(Activity::Answering);
    connections.open();
    connections.open();
    assert_eq!(connections.left().await, [0, 2]);
    connections.opened[2].0.record_progress(Activity::Answering);
    connections.open();
    assert_eq!(
        connections.left().await,
        [2, 3],
        "all are being answered: the oldest is cut"
    );
}

#[tokio::test]
async fn the_slot_of_a_closed_connection_is_free() {
    let mut connections = Connections::within(1);
    connections.open();
    connections.opened.clear();
    connections.open();
    assert_eq!(connections.left().await, [0]);
}
