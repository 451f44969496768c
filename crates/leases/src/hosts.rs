//! The hosts of a URL, tried one after another. `tokio-postgres` has a time for the TCP connection alone: a host that takes it
//! and says nothing would keep it from the next one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The hosts of a URL, each as a configuration of its own.
#[derive(Debug)]
pub(crate) struct Hosts {
    each: Vec<Config>,
    /// How long one may take while there is another one to try.
    within: Duration,
    /// The one that is tried first: it answered last.
    first: AtomicUsize,
}

impl Hosts {
    pub(crate) fn of(config: &Config, within: Duration) -> Hosts {
        Hosts {
            each: (0..config.get_hosts().len())
                .map(|at| alone(config, at))
                .collect(),
            within,
            first: AtomicUsize::new(0),
        }
    }

    /// How long all of them may take together.
    pub(crate) fn within(&self) -> Duration {
        self.within * u32::try_from(self.each.len()).unwrap_or(u32::MAX)
    }

    /// What the first of them says that can be used, or else the last one. The last one may take as long as it likes: who asks has
    /// a limit.
    pub(crate) async fn try_each<T, E, F: Future<Output = Result<T, E>>>(
        &self,
        connect: impl Fn(Config) -> F,
    ) -> Result<T, E> {
        let first = self.first.load(Ordering::Relaxed);
        let others = self.each.len().saturating_sub(1);
        for at in (0..others).map(|after| (first + after) % self.each.len()) {
            let tried = tokio::time::timeout(self.within, connect(self.each[at].clone())).await;
            if let Ok(Ok(connected)) = tried {
                self.first.store(at, Ordering::Relaxed);
                return Ok(connected);
            }
        }
        let last = (first + others) % self.each.len();
        // Where it comes to no end, it was not this one.
        self.first.store((last + 1) % self.each.len(), Ordering::Relaxed);
        let connected = connect(self.each[last].clone()).await?;
        self.first.store(last, Ordering::Relaxed);
        Ok(connected)
    }
}

/// The same with this host only.
fn alone(all: &Config, at: usize) -> Config {
    let mut config = Config::new();
    match all.get_hosts().get(at) {
        Some(Host::Tcp(name)) => drop(config.host(name)),
        #[cfg(unix)]
        Some(Host::Unix(path)) => drop(config.host_path(path)),
        None => {}
    }
    if let Some(address) = all.get_hostaddrs().get(at) {
        config.hostaddr(*address);
    }
    let ports = all.get_ports();
    // One port is that of all hosts.
    if let Some(port) = ports.get(at).or(ports.first()) {
        config.port(*port);
    }
    copy_login(all, &mut config);
    copy_connection(all, &mut config);
    config
}

fn copy_login(from: &Config, to: &mut Config) {
    if let Some(user) = from.get_user() {
        to.user(user);
    }
    if let Some(password) = from.get_password() {
        to.password(password);
    }
    if let Some(database) = from.get_dbname() {
        to.dbname(database);
    }
    if let Some(options) = from.get_options() {
        to.options(options);
    }
    if let Some(name) = from.get_application_name() {
        to.application_name(name);
    }
}

fn copy_connection(from: &Config, to: &mut Config) {
    to.ssl_mode(from.get_ssl_mode())
        .ssl_negotiation(from.get_ssl_negotiation())
        .channel_binding(from.get_channel_binding())
        .target_session_attrs(from.get_target_session_attrs())
        .keepalives(from.get_keepalives())
        .keepalives_idle(from.get_keepalives_idle());
    if let Some(timeout) = from.get_connect_timeout() {
        to.connect_timeout(*timeout);
    }
    if let Some(timeout) = from.get_tcp_user_timeout() {
        to.tcp_user_timeout(*timeout);
    }
    if let Some(interval) = from.get_keepalives_interval() {
        to.keepalives_interval(interval);
    }
    if let Some(retries) = from.get_keepalives_retries() {
        to.keepalives_retries(retries);
    }
}

#[cfg(test)]
mod tests;
