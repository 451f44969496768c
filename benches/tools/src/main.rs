#![allow(clippy::print_stdout)] // What is printed is what it is for.

//! What `benches/run` measures with. Both talk to this machine only, and stop by themselves.
//!
//! ```text
//! bench-tools constant PLAIN GZIP SECONDS
//! bench-tools load ADDRESS CONNECTIONS SECONDS plain|gzip
//! ```

mod constant;
mod load;

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

/// What comes of a tool.
type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

const USAGE: &str = "usage: bench-tools constant PLAIN GZIP SECONDS, or bench-tools load ADDRESS CONNECTIONS SECONDS plain|gzip";
/// Nothing runs longer, whatever it is told.
const LONGEST: Duration = Duration::from_secs(3600);

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["constant", plain, gzip, seconds] => constant::serve(plain, gzip, duration(seconds)?),
        ["load", address, connections, seconds, encoding] => load::run(&load::Load {
            address: loopback(address)?,
            connections: connections.parse()?,
            duration: duration(seconds)?,
            encoding: encoding.parse()?,
        }),
        _ => Err(USAGE.into()),
    }
}

fn duration(seconds: &str) -> Result<Duration, Box<dyn Error + Send + Sync>> {
    let duration = Duration::try_from_secs_f64(seconds.parse()?)?;
    Ok(duration.min(LONGEST))
}

fn loopback(address: &str) -> Result<SocketAddr, Box<dyn Error + Send + Sync>> {
    let address: SocketAddr = address.parse()?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!("{address} is not on this machine: a load is for a loopback address only").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_for_this_machine_only() {
        assert!(loopback("127.0.0.1:80").is_ok());
        assert!(loopback("[::1]:80").is_ok());
        assert!(loopback("192.0.2.1:80").is_err());
        assert!(loopback("localhost:80").is_err());
    }

    #[test]
    fn nothing_runs_longer_than_an_hour() {
        assert_eq!(duration("0.5").unwrap(), Duration::from_millis(500));
        assert_eq!(duration("1e9").unwrap(), LONGEST);
        assert!(duration("-1").is_err());
    }
}
