//! What secure connections are made with.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;

use super::trust::{self, NamingVerifier, Trust, TrustError};

/// Sessions that one client remembers: eight tickets each of its server and of a proxy that it reaches over TLS.
const SESSIONS: usize = 16;

/// The roots that are in use. Clients that are given clones of one value and trust the same roots share them: to read and
/// parse the system's takes milliseconds and a hundred kilobytes. Nothing else is shared: each client has connections and
/// TLS sessions of its own.
///
/// Roots are read when the first client needs them, and dropped with the last one. So the system's are read again only when
/// no client trusts them any more.
#[derive(Clone, Default)]
pub struct Tls(Arc<Mutex<Vec<InUse>>>);

/// Roots that a client trusts, or trusted.
struct InUse {
    /// PEM; `None` are the system's.
    roots: Option<Box<[u8]>>,
    verifier: Weak<NamingVerifier>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// The configuration of one client.
    pub(super) fn config(&self, trust: Trust<'_>) -> Result<ClientConfig, TrustError> {
        let provider = provider();
        let verifier = match trust {
            Trust::Nobody => None,
            Trust::System => Some(self.verifier(None, &provider)?),
            Trust::Only(pem) => Some(self.verifier(Some(pem), &provider)?),
        };
        let mut config = trust::config(verifier, &provider)?;
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        Ok(config)
    }

    /// Who judges by these roots; the system's where there are none. Whoever comes while they are being read waits for them.
    fn verifier(
        &self,
        roots: Option<&[u8]>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<NamingVerifier>, TrustError> {
        let mut in_use = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.retain(|known| known.verifier.strong_count() > 0);
        let known = in_use.iter().find(|known| known.roots.as_deref() == roots);
        if let Some(verifier) = known.and_then(|known| known.verifier.upgrade()) {
            return Ok(verifier);
        }
        let verifier = Arc::new(trust::verifier(roots, provider)?);
        in_use.push(InUse {
            roots: roots.map(Box::from),
            verifier: Arc::downgrade(&verifier),
        });
        Ok(verifier)
    }
}

fn provider() -> Arc<CryptoProvider> {
    if CryptoProvider::get_default().is_none() {
        // Fails only if another thread was faster, and then there is one.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    let provider = CryptoProvider::get_default().cloned();
    provider.unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(test)]
mod tests;
