//! The integration tests.

mod docs;
