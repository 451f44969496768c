//! What the tests share.

pub(crate) mod disk;
pub(crate) mod server;
pub(crate) mod shown;
pub(crate) mod world;
