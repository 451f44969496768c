//! Places for connections. There are so many and no more; whoever comes when all are taken gets the place of the one
//! that has been without progress for longest.
//!
//! To let newcomers wait would let anyone who opens connections and says nothing keep a scrape out: this way it takes
//! as many new connections as there are places, in the milliseconds that a scrape needs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

/// All places.
#[derive(Debug)]
pub(super) struct Seats {
    limit: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    /// Stands in for time; unlike it, it never stands still.
    ticks: u64,
    by_number: BTreeMap<u64, Guest>,
}

#[derive(Debug)]
struct Guest {
    /// When it last came a step further: opened, asked in full, answered in full.
    progress: u64,
    is_served: bool,
    task: Option<AbortHandle>,
}

impl Taken {
    fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }

    /// Who has to go. Those who are being answered are spared while they are few; many at once are slow readers.
    fn last(&self, limit: usize) -> Option<u64> {
        let served = self.by_number.values().filter(|guest| guest.is_served).count();
        let spare = served <= limit / 2;
        let guests = self.by_number.iter().filter(|(_, guest)| guest.task.is_some());
        guests
            .min_by_key(|(_, guest)| (spare && guest.is_served, guest.progress))
            .map(|(number, _)| *number)
    }
}

impl Seats {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            taken: Mutex::default(),
        })
    }

    /// A place, if need be that of another: its connection is cut.
    pub(super) fn take(self: &Arc<Self>) -> Seat {
        let mut taken = self.taken();
        if taken.by_number.len() >= self.limit
            && let Some(number) = taken.last(self.limit)
            && let Some(Guest { task: Some(task), .. }) = taken.by_number.remove(&number)
        {
            task.abort();
        }
        let number = taken.tick();
        taken.by_number.insert(
            number,
            Guest {
                progress: number,
                is_served: false,
                task: None,
            },
        );
        Seat {
            seats: Arc::clone(self),
            number,
        }
    }

    /// Tells whom to cut for the place. Nobody, where the connection has ended already.
    pub(super) fn seat(&self, number: u64, task: AbortHandle) {
        if let Some(guest) = self.taken().by_number.get_mut(&number) {
            guest.task = Some(task);
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One place; free again once it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
}

impl Seat {
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// A request is there in full, or, if not `is_served`, an answer.
    pub(super) fn progress(&self, is_served: bool) {
        let mut taken = self.seats.taken();
        let progress = taken.tick();
        if let Some(guest) = taken.by_number.get_mut(&self.number) {
            (guest.progress, guest.is_served) = (progress, is_served);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guests who stay until they are cut.
    struct Room {
        seats: Arc<Seats>,
        guests: Vec<(Arc<Seat>, tokio::task::JoinHandle<()>)>,
    }

    impl Room {
        fn of(limit: usize) -> Self {
            Self {
                seats: Seats::new(limit),
                guests: Vec::new(),
            }
        }

        fn enter(&mut self) -> Arc<Seat> {
            let seat = Arc::new(self.seats.take());
            let task = tokio::spawn(std::future::pending());
            self.seats.seat(seat.number(), task.abort_handle());
            self.guests.push((Arc::clone(&seat), task));
            seat
        }

        /// Who is left, by the order of entering.
        async fn left(&mut self) -> Vec<usize> {
            tokio::task::yield_now().await;
            (0..self.guests.len())
                .filter(|at| !self.guests[*at].1.is_finished())
                .collect()
        }
    }

    #[tokio::test]
    async fn the_one_without_progress_for_longest_makes_room() {
        let mut room = Room::of(3);
        let first = room.enter();
        room.enter();
        room.enter();
        first.progress(true);
        first.progress(false);
        room.enter();
        assert_eq!(room.left().await, [0, 2, 3]);
        room.enter();
        assert_eq!(room.left().await, [0, 3, 4]);
    }

    #[tokio::test]
    async fn few_who_are_served_are_spared_and_many_are_not() {
        let mut room = Room::of(2);
        room.enter().progress(true);
        room.enter();
        room.enter();
        assert_eq!(room.left().await, [0, 2]);
        room.guests[2].0.progress(true);
        room.enter();
        assert_eq!(room.left().await, [2, 3], "all are served: the oldest goes");
    }

    #[tokio::test]
    async fn a_place_that_was_left_is_free() {
        let mut room = Room::of(1);
        room.enter();
        room.guests.clear();
        room.enter();
        assert_eq!(room.left().await, [0]);
    }
}
