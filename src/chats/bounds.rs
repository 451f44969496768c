//! The buckets of the histograms: upper bounds in milliseconds. Changing one of the first four starts its family at 0
//! for everybody.

const fn seconds<const N: usize>(mut bounds: [u64; N]) -> [u64; N] {
    let mut index = 0;
    while index < N {
        bounds[index] *= 1000;
        index += 1;
    }
    bounds
}

/// ASA.
pub(crate) const ASA: &[u64] = &seconds([
    5, 10, 15, 20, 25, 30, 45, 60, 90, 120, 180, 240, 300, 600, 1800, 3600,
]);
/// From open to close.
pub(crate) const DURATION: &[u64] = &seconds([
    60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 64_800, 86_400, 172_800,
]);
/// The agent's time.
pub(crate) const TIME_ON_AGENT: &[u64] = &seconds([
    30, 60, 120, 180, 300, 450, 600, 900, 1200, 1800, 3600, 7200, 14_400,
]);
/// The agent's average response time.
pub(crate) const AGENT_RESPONSE: &[u64] = &seconds([5, 10, 15, 30, 60, 120, 300, 600, 1800]);
/// From the close of a chat until it was first seen. Not part of the state.
pub(crate) const ARRIVAL_DELAY: &[u64] = &seconds([
    15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400, 172_800, 604_800,
]);
/// One call to the API. Not part of the state.
pub(crate) const API_REQUEST: &[u64] = &[
    100, 250, 500, 1000, 2500, 5000, 10_000, 20_000, 30_000, 60_000, 90_000,
];
