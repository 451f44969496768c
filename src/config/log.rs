//! The log.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::value::{Given, word};
use super::variable::{Preset::Value, section};

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object per line, for machines.
    Json,
}

section! {
    /// What is logged, and how.
    pub struct Log {
        filter: String = "LOG", Value("info"),
            "`error`, `warn`, `info`, `debug` or `trace`, or a filter such as `info,hyper=debug`.",
            filter;
        format: LogFormat = "LOG_FORMAT", Value("text"),
            "`text` or `json`.",
            word(&[("text", LogFormat::Text), ("json", LogFormat::Json)]);
    }
}

/// A filter of the tracing library.
fn filter(given: Given<'_>) -> Result<String, String> {
    let text = given.text();
    // To the filter a mistyped level is the name of a part of the program: all else would fall silent.
    let is_silent = |part: &&str| {
        let part = part.trim();
        !part.is_empty() && !part.contains(['=', '[']) && part.parse::<LevelFilter>().is_err()
    };
    if let Some(part) = text.split(',').find(is_silent) {
        return Err(format!(
            "is {text:?}, and {part:?} is no level; error, warn, info, debug, trace and off are, and parts of the program have one: {part}=debug"
        ));
    }
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("is {text:?}: {error}; try info, debug or warn")),
    }
}
