//! Why the database can't be used: what failed, in words with the way out.

use std::error::Error as _;
use std::fmt;
use std::io::ErrorKind;

use tokio_postgres::error::{DbError, Severity, SqlState};

/// The most of a text of the server that is shown, in characters.
const LONGEST_TEXT: usize = 300;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing answers at the address.
    Unreachable,
    /// No answer came in time.
    Timeout,
    /// The connection was lost.
    Lost,
    /// Its certificate is not trusted, or TLS failed otherwise.
    Tls,
    /// The URL asks for TLS, and the server has none.
    NoTls,
    /// The roots to trust can't be used.
    Roots,
    /// It refuses the role, its password, or the way of the connection.
    Refused,
    /// It has no such database.
    NoDatabase,
    /// The tables are missing.
    NoTables,
    /// The role may not do it.
    Rights,
    /// The tables are of a later version.
    NewerSchema,
    /// It takes no writes.
    ReadOnly,
    /// It has no room.
    Full,
    /// It has no connection to spare.
    Crowded,
    /// It is starting or ending.
    Restarting,
    /// Anything else that it says.
    Server,
}

impl Kind {
    /// Whether it stays so until somebody changes the settings or the database.
    pub fn is_permanent(self) -> bool {
        match self {
            Kind::Tls
            | Kind::NoTls
            | Kind::Roots
            | Kind::Refused
            | Kind::NoDatabase
            | Kind::NoTables
            | Kind::Rights
            | Kind::NewerSchema => true,
            Kind::Unreachable
            | Kind::Timeout
            | Kind::Lost
            | Kind::ReadOnly
            | Kind::Full
            | Kind::Crowded
            | Kind::Restarting
            | Kind::Server => false,
        }
    }

    fn way_out(self) -> &'static str {
        match self {
            Kind::Unreachable => "Check that it runs, and the host and port of its URL",
            Kind::Timeout => "It hangs, or the network does: look at its load and its log",
            Kind::Lost => "It was restarted, or the network cut the connection: its log tells",
            Kind::Tls => {
                "Name the root certificate of its authority with sslrootcert=FILE in the URL; sslmode=verify-ca passes over the name in the certificate"
            }
            Kind::NoTls => {
                "Switch TLS on there (ssl = on), or write sslmode=disable into the URL if nobody else can read this network"
            }
            Kind::Roots => "Mend the file, or leave sslrootcert out to trust the system's roots",
            Kind::Refused => {
                "Check the role and the password in the URL, and pg_hba.conf there; it may ask for TLS (sslmode=require or better)"
            }
            Kind::NoDatabase => "Create it (createdb), or name another one at the end of the URL",
            Kind::NoTables => {
                "Run `wolkvox-exporter state migrate` as the owner of the schema, or give its owner what `wolkvox-exporter state migrate --print` prints"
            }
            Kind::Rights => {
                "The role needs select, insert and update on the tables; `wolkvox-exporter state migrate --print` prints what its owner runs"
            }
            Kind::NewerSchema => "Run that version of the exporter",
            Kind::ReadOnly => {
                "It is a standby, or set to read only: name the primary, or several hosts and target_session_attrs=read-write in the URL"
            }
            Kind::Full => "Make room where its data are; nothing that was counted is lost",
            Kind::Crowded => "Raise max_connections there, or put PgBouncer before it",
            Kind::Restarting => "It is tried again by itself",
            Kind::Server => "Its log may tell more",
        }
    }
}

/// A failure of the database.
#[derive(Debug, Clone)]
pub struct Error {
    kind: Kind,
    /// Host, port and database; empty where it is not about one.
    address: String,
    detail: String,
}

impl Error {
    /// What kind it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the database or the system says.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn new(kind: Kind, address: &str, detail: impl Into<String>) -> Error {
        Error {
            kind,
            address: address.to_owned(),
            detail: detail.into(),
        }
    }

    pub(crate) fn roots(detail: String) -> Error {
        Error::new(Kind::Roots, "", detail)
    }

    pub(crate) fn of(error: &tokio_postgres::Error, address: &str) -> Error {
        if let Some(error) = error.as_db_error() {
            return Error::new(of_server(error), address, said(error));
        }
        let causes = causes(error);
        let kind = match () {
            () if error.is_closed() => Kind::Lost,
            () if causes
                .iter()
                .any(|text| text.contains("server does not support TLS")) =>
            {
                Kind::NoTls
            }
            () if causes.iter().any(|text| text.contains("password missing")) => Kind::Refused,
            () if is_of_tls(error) => Kind::Tls,
            () => of_system(error),
        };
        Error::new(kind, address, causes.last().cloned().unwrap_or_default())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error {
            kind,
            address,
            detail,
        } = self;
        match kind {
            Kind::Unreachable => write!(f, "PostgreSQL at {address} can't be reached ({detail})")?,
            Kind::Timeout => write!(f, "PostgreSQL at {address} did not answer in time ({detail})")?,
            Kind::Lost => write!(f, "the connection to PostgreSQL at {address} was lost ({detail})")?,
            Kind::Tls => write!(f, "TLS with PostgreSQL at {address} failed ({detail})")?,
            Kind::NoTls => write!(f, "PostgreSQL at {address} has no TLS, and the URL asks for it")?,
            Kind::Roots => write!(f, "the roots to trust can't be used: {detail}")?,
            Kind::Refused => write!(f, "PostgreSQL at {address} refuses the connection ({detail})")?,
            Kind::NoTables => write!(
                f,
                "PostgreSQL at {address} lacks the tables of the state ({detail})"
            )?,
            Kind::Rights => write!(
                f,
                "the role may not do that at PostgreSQL at {address} ({detail})"
            )?,
            Kind::NewerSchema => {
                write!(
                    f,
                    "the tables in PostgreSQL at {address} were made by a newer exporter ({detail})"
                )?;
            }
            Kind::ReadOnly => write!(f, "PostgreSQL at {address} takes no writes ({detail})")?,
            Kind::Full => write!(f, "PostgreSQL at {address} is full ({detail})")?,
            Kind::Crowded => write!(f, "PostgreSQL at {address} has no connection to spare ({detail})")?,
            Kind::Restarting => write!(f, "PostgreSQL at {address} is starting or ending ({detail})")?,
            Kind::NoDatabase | Kind::Server => write!(f, "PostgreSQL at {address} says: {detail}")?,
        }
        write!(f, ". {}", kind.way_out())
    }
}

impl std::error::Error for Error {}

/// Whether a statement that failed so can't have been done: the server itself refused it.
pub(crate) fn was_not_done(error: &tokio_postgres::Error) -> bool {
    let Some(error) = error.as_db_error() else {
        return false;
    };
    // Of a connection, of operators, of the system and of itself: it says these also where the statement was done. PgBouncer
    // tells a lost server so.
    let is_of_connection = ["08", "57", "58", "XX"]
        .iter()
        .any(|class| error.code().code().starts_with(class));
    error.parsed_severity() == Some(Severity::Error) && !is_of_connection
}

fn of_server(error: &DbError) -> Kind {
    let code = error.code();
    if *code == SqlState::INVALID_PASSWORD || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        Kind::Refused
    } else if *code == SqlState::INVALID_CATALOG_NAME {
        Kind::NoDatabase
    } else if *code == SqlState::UNDEFINED_TABLE || *code == SqlState::INVALID_SCHEMA_NAME {
        Kind::NoTables
    } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        Kind::Rights
    } else if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        Kind::ReadOnly
    } else if *code == SqlState::DISK_FULL || *code == SqlState::OUT_OF_MEMORY {
        Kind::Full
    } else if *code == SqlState::TOO_MANY_CONNECTIONS {
        Kind::Crowded
    } else if code.code().starts_with("57P") {
        Kind::Restarting
    } else if code.code().starts_with("08") {
        of_pooler(error)
    } else {
        Kind::Server
    }
}

/// What PgBouncer says in its own name.
fn of_pooler(error: &DbError) -> Kind {
    let text = error.message();
    if text.contains("password authentication failed") || text.contains("SASL authentication failed") {
        Kind::Refused
    } else if text.contains("no such database") || text.contains("does not exist") {
        Kind::NoDatabase
    } else if text.contains("no more connections") {
        Kind::Crowded
    } else {
        Kind::Lost
    }
}

fn of_system(error: &tokio_postgres::Error) -> Kind {
    let Some(error) = system_error(error) else {
        return if error.to_string().contains("timeout") {
            Kind::Timeout
        } else {
            Kind::Lost
        };
    };
    match error.kind() {
        ErrorKind::TimedOut => Kind::Timeout,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Kind::Lost,
        _ => Kind::Unreachable,
    }
}

fn system_error(error: &tokio_postgres::Error) -> Option<&std::io::Error> {
    error.source()?.downcast_ref::<std::io::Error>()
}

fn is_of_tls(error: &tokio_postgres::Error) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        // An error of the system may hold one of TLS.
        let io = cause.downcast_ref::<std::io::Error>();
        let inner = io.and_then(std::io::Error::get_ref);
        let inner = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if cause.is::<rustls::Error>() || inner.is_some() {
            return true;
        }
        next = cause.source();
    }
    error.to_string().contains("TLS handshake")
}

/// The texts of an error and its causes, from the outermost on.
fn causes(error: &tokio_postgres::Error) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        texts.push(shortened(&cause.to_string()));
        next = cause.source();
    }
    texts
}

/// What the server says, and its hint: in the language that it is set to.
fn said(error: &DbError) -> String {
    let code = error.code().code();
    let text = match error.hint() {
        Some(hint) => format!("{}: {hint}", error.message()),
        None => error.message().to_owned(),
    };
    format!("{}, SQLSTATE {code}", shortened(&text))
}

/// A text of somebody else, fit for one line of a log.
fn shortened(text: &str) -> String {
    let clean = text
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char });
    let mut short: String = clean.take(LONGEST_TEXT).collect();
    if text.chars().nth(LONGEST_TEXT).is_some() {
        short.push('…');
    }
    short
}
