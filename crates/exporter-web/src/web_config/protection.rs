//! What a web configuration protects the port with, and what a change would take away of it.

use std::fmt;

use rustls::ProtocolVersion;

use super::client_auth::Policy;

/// Who is kept out, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Protection {
    pub(super) tls: Option<TlsProtection>,
    /// How many there are; with none, nobody is asked for a password.
    pub(super) users: usize,
}

/// What TLS asks of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TlsProtection {
    pub(super) policy: Policy,
    pub(super) names: Names,
    pub(super) min_version: ProtocolVersion,
}

/// Whose certificates of the right authority are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Any,
    /// `client_allowed_sans`
    Listed,
}

impl Protection {
    /// What `next` lacks of this: a clause each, nothing where it protects as well. One user of several, another
    /// authority and other names are usual changes, and no loss.
    pub(crate) fn lost_in(&self, next: &Self) -> Vec<&'static str> {
        let mut lost = Vec::new();
        match (self.tls, next.tls) {
            (Some(_), None) => lost.push("there would be no TLS (tls_server_config)"),
            (Some(now), Some(next)) => lost.extend(now.lost_in(next)),
            (None, _) => {}
        }
        if self.users > 0 && next.users == 0 {
            lost.push("nobody would need a password (basic_auth_users)");
        }
        lost
    }
}

impl TlsProtection {
    fn lost_in(self, next: Self) -> impl Iterator<Item = &'static str> {
        let losses = [
            (
                self.policy.requires() && !next.policy.requires(),
                "clients would need no certificate (client_auth_type)",
            ),
            (
                self.policy.verifies() && !next.policy.verifies(),
                "nobody would check who signed the clients' certificates (client_auth_type)",
            ),
            (
                self.names == Names::Listed && next.names == Names::Any,
                "certificates of any name would do (client_allowed_sans)",
            ),
            (
                u16::from(next.min_version) < u16::from(self.min_version),
                "an older version of TLS would do (min_version)",
            ),
        ];
        losses
            .into_iter()
            .filter_map(|(is_lost, clause)| is_lost.then_some(clause))
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.tls {
            None => "plain HTTP",
            Some(TlsProtection { policy, .. }) if policy.requires() => "TLS with client certificates",
            Some(_) => "TLS",
        })?;
        match self.users {
            0 => f.write_str(", no password needed"),
            1 => f.write_str(", 1 user"),
            users => write!(f, ", {users} users"),
        }
    }
}

#[cfg(test)]
mod tests;
