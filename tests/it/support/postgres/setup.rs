//! What a server is started with.

/// What the server asks of connections over TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tls {
    /// It has none.
    #[default]
    Off,
    /// Who asks for it gets it.
    Offered,
    /// `hostssl`: others than the superuser are let in with it only.
    Required,
}

/// Where the data lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Storage {
    /// In memory where there is room for it, without fsync: a thousand small files are made for each server.
    #[default]
    Fast,
    /// On the disk, with fsync.
    Synced,
}

/// The default is fast: without TLS, and without fsync.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    pub(super) tls: Tls,
    pub(super) storage: Storage,
    settings: Vec<(&'static str, String)>,
}

/// What each server is started with.
const SETTINGS: &[(&str, &str)] = &[
    ("unix_socket_directories", "''"),
    // As much as the segments of 1 MB need, and little memory.
    ("min_wal_size", "8MB"),
    ("max_wal_size", "64MB"),
    ("shared_buffers", "16MB"),
    ("jit", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
];

impl Setup {
    pub(crate) fn tls(self, tls: Tls) -> Setup {
        Setup { tls, ..self }
    }

    /// As a server is that people run: where it is to be measured what writing takes.
    pub(crate) fn synced(self) -> Setup {
        Setup {
            storage: Storage::Synced,
            ..self
        }
    }

    /// A setting of `postgresql.conf`.
    pub(crate) fn setting(mut self, name: &'static str, value: &str) -> Setup {
        self.settings.push((name, value.to_owned()));
        self
    }

    /// The lines of `postgresql.conf`. The last of a name counts.
    pub(super) fn lines(&self) -> String {
        let fixed = SETTINGS.iter().map(|(name, value)| (*name, *value));
        let tls = match self.tls {
            Tls::Off => ("ssl", "off"),
            Tls::Offered | Tls::Required => ("ssl", "on"),
        };
        let fsync = match self.storage {
            Storage::Fast => ("fsync", "off"),
            Storage::Synced => ("fsync", "on"),
        };
        let own = self.settings.iter().map(|(name, value)| (*name, value.as_str()));
        fixed
            .chain([tls, fsync])
            .chain(own)
            .map(|(name, value)| format!("{name} = {value}\n"))
            .collect()
    }
}
