//! The client of an operation's server, as the configuration has it.

use std::path::PathBuf;

use small_file::{Links, Shown};
use wolkvox::client::{Client, Names, RootsError, Settings, SetupError, Tls};
use wolkvox::{Report, cause};

use crate::chats::field::{self, Customers};
use crate::config::{Addressed, Agents, Counting, Described, Server};
use crate::token::ConfiguredToken;

/// Many times what all the roots of a system take.
const MOST_CA_BYTES: u64 = 4 * 1024 * 1024;

/// All that may be set.
const NAMES: Names = Names {
    address: "WOLKVOX_SERVER or WOLKVOX_BASE_URL",
    token: "WOLKVOX_TOKEN or WOLKVOX_TOKEN_FILE",
    roots: "WOLKVOX_CA_FILE",
    timeout: "WOLKVOX_REQUEST_TIMEOUT",
};

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The CA file can't be read.
    #[error("{setting}: {error}")]
    CaFile {
        /// What names the file.
        setting: String,
        /// What is wrong.
        error: small_file::Error,
    },
    /// The CA file holds no certificate, or something else besides.
    #[error("{setting}: {path} {why}", path = Shown(path))]
    Roots {
        /// What names the file.
        setting: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: RootsError,
    },
    /// The TLS library refuses: most likely the system has no root certificates.
    #[error("{0}: install the system's CA certificates, or set WOLKVOX_CA_FILE")]
    Tls(SetupError),
    /// Of what else it is made, something can't be used.
    #[error(transparent)]
    Setup(SetupError),
}

/// Sets up the client that asks for chats. What is kept of `agents` decides which fields it reads. Clients with clones of one
/// `tls` share the roots that they trust.
///
/// # Errors
/// See [`ClientError`]: the CA file, most likely.
pub fn open(server: &Server, agents: Agents, tls: &Tls) -> Result<Client, ClientError> {
    open_for(field::report(agents, Customers::Skip), server, tls)
}

/// The same for an exporter, which counts recontacts where they are set.
///
/// # Errors
/// See [`ClientError`].
pub fn open_to_count(server: &Server, counting: &Counting, tls: &Tls) -> Result<Client, ClientError> {
    let customers = match counting.recontact {
        Some(_) => Customers::Read,
        None => Customers::Skip,
    };
    open_for(field::report(counting.agents, customers), server, tls)
}

/// Sets up a client that asks for another report of the same server. Otherwise as [`open`].
///
/// # Errors
/// See [`ClientError`].
pub fn open_for(report: Report, server: &Server, tls: &Tls) -> Result<Client, ClientError> {
    let mut settings = Settings {
        tls: tls.clone(),
        ..settings(server, report)
    };
    let ca_file = server.ca_file.as_deref();
    let setting = || server.described.setting("CA_FILE");
    let roots = ca_file.map(|path| small_file::read(path, MOST_CA_BYTES, Links::Follow));
    settings.roots = roots.transpose().map_err(|error| ClientError::CaFile {
        setting: setting(),
        error,
    })?;
    Client::new(settings).map_err(|error| match (error, ca_file) {
        (SetupError::Roots(why), Some(path)) => ClientError::Roots {
            setting: setting(),
            path: path.to_owned(),
            why,
        },
        (error @ SetupError::Tls(_), _) => ClientError::Tls(error),
        (error, _) => ClientError::Setup(error),
    })
}

fn settings(server: &Server, report: Report) -> Settings {
    Settings {
        agent_dni: server.agent_dni.clone(),
        timeout: server.request_timeout,
        proxy: server.proxy.clone(),
        user_agent: concat!("wolkvox-exporter/", env!("CARGO_PKG_VERSION")).to_owned(),
        names: names(server),
        ..Settings::new(server.base_url.as_str(), server.token.clone(), report)
    }
}

/// What is set.
fn names(server: &Server) -> Names {
    match server.described {
        Described::ByEnvironment => Names {
            address: match server.addressed {
                Addressed::ByNumber => "WOLKVOX_SERVER",
                Addressed::ByUrl => "WOLKVOX_BASE_URL",
            },
            token: match server.token {
                ConfiguredToken::Fixed(_) => "WOLKVOX_TOKEN",
                ConfiguredToken::File(_) => "WOLKVOX_TOKEN_FILE",
            },
            ..NAMES
        },
        Described::ByFile => Names {
            address: match server.addressed {
                Addressed::ByNumber => "the operation's server",
                Addressed::ByUrl => "the operation's base_url",
            },
            token: match server.token {
                ConfiguredToken::Fixed(_) => "the operation's token",
                ConfiguredToken::File(_) => "the operation's token_file",
            },
            roots: "the operation's ca_file",
            timeout: "the operation's request_timeout",
        },
    }
}

/// Why no answer comes that can be read, as a table for the documents: the words of the log, the status page and `check`.
pub fn causes() -> String {
    cause::markdown(&NAMES)
}

#[cfg(test)]
mod tests;
