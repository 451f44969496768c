//! What a call asks for.

use reqwest::Url;
use secrecy::ExposeSecret;

use super::Settings;
use super::body::Limits;
use crate::report::{List, Report};
use crate::window::{Window, format_local};

const PATH: [&str; 3] = ["api", "v2", "reports_manager.php"];

/// What a call asks for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Question<'a> {
    /// The report of the settings, of this window.
    Window(&'a Window),
    /// A list.
    List(&'a List),
}

impl<'a> Question<'a> {
    /// Whether Wolkvox answers it as it is meant.
    pub(super) fn is_askable(self) -> bool {
        match self {
            Question::Window(window) => window.is_askable(),
            Question::List(_) => true,
        }
    }

    /// What is read of the rows.
    pub(super) fn report(self, settings: &'a Settings) -> &'a Report {
        match self {
            Question::Window(_) => &settings.report,
            Question::List(list) => &list.report,
        }
    }

    /// What the answer may take.
    pub(super) fn limits(self, settings: &Settings) -> Limits {
        let (bytes, rows) = match self {
            Question::Window(_) => (settings.max_bytes, settings.max_rows),
            Question::List(list) => (list.max_bytes, list.max_rows),
        };
        Limits { bytes, rows }
    }

    /// The address to ask. `reports` is that of the report.
    pub(super) fn url(self, reports: &Url, settings: &Settings) -> Url {
        let mut url = reports.clone();
        if let Question::List(list) = self
            && let Ok(mut path) = url.path_segments_mut()
        {
            path.pop().push(list.page);
        }
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("api", self.report(settings).name);
        if let Question::Window(window) = self {
            pairs
                .append_pair("date_ini", &format_local(window.date_ini))
                .append_pair("date_end", &format_local(window.date_end));
            if let Some(agent) = &settings.agent_dni {
                pairs.append_pair("agent_dni", agent.expose_secret());
            }
        }
        drop(pairs);
        url
    }
}

/// The address of the report on this server; `None` where the base is none.
pub(super) fn address(base: &str) -> Option<Url> {
    let mut url = Url::parse(base).ok()?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain || url.password().is_some() {
        return None;
    }
    url.path_segments_mut().ok()?.pop_if_empty().extend(PATH);
    Some(url)
}
