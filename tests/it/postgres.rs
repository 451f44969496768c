//! With a real PostgreSQL: what the tests of replicas stand on, shown with plain statements on a table of the same shape.

mod history;
mod lease;
mod pgbouncer;
mod proxy;
mod replicas;
mod row;
mod server;
