//! What the tests share.

pub(crate) mod browser;
pub(crate) mod disk;
pub(crate) mod exposition;
pub(crate) mod fleet;
pub(crate) mod names;
pub(crate) mod operation;
pub(crate) mod peer;
pub(crate) mod placed;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod repository;
pub(crate) mod scraper;
pub(crate) mod shown;
pub(crate) mod states;
pub(crate) mod truth;
pub(crate) mod tsdb;
pub(crate) mod watch;
pub(crate) mod web;
pub(crate) mod wire;
pub(crate) mod world;
