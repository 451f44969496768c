//! How long pieces are: as long as the vendor answers, shorter after failures, and longer again when that went well.

use chrono::TimeDelta;

use super::patience::SMALLEST;
use wolkvox::window;

/// After so many good answers in a row, more is asked for.
const GOOD_ENOUGH: u32 = 3;

#[derive(Debug)]
pub(super) struct Length {
    now: TimeDelta,
    /// Twice as much was too much for sure.
    most: TimeDelta,
    /// Good answers in a row.
    good: u32,
}

impl Length {
    pub(super) fn new() -> Length {
        Length {
            now: window::LONGEST,
            most: window::LONGEST,
            good: 0,
        }
    }

    /// What the next call may ask for at most.
    pub(super) fn now(&self) -> TimeDelta {
        self.now
    }

    /// A call for `length` failed: half of it from now on. `is_too_much`: more will never do.
    pub(super) fn halve(&mut self, length: TimeDelta, is_too_much: bool) {
        // Whole seconds: the report tells no less apart.
        self.now = TimeDelta::seconds((length.num_seconds() + 1) / 2).max(SMALLEST);
        self.good = 0;
        if is_too_much {
            self.most = self.now;
        }
    }

    /// A call was answered.
    pub(super) fn note_good(&mut self) {
        self.good += 1;
        if self.good >= GOOD_ENOUGH {
            self.now = (self.now * 2).min(self.most);
            self.good = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(days: i64) -> TimeDelta {
        TimeDelta::days(days)
    }

    #[test]
    fn after_three_good_answers_pieces_grow_again_up_to_a_month() {
        let mut length = Length::new();
        length.halve(days(16), false);
        let mut lengths = Vec::new();
        for _ in 0..9 {
            lengths.push(length.now());
            length.note_good();
        }
        assert_eq!(lengths, [8, 8, 8, 16, 16, 16, 31, 31, 31].map(days));
    }

    #[test]
    fn what_was_too_much_for_sure_is_never_asked_for_again() {
        let mut length = Length::new();
        length.halve(days(16), true);
        length.halve(days(8), false);
        for _ in 0..100 {
            length.note_good();
        }
        assert_eq!(length.now(), days(8));
    }

    #[test]
    fn a_minute_is_the_least() {
        let mut length = Length::new();
        length.halve(TimeDelta::seconds(61), true);
        assert_eq!(length.now(), TimeDelta::minutes(1));
    }
}
