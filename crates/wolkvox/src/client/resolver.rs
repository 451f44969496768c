//! Names are looked up on threads of their own: the system's resolver blocks, for half a minute where a name server is
//! silent, and must hold up neither other work nor the end of the process.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Of many clients so many look up at once. A silent name server takes no more threads than these.
static LOOKUPS: offload::Queue = offload::Queue::new("resolver", 24);

/// The system's resolver.
pub(super) struct Resolver;

/// A name that was not found.
#[derive(Debug, thiserror::Error)]
#[error("{name} was not found")]
pub(super) struct LookupError {
    /// The name.
    pub(super) name: String,
    /// Why.
    #[source]
    pub(super) why: WhyNot,
}

/// Why a name was not found.
#[derive(Debug, thiserror::Error)]
pub(super) enum WhyNot {
    /// The lookup was not made.
    #[error(transparent)]
    NotAsked(#[from] offload::Error),
    /// As the system says it.
    #[error(transparent)]
    System(#[from] io::Error),
    /// It is known, and has no address.
    #[error("it has no address")]
    NoAddress,
}

impl WhyNot {
    /// Whether nobody could be asked, so that nothing is known of the name. The system tells it in words alone: those of
    /// glibc, the BSDs and macOS, and of musl.
    pub(super) fn is_without_answer(&self) -> bool {
        let WhyNot::System(error) = self else {
            return false;
        };
        let text = error.to_string();
        ["Temporary failure", "Try again", "not initialized"]
            .iter()
            .any(|words| text.contains(words))
    }
}

/// The addresses of a name, with this port.
pub(super) async fn look_up(name: &str, port: u16) -> Result<Vec<SocketAddr>, LookupError> {
    let failed = |why| LookupError {
        name: name.to_owned(),
        why,
    };
    let asked = name.to_owned();
    let lookup = move || {
        (asked.as_str(), port)
            .to_socket_addrs()
            .map(Iterator::collect::<Vec<_>>)
    };
    let looked_up = LOOKUPS.run(lookup).await.map_err(WhyNot::from);
    let addresses = looked_up.and_then(|found| found.map_err(WhyNot::from));
    match addresses {
        Ok(addresses) if addresses.is_empty() => Err(failed(WhyNot::NoAddress)),
        found => found.map_err(failed),
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is the caller's.
            let addresses = look_up(name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
