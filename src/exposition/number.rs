//! Numbers as text. Whole numbers, which nearly all are, take the short way.

use std::fmt::Write as _;

/// Below this each whole float is written without an exponent, and fits a `u64`.
const WHOLE: f64 = 1e15;

/// A float as the text format of the `prometheus` crate has it: `5`, `0.5`.
pub(super) fn push_short(out: &mut String, value: f64) {
    match whole(value) {
        Some(whole) => push_integer(out, whole),
        None => push_display(out, value),
    }
}

/// A float as `OpenMetrics` has it: always with a point or an exponent. The shortest digits that read back as the same.
pub(super) fn push_float(out: &mut String, value: f64) {
    if let Some(whole) = whole(value) {
        push_integer(out, whole);
        out.push_str(".0");
    } else if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        // `Debug`, unlike `Display`, keeps the point (`5.0`) and writes 1e300 with an exponent.
        push_display(out, format_args!("{value:?}"));
    }
}

/// The value as a whole number that is not negative, if it is one.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Looked at before.
fn whole(value: f64) -> Option<u64> {
    let is_whole = value.is_sign_positive() && value < WHOLE && value.trunc().to_bits() == value.to_bits();
    is_whole.then_some(value as u64)
}

pub(super) fn push_integer(out: &mut String, value: u64) {
    out.push_str(itoa::Buffer::new().format(value));
}

/// Milliseconds as seconds, without a float in between.
pub(super) fn push_seconds(out: &mut String, milliseconds: i64) {
    let sign = if milliseconds < 0 { "-" } else { "" };
    let milliseconds = milliseconds.unsigned_abs();
    push_display(
        out,
        format_args!("{sign}{}.{:03}", milliseconds / 1000, milliseconds % 1000),
    );
}

fn push_display(out: &mut String, value: impl std::fmt::Display) {
    let written = write!(out, "{value}");
    debug_assert!(written.is_ok(), "a String takes everything");
}

#[cfg(test)]
mod tests;
