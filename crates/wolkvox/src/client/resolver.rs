//! Names are looked up on threads of their own: the system's resolver blocks, for half a minute where a name server is
//! silent, and must hold up neither other work nor the end of the process.

use std::net::ToSocketAddrs as _;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The system's resolver.
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is the caller's.
            let lookup = move || (name.as_str(), 0).to_socket_addrs();
            let addresses = offload::run("resolver", lookup).await??;
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
