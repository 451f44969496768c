//! Ports that stay free while a server is stopped.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that the system gives to whoever asks for any: a server that is stopped gets its port back.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A port of loopback that nothing listens at. Each call of a process gives another one, and each process begins elsewhere.
pub(super) fn choose() -> SocketAddr {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let count = u32::from(PORTS.end - PORTS.start);
    for _ in PORTS {
        let tried = u32::from(TRIED.fetch_add(1, Ordering::Relaxed));
        // 40 servers per process before it meets those of the next one.
        let offset = (std::process::id().wrapping_mul(40).wrapping_add(tried)) % count;
        let port = PORTS.start + u16::try_from(offset).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port from {PORTS:?} is free");
}
