//! The web configuration file as it is written. Its keys are those of Prometheus' exporter-toolkit.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;
use serde_saphyr::{Error, Location};

use super::shown;

/// The whole file; each section may be left out or empty.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    pub(super) tls_server_config: Option<Tls>,
    pub(super) http_server_config: Option<Http>,
    pub(super) basic_auth_users: Option<BTreeMap<String, SecretString>>,
    pub(super) rate_limit: Option<RateLimit>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tls {
    pub(super) cert: Option<String>,
    pub(super) cert_file: Option<String>,
    pub(super) key: Option<SecretString>,
    pub(super) key_file: Option<String>,
    pub(super) client_auth_type: Option<String>,
    pub(super) client_ca: Option<String>,
    pub(super) client_ca_file: Option<String>,
    pub(super) client_allowed_sans: Option<Vec<String>>,
    pub(super) min_version: Option<String>,
    pub(super) max_version: Option<String>,
    pub(super) cipher_suites: Option<Vec<String>>,
    pub(super) prefer_server_cipher_suites: Option<bool>,
    pub(super) curve_preferences: Option<Vec<String>>,
}

impl Tls {
    /// The section is there, and nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        let texts = [
            &self.cert,
            &self.cert_file,
            &self.key_file,
            &self.client_auth_type,
            &self.client_ca,
            &self.client_ca_file,
            &self.min_version,
            &self.max_version,
        ];
        let lists = [
            &self.client_allowed_sans,
            &self.cipher_suites,
            &self.curve_preferences,
        ];
        texts.into_iter().all(Option::is_none)
            && lists.into_iter().all(Option::is_none)
            && self.key.is_none()
            && self.prefer_server_cipher_suites.is_none()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Http {
    pub(super) http2: Option<bool>,
    pub(super) headers: Option<BTreeMap<String, Option<String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RateLimit {
    pub(super) interval: Option<String>,
    pub(super) burst: Option<u32>,
}

/// Reads the file's text. The error says where, and never quotes a value: it may be a key or a hash.
pub(super) fn parse(text: &str) -> Result<Raw, String> {
    // Without a snippet: it would show the lines around.
    let options = serde_saphyr::options! { with_snippet: false };
    let raw: Option<Raw> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| tell(&error))?;
    Ok(raw.unwrap_or_default())
}

fn tell(error: &Error) -> String {
    let what = match error.without_snippet() {
        Error::SerdeUnknownField { field, expected, .. } => {
            let nearest = expected
                .iter()
                .min_by_key(|known| strsim::damerau_levenshtein(known, field))
                .map_or(String::new(), |known| format!("; did you mean `{known}`?"));
            format!("the key {} is not known here{nearest}", shown(field))
        }
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            format!("something else than {expected} stands here")
        }
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("the key {} is there twice", shown(key)),
        Error::DuplicateMappingKey { .. } => "a key is there twice".to_owned(),
        Error::MultipleDocuments { .. } => "a second document begins here; one is read".to_owned(),
        _ => "this can't be read as YAML of the expected form (check indentation, quotes and colons)"
            .to_owned(),
    };
    match error.location() {
        Some(at) if at != Location::UNKNOWN => format!("line {}, column {}: {what}", at.line(), at.column()),
        _ => what,
    }
}
