//! Chance that is the same for ever.
//!
//! The same seed must give the same chats on every machine and with every version of every dependency, so the
//! generator is written down here: `SplitMix64`, whole numbers and plain multiplications only.

use super::settings::Span;

/// The increment of `SplitMix64`.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of deterministic random numbers.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The stream that belongs to these words. Different words give unrelated streams.
    pub(super) fn new(words: &[u64]) -> Self {
        Self(
            words
                .iter()
                .fold(GOLDEN, |state, word| mix(state ^ mix(word.wrapping_add(GOLDEN)))),
        )
    }

    /// The next 64 bits.
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number from 0 (included) to 1 (excluded).
    fn unit(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number below `bound`; 0 if `bound` is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.roll()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// A number of the span, all equally likely.
    pub(super) fn within(&mut self, span: Span) -> u32 {
        span.low() + self.below32(span.width().saturating_add(1))
    }

    /// A number of the span, small ones far more likely: most chats are short, a few take hours.
    pub(super) fn mostly_low(&mut self, span: Span) -> u32 {
        let width = u128::from(span.width()) + 1;
        let share = u128::from(self.roll() >> 44); // 20 bits
        let skewed = (width * share * share * share) >> 60;
        span.low() + u32::try_from(skewed).unwrap_or(0).min(span.width())
    }

    /// One of them; `None` only if there are none.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let index = self.below(choices.len() as u64);
        usize::try_from(index).ok().and_then(|index| choices.get(index))
    }

    fn below32(&mut self, bound: u32) -> u32 {
        u32::try_from(self.below(u64::from(bound))).unwrap_or(0)
    }
}

fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests;
