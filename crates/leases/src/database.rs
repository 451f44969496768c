//! Statements, each a transaction of its own, in a bounded time.

use std::future::poll_fn;
use std::time::Duration;

use deadpool_postgres::{
    Connect, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
    Timeouts,
};
use tokio::task::JoinHandle;
use tokio_postgres::types::{FromSqlOwned, ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Config, Row};
use tokio_postgres_rustls::MakeRustlsConnect;
use uuid::Uuid;

use crate::error::{Error, Kind, was_not_done};
use crate::hosts::Hosts;
use crate::tls;
use crate::url::StateUrl;

/// To connect to a host takes at most so long, unless the URL says otherwise. One that is away must not use up a lease.
const LONGEST_CONNECT: Duration = Duration::from_secs(5);

/// A parameter of a statement, and its type. The type is told, so that no statement has to be prepared by name.
pub(crate) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// Connections to the database. A clone shares them.
#[derive(Clone)]
pub(crate) struct Database {
    pool: Pool,
    tls: MakeRustlsConnect,
    longest_connect: Duration,
    address: String,
}

/// Why a statement gave nothing.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It changed nothing, and never will.
    NotDone(Error),
    /// Whether it was done, or will be, is not known.
    Unknown(Error),
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Error {
        match failed {
            Failed::NotDone(error) | Failed::Unknown(error) => error,
        }
    }
}

impl Database {
    /// A pool of at most so many connections. None is made yet. Of several hosts each gets its part of `within`, where that is
    /// shorter than what connecting may take.
    ///
    /// # Errors
    /// The roots of TLS can't be used.
    pub(crate) fn new(url: &StateUrl, connections: usize, within: Duration) -> Result<Database, Error> {
        let mut config = url.config.clone();
        let longest = config.get_connect_timeout().copied().unwrap_or(LONGEST_CONNECT);
        config.connect_timeout(longest);
        if config.get_application_name().is_none() {
            config.application_name("wolkvox-exporter");
        }
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let tls = tls::connector(url)?;
        let hosts = Hosts::of(&config, of_each_host(&config, longest, within));
        let longest_connect = hosts.within();
        let connect = Connector {
            hosts,
            tls: tls.clone(),
        };
        let manager = Manager::from_connect(config, connect, recycling);
        let timeouts = Timeouts {
            wait: None,
            create: Some(longest_connect),
            recycle: None,
        };
        let pool = Pool::builder(manager)
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .timeouts(timeouts)
            // In place of the pool's own look, which warns of each connection that a restart of the database ended.
            .pre_recycle(Hook::sync_fn(|client, _| {
                if client.is_closed() {
                    Err(HookError::message("closed"))
                } else {
                    Ok(())
                }
            }))
            .build()
            .map_err(|error| Error::new(Kind::Server, url.address(), error.to_string()))?;
        Ok(Database {
            pool,
            tls,
            longest_connect,
            address: url.address().to_owned(),
        })
    }

    /// Host, port and database.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Does one statement, within so long.
    ///
    /// # Errors
    /// See [`Failed`].
    pub(crate) async fn query(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
        within: Duration,
    ) -> Result<Vec<Row>, Failed> {
        self.run(within, async |client| {
            client.query_typed(statement, parameters).await
        })
        .await
    }

    /// Does several statements without parameters as one transaction, within so long.
    ///
    /// # Errors
    /// See [`Failed`].
    pub(crate) async fn batch(&self, statements: &str, within: Duration) -> Result<(), Failed> {
        self.run(within, async |client| client.batch_execute(statements).await)
            .await
    }

    /// A column of a row.
    ///
    /// # Errors
    /// It holds something else.
    pub(crate) fn get<T: FromSqlOwned>(&self, row: &Row, at: usize) -> Result<T, Error> {
        let value = row.try_get(at);
        value.map_err(|error| Error::new(Kind::Server, &self.address, error.to_string()))
    }

    /// A UUID that nobody else has.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(crate) fn random(&self) -> Result<Uuid, Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::new(Kind::Server, &self.address, error.to_string()))?;
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    async fn run<T>(
        &self,
        within: Duration,
        statement: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Failed> {
        let deadline = tokio::time::Instant::now() + within;
        let overdue = || {
            Error::new(
                Kind::Timeout,
                &self.address,
                format!("{} s", within.as_secs_f32()),
            )
        };
        let client = tokio::time::timeout_at(deadline, self.pool.get())
            .await
            .map_err(|_| Failed::NotDone(overdue()))?
            .map_err(|error| Failed::NotDone(self.not_connected(error)))?;
        let done = tokio::time::timeout_at(deadline, statement(&client)).await;
        let failed = match done {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) if was_not_done(&error) => Failed::NotDone(Error::of(&error, &self.address)),
            Ok(Err(error)) => Failed::Unknown(Error::of(&error, &self.address)),
            Err(_) => {
                self.cancel(&client);
                Failed::Unknown(overdue())
            }
        };
        // What is still under way there, or a transaction that was left open, must not meet the next statement.
        drop(Object::take(client));
        Err(failed)
    }

    /// Asks the server to end what is overdue, without waiting for that. A session that waits for a lock does not notice that its
    /// client is gone, and such sessions would use up the server's connections.
    fn cancel(&self, client: &Client) {
        let (token, tls) = (client.cancel_token(), self.tls.clone());
        tokio::spawn(tokio::time::timeout(LONGEST_CONNECT, async move {
            // It is a request: whether it was granted, nobody is told.
            let _ = token.cancel_query(tls).await;
        }));
    }

    fn not_connected(&self, error: PoolError) -> Error {
        match error {
            PoolError::Backend(error) => Error::of(&error, &self.address),
            PoolError::Timeout(_) => Error::new(
                Kind::Unreachable,
                &self.address,
                format!("no connection within {} s", self.longest_connect.as_secs_f32()),
            ),
            error => Error::new(Kind::Unreachable, &self.address, error.to_string()),
        }
    }
}

/// How long each host may take. Of several the last one and the statement itself still come in time.
fn of_each_host(config: &Config, longest: Duration, within: Duration) -> Duration {
    match u32::try_from(config.get_hosts().len()).unwrap_or(u32::MAX) {
        0 | 1 => longest,
        hosts => longest.min(within / hosts.saturating_add(1)),
    }
}

/// Connects, and keeps quiet about what the server remarks and about a connection that ends: whoever uses it is told.
struct Connector {
    hosts: Hosts,
    tls: MakeRustlsConnect,
}

type Connected = Result<(Client, JoinHandle<()>), tokio_postgres::Error>;

impl Connect for Connector {
    fn connect(&self, _all: &Config) -> std::pin::Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        Box::pin(self.hosts.try_each(|config| connect(config, self.tls.clone())))
    }
}

async fn connect(config: Config, tls: MakeRustlsConnect) -> Connected {
    let (client, mut connection) = config.connect(tls).await?;
    let task = tokio::spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            match message {
                Ok(AsyncMessage::Notice(notice)) => {
                    tracing::debug!("PostgreSQL remarks: {notice}");
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "a connection to PostgreSQL ended");
                    return;
                }
            }
        }
    });
    Ok((client, task))
}
