//! What the tests stand on.

pub(crate) mod exposition;
pub(crate) mod operation;
pub(crate) mod past;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod tsdb;
