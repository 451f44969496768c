//! The web configuration file as it is written. Its keys are those of Prometheus' exporter-toolkit.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_saphyr::{Error, Location};

use super::shown;

/// A file without a section in it. The exporter-toolkit takes it as "no protection". That would open the port while the
/// file is being written.
const EMPTY: &str = "it is empty, or holds nothing but comments, and would protect nothing. For plain HTTP without \
                     passwords, unset WOLKVOX_WEB_CONFIG_FILE, or write {} into the file";

/// The whole file; each section may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawWebConfig {
    pub(super) tls_server_config: Option<TlsSection>,
    pub(super) http_server_config: Option<Http>,
    pub(super) basic_auth_users: Option<BTreeMap<String, SecretString>>,
    pub(super) rate_limit: Option<RateLimit>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TlsSection {
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

impl TlsSection {
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

/// Reads the file's text. The problems say where, and never quote a value: it may be a key or a hash.
pub(super) fn parse(text: &str) -> Result<RawWebConfig, Vec<String>> {
    let raw: Option<RawWebConfig> = read(text)?;
    let raw = raw.ok_or_else(|| vec![EMPTY.to_owned()])?;
    let blank = blank_keys(&read(text)?);
    if blank.is_empty() { Ok(raw) } else { Err(blank) }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Vec<String>> {
    // Without a snippet: it would show the lines around.
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| vec![describe(&error)])
}

/// Sections, and keys of the one for TLS, that are there with nothing under them: a file that is just being written
/// looks like that, and what is missing may be what protects.
fn blank_keys(file: &Value) -> Vec<String> {
    let sections = file.as_object().into_iter().flatten();
    let in_tls = file["tls_server_config"].as_object().into_iter().flatten();
    let blank_sections = sections.filter(|(_, value)| value.is_null()).map(|(key, _)| {
        format!("{key}: nothing stands under it; complete it, leave it out, or write {{}} for none")
    });
    let blank_settings = in_tls
        .filter(|(_, value)| value.is_null())
        .map(|(key, _)| format!("tls_server_config.{key}: has no value; complete it, or leave it out"));
    blank_sections.chain(blank_settings).collect()
}

fn describe(error: &Error) -> String {
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
