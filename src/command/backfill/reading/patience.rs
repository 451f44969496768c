//! What follows a call that failed: another try, one for less, or the end.

use std::time::Duration;

use chrono::TimeDelta;

use wolkvox::{Error, Reason};

/// No piece gets smaller.
pub(super) const SMALLEST: TimeDelta = TimeDelta::minutes(1);
/// So many calls in a row may fail for what may pass by itself: with the usual pauses, three quarters of an hour.
const PATIENCE: u32 = 8;
/// As long as nothing was ever answered, the settings are more likely to be wrong than the server to be down.
const PATIENCE_AT_FIRST: u32 = 3;
/// The calls of a day are there again after a day: with the usual pauses, these tries take longer.
const PATIENCE_FOR_QUOTA: u32 = 30;
/// A server that fails so often in a row may fail because of what it is asked for.
const SUSPICIOUS: u32 = 3;

/// How long to wait before another try, where the server does not say. Calls that reached the server keep the pace
/// besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// After a failure; twice as long after each further one in a row.
    pub usual: Duration,
    /// How long the server needs to forget a call that it still counts as running.
    pub concurrency: Duration,
    /// When the day's calls are used up; twice as long after each further try.
    pub quota: Duration,
    /// No pause is longer, whoever asks for it.
    pub longest: Duration,
}

impl Default for Pauses {
    fn default() -> Pauses {
        Pauses {
            usual: Duration::from_secs(10),
            concurrency: Duration::from_secs(30),
            quota: Duration::from_secs(5 * 60),
            longest: Duration::from_secs(60 * 60),
        }
    }
}

impl Pauses {
    /// The pause after the `nth` failure in a row, counted from 1.
    fn after(&self, error: &Error, nth: u32) -> Duration {
        let doubled = |pause: Duration| pause.saturating_mul(1 << nth.saturating_sub(1).min(16));
        let usual = match error.reason() {
            // After a time-out the server may still be at work on the call.
            Reason::Concurrency | Reason::Timeout => self.concurrency,
            Reason::Quota => doubled(self.quota),
            _ => doubled(self.usual),
        };
        error.retry_after().unwrap_or(usual).min(self.longest)
    }
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Ask again after so long.
    Again(Duration),
    /// After so long, ask for half as much.
    Less(Duration),
    /// Neither helps.
    GiveUp,
}

/// How much of it is left for one piece.
#[derive(Debug)]
pub(super) struct Patience {
    pauses: Pauses,
    /// Whether this server ever gave a good answer.
    has_answered: bool,
    /// In a row, without those that had a known way out.
    failures: u32,
}

impl Patience {
    pub(super) fn new(pauses: Pauses, has_answered: bool) -> Patience {
        Patience {
            pauses,
            has_answered,
            failures: 0,
        }
    }

    /// What follows the failure of a call that asked for `length`.
    pub(super) fn remedy(&mut self, error: &Error, length: TimeDelta) -> Remedy {
        let can_shrink = length > SMALLEST;
        if error.is_about_size() && can_shrink {
            return Remedy::Less(Duration::ZERO);
        }
        self.failures += 1;
        if !may_pass(error) || self.failures > self.most_failures(error) {
            return Remedy::GiveUp;
        }
        let pause = self.pauses.after(error, self.failures);
        if can_shrink && self.may_be_too_much(error) {
            Remedy::Less(pause)
        } else {
            Remedy::Again(pause)
        }
    }

    fn most_failures(&self, error: &Error) -> u32 {
        match error.reason() {
            Reason::Quota => PATIENCE_FOR_QUOTA,
            Reason::Connect | Reason::NotJson if !self.has_answered => PATIENCE_AT_FIRST,
            _ => PATIENCE,
        }
    }

    /// A server may take too long before its first byte, or run out of memory: then it sends a 5xx or nothing at all.
    fn may_be_too_much(&self, error: &Error) -> bool {
        match error.reason() {
            Reason::Timeout => true,
            Reason::HttpStatus | Reason::NotJson => {
                self.failures >= SUSPICIOUS && error.status() != Some(429)
            }
            _ => false,
        }
    }
}

/// Whether asking again, sooner or later, may help.
fn may_pass(error: &Error) -> bool {
    match error.reason() {
        Reason::Concurrency
        | Reason::Forbidden
        | Reason::NotJson
        | Reason::Quota
        | Reason::Timeout
        | Reason::Truncated => true,
        _ => error.is_retryable(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: TimeDelta = TimeDelta::days(31);

    fn patience() -> Patience {
        Patience::new(Pauses::default(), true)
    }

    fn seconds(pauses: &[Remedy]) -> Vec<u64> {
        let seconds = pauses.iter().map(|remedy| match remedy {
            Remedy::Again(pause) | Remedy::Less(pause) => pause.as_secs(),
            Remedy::GiveUp => panic!("{pauses:?}"),
        });
        seconds.collect()
    }

    /// All remedies up to the end, which is not among them.
    fn remedies(mut patience: Patience, error: &Error) -> Vec<Remedy> {
        let remedy = || patience.remedy(error, MONTH);
        std::iter::repeat_with(remedy)
            .take_while(|remedy| *remedy != Remedy::GiveUp)
            .take(1000)
            .collect()
    }

    #[test]
    fn what_is_too_much_is_halved_at_once_and_as_often_as_it_takes() {
        for error in [
            Error::new(Reason::TooManyRows, ""),
            Error::new(Reason::TooLarge, ""),
            Error::new(Reason::Truncated, ""),
            Error::new(Reason::Timeout, "").with_status(200),
        ] {
            let remedies = remedies(patience(), &error);
            assert!(remedies.len() == 1000, "{error:?}");
            assert!(
                remedies
                    .iter()
                    .all(|remedy| *remedy == Remedy::Less(Duration::ZERO))
            );
        }
    }

    #[test]
    fn nothing_gets_smaller_than_a_minute() {
        let too_many = Error::new(Reason::TooManyRows, "");
        assert_eq!(patience().remedy(&too_many, SMALLEST), Remedy::GiveUp);
        let cut = Error::new(Reason::Truncated, "");
        assert_eq!(
            patience().remedy(&cut, SMALLEST),
            Remedy::Again(Duration::from_secs(10))
        );
    }

    #[test]
    fn a_server_in_trouble_is_asked_again_after_longer_and_longer_pauses_then_for_less() {
        let error = Error::new(Reason::HttpStatus, "").with_status(503);
        let remedies = remedies(patience(), &error);
        assert_eq!(seconds(&remedies), [10, 20, 40, 80, 160, 320, 640, 1280]);
        let first_less = remedies
            .iter()
            .position(|remedy| matches!(remedy, Remedy::Less(_)));
        assert_eq!(first_less, Some(2));
    }

    #[test]
    fn too_many_calls_at_once_are_forgotten_after_half_a_minute() {
        let error = Error::new(Reason::Concurrency, "").with_status(403);
        assert_eq!(seconds(&remedies(patience(), &error)), [30; 8]);
    }

    #[test]
    fn a_used_up_quota_is_waited_out_for_more_than_a_day_at_most_an_hour_at_a_time() {
        let error = Error::new(Reason::Quota, "").with_status(403);
        let pauses = seconds(&remedies(patience(), &error));
        assert_eq!(pauses[..6], [300, 600, 1200, 2400, 3600, 3600]);
        assert!(pauses.iter().sum::<u64>() > 86_400);
    }

    #[test]
    fn the_server_s_own_word_on_when_to_come_back_counts_up_to_an_hour() {
        for (asked, pause) in [(7, 7), (86_400, 3600)] {
            let error = Error::new(Reason::HttpStatus, "")
                .with_status(429)
                .with_retry_after(Some(Duration::from_secs(asked)));
            assert_eq!(seconds(&remedies(patience(), &error)), [pause; 8]);
        }
    }

    #[test]
    fn a_server_that_never_answered_is_given_up_sooner() {
        let error = Error::new(Reason::Connect, "");
        assert_eq!(remedies(patience(), &error).len(), 8);
        let patience = Patience::new(Pauses::default(), false);
        assert_eq!(remedies(patience, &error).len(), 3);
    }

    #[test]
    fn what_does_not_pass_ends_at_once() {
        for reason in [Reason::Auth, Reason::BadRequest, Reason::Tls] {
            assert!(remedies(patience(), &Error::new(reason, "")).is_empty());
        }
        let not_enabled = Error::new(Reason::HttpStatus, "").with_status(404);
        assert!(remedies(patience(), &not_enabled).is_empty());
    }
}
