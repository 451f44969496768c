//! The port: a listener for each address that the configured one stands for.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

use tokio::net::{TcpListener, TcpSocket};

/// How many connections may wait to be accepted, as other servers have it; the system may allow fewer.
const BACKLOG: u32 = 1024;

/// Why the port could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    /// The name stands for no address.
    #[error(
        "can't listen on {name}: the name can't be looked up ({cause}). Choose another address or port (WOLKVOX_LISTEN_ADDRESS, in the demo --listen)"
    )]
    Name {
        /// As configured.
        name: String,
        /// As the system says it.
        cause: io::Error,
    },
    /// An address can't be listened on.
    #[error(
        "can't listen on {address}{}: {cause}. Choose another address or port (WOLKVOX_LISTEN_ADDRESS, in the demo --listen)",
        if *.name == address.to_string() { String::new() } else { format!(", one of the addresses of {name}") }
    )]
    Address {
        /// As configured.
        name: String,
        /// Which of its addresses.
        address: SocketAddr,
        /// As the system says it.
        cause: io::Error,
    },
}

/// Listens on an address (`0.0.0.0:10555`, `[::]:10555`), or on all addresses of a name (`localhost:10555`), on one port.
/// Of a name, addresses that this machine does not have are passed over: `localhost` is often `::1` too where IPv6 is off.
///
/// # Errors
/// See [`ListenError`]. Nothing is listened on then.
pub(crate) async fn bind(name: &str) -> Result<Vec<TcpListener>, ListenError> {
    let failed = |address, cause| ListenError::Address {
        name: name.to_owned(),
        address,
        cause,
    };
    let mut listeners = Vec::new();
    let mut passed_over = None;
    let mut port = 0;
    for mut address in addresses(name).await? {
        if address.port() == 0 {
            // Any free port, and the same for all.
            address.set_port(port);
        }
        match listen(address) {
            Ok(listener) => {
                port = listener
                    .local_addr()
                    .map_err(|cause| failed(address, cause))?
                    .port();
                listeners.push(listener);
            }
            Err(cause) if is_not_ours(&cause) => {
                tracing::info!(
                    %address,
                    name,
                    "this machine has no address {address}, one of {name}: it is passed over ({cause})"
                );
                passed_over = Some((address, cause));
            }
            Err(cause) => return Err(failed(address, cause)),
        }
    }
    match passed_over {
        Some((address, cause)) if listeners.is_empty() => Err(failed(address, cause)),
        _ => Ok(listeners),
    }
}

/// What the name stands for, each once.
async fn addresses(name: &str) -> Result<Vec<SocketAddr>, ListenError> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    let failed = |cause| ListenError::Name {
        name: name.to_owned(),
        cause,
    };
    let asked = name.to_owned();
    let found = offload::run("resolver", move || asked.to_socket_addrs())
        .await
        .map_err(io::Error::from)
        .and_then(|found| found)
        .map_err(failed)?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(failed(io::ErrorKind::NotFound.into()));
    }
    Ok(addresses)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A port whose last connections are still being closed can be opened again; elsewhere it would mean something else.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Whether the machine lacks the address, or its whole family.
fn is_not_ours(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable || has_no_family(error)
}

#[cfg(unix)]
fn has_no_family(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

#[cfg(not(unix))]
fn has_no_family(_: &io::Error) -> bool {
    false
}

#[cfg(test)]
mod tests;
