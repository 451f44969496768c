//! The log.

use tracing_subscriber::filter::{LevelFilter, Targets};

use super::shown::{length, shown_near};
use super::value::{Given, word};
use super::variable::{Preset::Value, section};

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

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
    // The filter takes a mistyped level for the name of a module. Nothing else would be logged then.
    let is_silent = |part: &&str| {
        let part = part.trim();
        !part.is_empty() && !part.contains(['=', '[']) && part.parse::<LevelFilter>().is_err()
    };
    if let Some(part) = text.split(',').find(is_silent) {
        return Err(format!(
            "is no filter: {} is no level; error, warn, info, debug, trace and off are, and parts of the program have one: hyper=debug",
            shown_near(part.trim(), LEVELS)
        ));
    }
    match text.parse::<Targets>() {
        Ok(_) => Ok(text.to_owned()),
        // The error quotes the value.
        Err(_) => Err(format!(
            "is {}, which is no filter such as info or info,hyper=debug; levels are {}",
            length(text),
            LEVELS.join(", ")
        )),
    }
}
