//! Values that replicas hold under fenced leases in PostgreSQL: of all replicas one at a time may write a value, whatever
//! clocks, networks and crashes do.
//!
//! A value is the state of an operation. Operations are in groups, and a group is held as a whole. A replica claims groups
//! whose leases are out, renews what it holds, and commits under its *fence*: a UUID that each claim makes anew. A commit
//! whose fence is no longer in the row changes nothing, and its replica is *fenced*: it holds the operation no more.
//!
//! Time decides who may claim, and by the database's clock alone. It never decides whether a commit is right: the fence does.
//!
//! [`Replica`] is a process with its claims; [`Lease`] is one operation of it.

mod admin;
mod database;
mod error;
mod hosts;
mod lease;
mod overview;
mod replica;
mod schema;
mod share;
mod statement;
mod tls;
mod url;

pub use admin::{Admin, InsertError, Listed, TakeError, Taken};
pub use error::{Error, Kind};
pub use lease::{Hold, Lease, LeaseError, Until};
pub use overview::{OperationRow, Overview, ReplicaRow};
pub use replica::{Counters, Member, Replica, Settings};
pub use schema::{DDL, GRANTS, Migration, SCHEMA_VERSION};
pub use share::Reach;
pub use url::{StateUrl, UrlError};
/// What names a replica.
pub use uuid::Uuid as Id;
