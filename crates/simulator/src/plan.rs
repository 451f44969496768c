//! When chats are opened and closed: a pure function of the seed and the minute.
//!
//! Each UTC minute has three independent sources: chats that agents handle, chats that time out, mass sendings.
//! Each has its own dice, so a window asks only the minutes that can matter: a few hours for handled chats, and the
//! same range a day earlier for those that time out. Only times are rolled here; the rest of a chat is rolled from
//! its id when its row is written.

use chrono::NaiveDateTime;

use super::chat::instant;
use super::day;
use super::dice::Dice;
use super::settings::{Settings, Span};

/// Ids per minute. An id is its minute (since 1970) times this, plus its slot.
const SLOTS: u64 = 1_000_000;
/// The first slot of each source.
const ABANDONED: u64 = 400_000;
const SENDING: u64 = 800_000;
/// Chats of one source and minute at most: 60 × this.
const MOST_PER_SECOND: u32 = 4096;
/// The server needs up to so many seconds to close what timed out.
const TIMEOUT_JITTER: Span = Span::new(0, 20);
/// It closes a whole mass sending almost at once.
const SENDING_JITTER: Span = Span::new(0, 5);

/// Words that keep the dice of the sources apart.
mod salt {
    pub(super) const HANDLED: u64 = 1;
    pub(super) const ABANDONED: u64 = 2;
    pub(super) const SENDING: u64 = 3;
    pub(super) const TIMES: u64 = 4;
}

/// When a chat happens; Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) id: u64,
    pub(super) opened: i64,
    pub(super) closed: i64,
    pub(super) visible: i64,
    pub(super) timed_out: bool,
    /// For a chat of a mass sending, what all of it share: the words of their dice.
    pub(super) sending: Option<u64>,
}

/// All chats closed from `from` to `to` (Unix seconds, both included), by minute of opening.
pub(super) fn closed_within(settings: &Settings, from: i64, to: i64, mut each: impl FnMut(Plan)) {
    let handled = Reach {
        least: settings.handling.low(),
        most: settings.handling.high(),
    };
    let abandoned = Reach {
        least: settings.timeout_after,
        most: settings.timeout_after.saturating_add(TIMEOUT_JITTER.high()),
    };
    let most = handled.most.max(abandoned.most);
    for minute in (from - i64::from(most)).div_euclid(60)..=to.div_euclid(60) {
        let wanted = Wanted {
            handled: handled.can_close(minute, from, to),
            abandoned: abandoned.can_close(minute, from, to),
        };
        opened_in_minute(settings, minute, wanted, &mut |plan: Plan| {
            if (from..=to).contains(&plan.closed) {
                each(plan);
            }
        });
    }
}

/// All chats opened from `from` to `to` (Unix seconds, both included), by minute of opening.
pub(super) fn opened_within(settings: &Settings, from: i64, to: i64, mut each: impl FnMut(Plan)) {
    for minute in from.div_euclid(60)..=to.div_euclid(60) {
        opened_in_minute(
            settings,
            minute,
            Wanted {
                handled: true,
                abandoned: true,
            },
            &mut |plan: Plan| {
                if (from..=to).contains(&plan.opened) {
                    each(plan);
                }
            },
        );
    }
}

/// How long chats of a source are open, seconds.
struct Reach {
    least: u32,
    most: u32,
}

impl Reach {
    /// Whether a chat opened in this minute can close within the range.
    fn can_close(&self, minute: i64, from: i64, to: i64) -> bool {
        let first = minute * 60;
        first + 59 + i64::from(self.most) >= from && first + i64::from(self.least) <= to
    }
}

/// Which sources of a minute matter.
#[derive(Clone, Copy)]
struct Wanted {
    handled: bool,
    abandoned: bool,
}

fn opened_in_minute(settings: &Settings, minute: i64, wanted: Wanted, each: &mut impl FnMut(Plan)) {
    let Ok(number) = u64::try_from(minute) else { return };
    if !settings.generated || !(wanted.handled || wanted.abandoned) {
        return;
    }
    let rate = rate(settings, minute);
    if wanted.handled {
        let dice = Dice::new(&[settings.seed, salt::HANDLED, number]);
        arrivals(dice, rate * (1.0 - settings.timeout_share), |second, slot| {
            each(plan(
                settings,
                number * SLOTS + slot,
                minute * 60 + second,
                false,
                None,
            ));
        });
    }
    if wanted.abandoned {
        let dice = Dice::new(&[settings.seed, salt::ABANDONED, number]);
        arrivals(dice, rate * settings.timeout_share, |second, slot| {
            each(plan(
                settings,
                number * SLOTS + ABANDONED + slot,
                minute * 60 + second,
                true,
                None,
            ));
        });
    }
    mass_sending(settings, minute, number, each);
}

/// Chats opened per minute at this minute.
fn rate(settings: &Settings, minute: i64) -> f64 {
    settings.chats_per_hour / 60.0 * rhythm(settings, minute)
}

fn rhythm(settings: &Settings, minute: i64) -> f64 {
    let local: NaiveDateTime = instant(minute * 60).with_timezone(&settings.zone).naive_local();
    (settings.rhythm)(local)
}

/// Rolls for each second of a minute several times, rarely with success: close to a Poisson process, in plain
/// multiplications that give the same on every machine.
fn arrivals(mut dice: Dice, per_minute: f64, mut each: impl FnMut(i64, u64)) {
    if per_minute <= 0.0 {
        return;
    }
    let mut tries = 1;
    while f64::from(tries) * 15.0 < per_minute && tries < MOST_PER_SECOND {
        tries *= 2;
    }
    let probability = per_minute / (60.0 * f64::from(tries));
    let mut slot = 0;
    for second in 0..60 {
        for _ in 0..tries {
            if dice.chance(probability) {
                each(second, slot);
                slot += 1;
            }
        }
    }
}

fn mass_sending(settings: &Settings, minute: i64, number: u64, each: &mut impl FnMut(Plan)) {
    let shared = [settings.seed, salt::SENDING, number];
    let mut dice = Dice::new(&shared);
    // Somebody has to send them: not at night.
    if !dice.chance(settings.bursts.per_day / 1440.0 * rhythm(settings, minute)) {
        return;
    }
    let second = minute * 60 + i64::from(dice.within(Span::new(0, 59)));
    for slot in 0..u64::from(dice.within(settings.bursts.size)).min(SLOTS - SENDING) {
        let timed_out = !dice.chance(settings.bursts.answered_share);
        each(plan(
            settings,
            number * SLOTS + SENDING + slot,
            second,
            timed_out,
            Some(number),
        ));
    }
}

fn plan(settings: &Settings, id: u64, opened: i64, timed_out: bool, sending: Option<u64>) -> Plan {
    let mut dice = Dice::new(&[settings.seed, salt::TIMES, id]);
    let open_for = if timed_out {
        let jitter = if sending.is_some() {
            SENDING_JITTER
        } else {
            TIMEOUT_JITTER
        };
        settings.timeout_after.saturating_add(dice.within(jitter))
    } else {
        dice.mostly_low(if settings.staffed {
            day::handling(settings, id)
        } else {
            settings.handling
        })
    };
    let visibility = settings.visibility;
    let late = dice.chance(visibility.late_share);
    let delay = dice.within(if late { visibility.late } else { visibility.usual });
    let closed = opened + i64::from(open_for);
    Plan {
        id,
        opened,
        closed,
        visible: closed + i64::from(delay),
        timed_out,
        sending,
    }
}
