//! The proxy on the way to the server. Its variables are those of other programs, so only the one that counts for this server
//! is judged: another may be meant for somebody else.

use std::collections::BTreeMap;

use reqwest::Url;
use wolkvox::client::Proxy;

use super::literal;

/// Of two spellings the first counts.
const FOR_HTTPS: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const FOR_HTTP: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The variables of proxies, which have no `WOLKVOX_` before them.
pub fn proxy_variables() -> impl Iterator<Item = &'static str> {
    let first = FOR_HTTPS.into_iter().chain(FOR_HTTP.into_iter().take(2));
    first.chain(EXCEPTIONS)
}

/// The variables of proxies that are set. They may hold passwords: nothing shows their values.
#[derive(Default)]
pub(super) struct ProxyVariables(BTreeMap<String, Result<String, String>>);

/// What is wrong, and what is odd.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Remarks {
    pub(super) problems: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl ProxyVariables {
    /// Takes a variable if it is one of a proxy; gives it back otherwise. A blank value is not set.
    pub(super) fn take(
        &mut self,
        name: String,
        value: Result<String, String>,
    ) -> Option<(String, Result<String, String>)> {
        if !proxy_variables().any(|known| known == name) {
            return Some((name, value));
        }
        if !value.as_ref().is_ok_and(|value| value.trim().is_empty()) {
            self.0.insert(name, value.map(|value| value.trim().to_owned()));
        }
        None
    }

    /// The proxy that this server is asked through; `None` where it is asked directly, or where there is a problem.
    pub(super) fn proxy_for(&self, server: &Url, remarks: &mut Remarks) -> Option<Proxy> {
        let (names, others) = match server.scheme() {
            "http" => (FOR_HTTP, FOR_HTTPS),
            _ => (FOR_HTTPS, FOR_HTTP),
        };
        if Proxy::is_bypassed(server, "") {
            return None;
        }
        let Some((name, value)) = self.first(names) else {
            self.warn_of_the_other_scheme(server, names[0], others, remarks);
            return None;
        };
        if Proxy::is_bypassed(server, self.exceptions(remarks)?) {
            return None;
        }
        self.warn_of_another(name, remarks);
        let parsed =
            plain(value).and_then(|value| Proxy::parse(value, name).map_err(|error| error.to_string()));
        parsed
            .map_err(|problem| remarks.problems.push(format!("{name} {problem}")))
            .ok()
    }

    fn first<const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Option<(&'static str, &Result<String, String>)> {
        names
            .into_iter()
            .find_map(|name| self.0.get(name).map(|value| (name, value)))
    }

    /// The list of `NO_PROXY`; `None` where it has a problem.
    fn exceptions(&self, remarks: &mut Remarks) -> Option<&str> {
        let Some((name, value)) = self.first(EXCEPTIONS) else {
            return Some("");
        };
        plain(value)
            .map_err(|problem| remarks.problems.push(format!("{name} {problem}")))
            .ok()
    }

    /// Whoever sets a proxy for one scheme alone may have meant both.
    fn warn_of_the_other_scheme(
        &self,
        server: &Url,
        name: &str,
        others: [&'static str; 4],
        remarks: &mut Remarks,
    ) {
        let Some((other, _)) = self.first(others) else {
            return;
        };
        // What is listed there is asked directly on purpose.
        let exceptions = self.exceptions(&mut Remarks::default()).unwrap_or_default();
        if !Proxy::is_bypassed(server, exceptions) {
            let scheme = server.scheme();
            remarks.warnings.push(format!(
                "{other} is set and {name} is not: Wolkvox is asked directly, because its address begins with {scheme}"
            ));
        }
    }

    fn warn_of_another(&self, name: &'static str, remarks: &mut Remarks) {
        let other = name.to_ascii_lowercase();
        let differs = self
            .0
            .get(&other)
            .is_some_and(|value| self.0.get(name) != Some(value));
        if differs && other != name {
            remarks.warnings.push(format!(
                "{name} and {other} are both set and differ: {name} counts"
            ));
        }
    }
}

/// The value, unless a shell was to do something with it.
fn plain(value: &Result<String, String>) -> Result<&str, String> {
    let value = value.as_ref().map_err(|_| "is not UTF-8 text".to_owned())?;
    match literal::problem("PROXY", value) {
        Some(problem) => Err(problem),
        None => Ok(value),
    }
}

/// The names alone.
impl std::fmt::Debug for ProxyVariables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests;
