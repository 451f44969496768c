//! What a person does with states, while replicas run or not: make the tables, look, take over, move.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::{FromSqlOwned, Type};
use uuid::Uuid;

use crate::database::{Database, Failed, Parameter};
use crate::error::Error;
use crate::schema::{self, Migration};
use crate::statement::{Commit, Statements};
use crate::url::StateUrl;

/// How long a person holds an operation: enough to read a state and write it.
const LEASE: Duration = Duration::from_secs(60);
const WITHIN: Duration = Duration::from_secs(20);
/// How often a state is sent whose arrival is not known.
const SENDINGS: u32 = 3;
const SENDING_PAUSE: Duration = Duration::from_millis(500);

/// A person's way to the states.
pub struct Admin {
    statements: Statements,
    id: Uuid,
}

/// A state without its lease, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Commits so far.
    pub version: i64,
    /// Where the replica is reached that holds it, or held it last.
    pub holder: Option<String>,
    /// Whether it is held now.
    pub is_held: bool,
    /// Where it was moved.
    pub moved_to: Option<String>,
    /// The bytes of the row, packed; `None` before the first commit.
    pub state: Option<Vec<u8>>,
}

/// An operation that a person holds.
#[derive(Debug)]
pub struct Taken<'a> {
    admin: &'a Admin,
    operation: String,
    fence: Uuid,
    version: i64,
    /// The bytes of the row, packed; `None` before the first commit.
    pub state: Option<Vec<u8>>,
    /// Where it was moved before.
    pub moved_to: Option<String>,
}

/// Why an operation was not taken.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TakeError {
    /// There is no such row.
    #[error("there is no state of {operation} in PostgreSQL at {address}")]
    Missing {
        /// Whose.
        operation: String,
        /// Host, port and database.
        address: String,
    },
    /// A replica holds it.
    #[error(
        "{operation} is held by {holder} in PostgreSQL at {address}. Stop the replicas first; what one held that was killed is free when its lease is out (WOLKVOX_STATE_LEASE, a minute by default)"
    )]
    Held {
        /// Whose.
        operation: String,
        /// The replica that holds it, with its address.
        holder: String,
        /// Host, port and database.
        address: String,
    },
    /// It was moved before.
    #[error("the state of {operation} was moved to {to}, and is used there: do it there")]
    Moved {
        /// Whose.
        operation: String,
        /// Where.
        to: String,
    },
    /// A replica took it over meanwhile.
    #[error("a replica took {operation} over meanwhile; try again")]
    Fenced {
        /// Whose.
        operation: String,
    },
    /// The database can't be used.
    #[error(transparent)]
    Database(#[from] Error),
}

/// Why a state was not written into a row.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InsertError {
    /// A replica made or holds the row, or another state was written there meanwhile. Nothing was changed.
    #[error(
        "{operation} is in use in PostgreSQL at {address}: a replica holds it, or has just written it. Stop the replicas there first"
    )]
    InUse {
        /// Whose.
        operation: String,
        /// Host, port and database.
        address: String,
    },
    /// It was not written, and never will be.
    #[error(transparent)]
    NotDone(Error),
    /// Whether it was written is not known.
    #[error("whether it was written is not known: {0}")]
    Unknown(Error),
}

impl Admin {
    /// Nothing is asked yet. `format` is that of the states that this program writes.
    ///
    /// # Errors
    /// The roots of TLS can't be used, or the system gives no random bytes.
    pub fn new(url: &StateUrl, format: i32) -> Result<Admin, Error> {
        let database = Database::new(url, 1, WITHIN)?;
        let id = database.random()?;
        let statements = Statements {
            rounds: database.clone(),
            database,
            within: WITHIN,
            lease: LEASE,
            format,
        };
        Ok(Admin { statements, id })
    }

    /// Host, port and database, for people.
    pub fn address(&self) -> &str {
        self.statements.database.address()
    }

    /// Makes the tables where they are missing.
    ///
    /// # Errors
    /// The database can't be used, or the role may not make them.
    pub async fn migrate(&self) -> Result<Migration, Error> {
        schema::ensure(&self.statements.database).await
    }

    /// Whether the tables are there, in a version that this program can use.
    ///
    /// # Errors
    /// They are not, or the database can't be used.
    pub async fn check(&self) -> Result<(), Error> {
        schema::check(&self.statements.database).await
    }

    /// The names of all operations that have a row.
    ///
    /// # Errors
    /// The database can't be used.
    pub async fn operations(&self) -> Result<Vec<String>, Error> {
        let statement = "select operation from wolkvox_operation order by operation";
        let rows = self.query(statement, &[]).await?;
        rows.iter().map(|row| self.get(row, 0)).collect()
    }

    /// The state of one operation, held or not; `None` where it has no row.
    ///
    /// # Errors
    /// The database can't be used.
    pub async fn look(&self, operation: &str) -> Result<Option<Listed>, Error> {
        const LOOK: &str = "\
select o.version, r.url, o.lease_until > now(), o.moved_to, o.state
from wolkvox_operation o left join wolkvox_replica r on r.id = o.holder where o.operation = $1";
        let rows = self.query(LOOK, &[(&operation, Type::TEXT)]).await?;
        let row = rows.first();
        row.map(|row| {
            Ok(Listed {
                version: self.get(row, 0)?,
                holder: self.get(row, 1)?,
                is_held: self.get(row, 2)?,
                moved_to: self.get(row, 3)?,
                state: self.get(row, 4)?,
            })
        })
        .transpose()
    }

    /// Takes an operation, also from a replica that holds it: the replica is fenced, and goes on later with what is written here.
    ///
    /// # Errors
    /// See [`TakeError`].
    pub async fn take_over(&self, operation: &str) -> Result<Taken<'_>, TakeError> {
        self.take(operation, "moved_to is null").await
    }

    /// Takes an operation that nobody holds. It may have been moved before.
    ///
    /// # Errors
    /// See [`TakeError`].
    pub async fn take_idle(&self, operation: &str) -> Result<Taken<'_>, TakeError> {
        self.take(operation, "lease_until <= now()").await
    }

    async fn take(&self, operation: &str, condition: &str) -> Result<Taken<'_>, TakeError> {
        let statement = format!(
            "\
update wolkvox_operation
set lease = $2, epoch = epoch + 1, holder = $3, lease_until = now() + interval '60 seconds'
where operation = $1 and {condition}
returning version, state, moved_to"
        );
        let fence = self.statements.database.random()?;
        let parameters: [Parameter<'_>; 3] = [
            (&operation, Type::TEXT),
            (&fence, Type::UUID),
            (&self.id, Type::UUID),
        ];
        let rows = self.query(&statement, &parameters).await?;
        let Some(row) = rows.first() else {
            return Err(self.why_not(operation).await?);
        };
        Ok(Taken {
            admin: self,
            operation: operation.to_owned(),
            fence,
            version: self.get(row, 0)?,
            state: self.get(row, 1)?,
            moved_to: self.get(row, 2)?,
        })
    }

    async fn why_not(&self, operation: &str) -> Result<TakeError, Error> {
        let operation = operation.to_owned();
        let address = self.address().to_owned();
        Ok(match self.look(&operation).await? {
            None => TakeError::Missing { operation, address },
            Some(Listed {
                is_held: false,
                moved_to: Some(to),
                ..
            }) => TakeError::Moved { operation, to },
            Some(listed) => TakeError::Held {
                operation,
                holder: listed.holder.map_or_else(
                    || "another `wolkvox-exporter state` command".to_owned(),
                    |url| format!("the replica at {url}"),
                ),
                address,
            },
        })
    }

    /// Writes the state of an operation that has none here, or one that was moved away before. `seen` is the version of its row when
    /// it was looked at; 0 where it had none. Nothing that was sent can arrive once a later version is there.
    ///
    /// # Errors
    /// See [`InsertError`].
    pub async fn insert(&self, operation: &str, state: &[u8], seen: i64) -> Result<(), InsertError> {
        let mut is_unknown = None;
        for _ in 0..SENDINGS {
            match self.send(operation, state, seen).await {
                Ok(true) => return Ok(()),
                Ok(false) => return self.expect_arrival(operation, state, is_unknown).await,
                // One that was sent before may still arrive.
                Err(Failed::NotDone(error)) if is_unknown.is_none() => {
                    return Err(InsertError::NotDone(error));
                }
                Err(failed) => is_unknown = Some(Error::from(failed)),
            }
            tokio::time::sleep(SENDING_PAUSE).await;
        }
        Err(match is_unknown {
            Some(error) => InsertError::Unknown(error),
            None => self.in_use(operation),
        })
    }

    /// Whether it was written now.
    async fn send(&self, operation: &str, state: &[u8], seen: i64) -> Result<bool, Failed> {
        const INSERT: &str = "\
insert into wolkvox_operation as o (operation, grp, version, state_format, state) values ($1, $1, $4 + 1, $3, $2)
on conflict (operation) do update
set version = o.version + 1, state_format = excluded.state_format, state = excluded.state, moved_to = null,
    lease = null, lease_until = '-infinity'
where o.version = $4 and o.lease_until <= now() and (o.state is null or o.moved_to is not null)
returning version";
        let parameters: [Parameter<'_>; 4] = [
            (&operation, Type::TEXT),
            (&state, Type::BYTEA),
            (&self.statements.format, Type::INT4),
            (&seen, Type::INT8),
        ];
        let rows = self.statements.database.query(INSERT, &parameters, LEASE).await?;
        Ok(!rows.is_empty())
    }

    /// A row that does not take the state: it is there already where one arrived that was sent before.
    async fn expect_arrival(
        &self,
        operation: &str,
        state: &[u8],
        is_unknown: Option<Error>,
    ) -> Result<(), InsertError> {
        let Some(error) = is_unknown else {
            return Err(self.in_use(operation));
        };
        match self.look(operation).await {
            Ok(Some(listed)) if listed.moved_to.is_none() && listed.state.as_deref() == Some(state) => Ok(()),
            // A replica may have gone on from it.
            _ => Err(InsertError::Unknown(error)),
        }
    }

    fn in_use(&self, operation: &str) -> InsertError {
        InsertError::InUse {
            operation: operation.to_owned(),
            address: self.address().to_owned(),
        }
    }

    async fn query(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Error> {
        Ok(self
            .statements
            .database
            .query(statement, parameters, LEASE)
            .await?)
    }

    fn get<T: FromSqlOwned>(&self, row: &Row, at: usize) -> Result<T, Error> {
        self.statements.database.get(row, at)
    }
}

impl Taken<'_> {
    /// Writes a state in place of what was there.
    ///
    /// # Errors
    /// See [`TakeError`].
    pub async fn write(&mut self, state: &[u8]) -> Result<(), TakeError> {
        let commit = Commit {
            operation: &self.operation,
            fence: self.fence,
            version: self.version,
            state,
        };
        let is_written = self.admin.statements.commit(commit).await.map_err(Error::from)?;
        self.version += 1;
        self.expect_fence(is_written)
    }

    /// The version of its row.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Marks the state as moved, so that nobody goes on from it; `None` takes that back.
    ///
    /// # Errors
    /// See [`TakeError`].
    pub async fn mark_moved(&self, to: Option<&str>) -> Result<(), TakeError> {
        const MARK: &str = "\
update wolkvox_operation set moved_to = $3 where operation = $1 and lease = $2 returning operation";
        let parameters: [Parameter<'_>; 3] = [
            (&self.operation, Type::TEXT),
            (&self.fence, Type::UUID),
            (&to, Type::TEXT),
        ];
        let database = &self.admin.statements.database;
        let mut sent = 1;
        // To do it twice is as good as once.
        let rows = loop {
            match database.query(MARK, &parameters, WITHIN).await {
                Err(Failed::Unknown(_)) if sent < SENDINGS => sent += 1,
                rows => break rows.map_err(Error::from)?,
            }
            tokio::time::sleep(SENDING_PAUSE).await;
        };
        self.expect_fence(!rows.is_empty())
    }

    /// Gives the operation back.
    ///
    /// # Errors
    /// The database can't be used; the operation is free in a minute then.
    pub async fn release(self) -> Result<(), Error> {
        Ok(self.admin.statements.release(&[self.fence]).await?)
    }

    fn expect_fence(&self, is_there: bool) -> Result<(), TakeError> {
        if is_there {
            return Ok(());
        }
        Err(TakeError::Fenced {
            operation: self.operation.clone(),
        })
    }
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Admin({})", self.address())
    }
}
