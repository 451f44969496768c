//! The catalogue: every family is declared here once. The families on `/metrics`, the reference in the docs, the tests
//! and the checks of the dashboards all come from this table.

use std::fmt::Write;

use crate::chats::bounds;

/// A metric's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only goes up, or back to 0.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations in buckets; these are the upper bounds in milliseconds.
    Histogram(&'static [u64]),
    /// Sum and count, no quantiles.
    Summary,
}

impl Kind {
    /// The word of the `# TYPE` line.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
            Kind::Summary => "summary",
        }
    }
}

/// What a family is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // The titles say it.
pub enum Section {
    Totals,
    Latest,
    Settings,
    Poller,
    Exporter,
}

impl Section {
    /// All of them, in the order of the reference.
    pub const ALL: [Section; 5] = [
        Section::Totals,
        Section::Latest,
        Section::Settings,
        Section::Poller,
        Section::Exporter,
    ];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Section::Totals => "Totals per chat",
            Section::Latest => "The latest window",
            Section::Settings => "Names and settings",
            Section::Poller => "How the poller is doing",
            Section::Exporter => "The exporter itself",
        }
    }

    /// What its families have in common.
    pub fn note(self) -> &'static str {
        match self {
            Section::Totals => {
                "Each chat is counted exactly once, at the poll that first sees its `conn_id`. A `conn_id` that is a whole number is one id in each spelling of JSON, as a number or a text (`1000`, `1000.0`, `1e3`); any other text is an id as it is. These survive restarts. Build rates, percentiles, alerts and dashboards on them."
            }
            Section::Latest => {
                "Gauges over the chats that closed within the last `WOLKVOX_WINDOW` up to the last good poll, computed afresh at each poll and withdrawn when the last good poll is older than two poll intervals."
            }
            Section::Settings => "To join with, and to compare with.",
            Section::Poller => {
                "Counters here start at 0 with the process. What never happened has no sample, never 0."
            }
            Section::Exporter => "Without the label `operation`; read at each scrape.",
        }
    }
}

/// A family: its name, type, labels and help.
#[derive(Debug, PartialEq, Eq)]
pub struct Spec {
    /// The name in the text format: a counter's ends in `_total`.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its labels besides `operation`.
    pub labels: &'static [&'static str],
    /// The `# HELP` text.
    pub help: &'static str,
    /// What it is about.
    pub section: Section,
}

impl Spec {
    /// Whether it has the label `operation`.
    pub fn is_per_operation(&self) -> bool {
        self.section != Section::Exporter
    }
}

macro_rules! catalogue {
    ($($section:ident { $($id:ident = $name:literal, $kind:expr, [$($label:literal),*], $help:literal;)+ })+) => {
        $($(
            #[doc = concat!("`", $name, "`: ", $help)]
            pub static $id: Spec = Spec {
                name: $name, kind: $kind, labels: &[$($label),*], help: $help, section: Section::$section,
            };
        )+)+
        /// Every family.
        pub static ALL: &[&Spec] = &[$($(&$id),+),+];
    };
}

use Kind::{Counter, Gauge, Histogram, Summary};

catalogue! {
    Totals {
        CHATS = "wolkvox_chats_total", Counter, ["channel", "skill_id", "outcome"],
            "Chats attended by agents and closed (rows of the chat_1 report), each counted once. Refreshed once per poll.";
        CHAT_ASA = "wolkvox_chat_asa_seconds", Histogram(bounds::ASA), ["channel", "skill_id", "outcome"],
            "Time from the start of a chat to the agent's answer (report field ASA). Refreshed once per poll.";
        CHAT_DURATION = "wolkvox_chat_duration_seconds", Histogram(bounds::DURATION), ["channel", "skill_id", "outcome"],
            "Time from the start of a chat to its close (report field chat_duration); a timeout lasts about 23 hours. Refreshed once per poll.";
        CHAT_TIME_ON_AGENT = "wolkvox_chat_time_on_agent_seconds", Histogram(bounds::TIME_ON_AGENT), ["channel", "skill_id", "outcome"],
            "Time that the agent spent on a chat (report field time_on_agent). Refreshed once per poll.";
        CHAT_AGENT_RESPONSE = "wolkvox_chat_agent_response_seconds", Histogram(bounds::AGENT_RESPONSE), ["channel", "skill_id", "outcome"],
            "The agent's average response time within a chat (report field agent_average_response_time; only servers that send it). Refreshed once per poll.";
        CHAT_WITHIN_TARGET = "wolkvox_chat_answered_within_target_total", Counter, ["channel", "skill_id", "outcome"],
            "Chats whose report field ASA is at most WOLKVOX_ASA_TARGET. Divided by wolkvox_chat_asa_seconds_count it is the service level. Refreshed once per poll.";
        CHAT_CUSTOMER_CHARACTERS = "wolkvox_chat_customer_characters_total", Counter, ["channel", "skill_id", "outcome"],
            "Characters typed by customers (report field customer_chars). Refreshed once per poll.";
        CHAT_AGENT_CHARACTERS = "wolkvox_chat_agent_characters_total", Counter, ["channel", "skill_id", "outcome"],
            "Characters typed by agents (report field agent_chars). Refreshed once per poll.";
        CHAT_AGENT_ANSWERS = "wolkvox_chat_agent_answers_total", Counter, ["channel", "skill_id", "outcome"],
            "Times that agents wrote to customers (report field agent_anwers). Refreshed once per poll.";
        CHAT_TRANSFERS = "wolkvox_chat_transfers_total", Counter, ["channel", "skill_id", "outcome"],
            "Chats that were transferred (report field transfer; only servers that send it). Refreshed once per poll.";
        CHAT_DISPOSITIONS = "wolkvox_chat_dispositions_total", Counter, ["skill_id", "cod_act"],
            "Chats by the code they were given (report field cod_act); TIMEOUTCHAT is one nobody coded, chats without a code are left out. Refreshed once per poll.";
        CHAT_FEELINGS = "wolkvox_chat_feelings_total", Counter, ["skill_id", "feeling", "outcome"],
            "Chats by the customer's recognised mood (report field feeling); unknown where it is empty. Refreshed once per poll.";
        CHAT_LAST_SPEAKERS = "wolkvox_chat_last_speakers_total", Counter, ["skill_id", "participant", "outcome"],
            "Chats by who wrote last (report field last_participant_who_spoke). Refreshed once per poll.";
        AGENT_CHATS = "wolkvox_agent_chats_total", Counter, ["agent_id", "outcome"],
            "Chats attended by an agent and closed (report field agent_id). Refreshed once per poll.";
        AGENT_WITHIN_TARGET = "wolkvox_agent_answered_within_target_total", Counter, ["agent_id", "outcome"],
            "An agent's chats whose report field ASA is at most WOLKVOX_ASA_TARGET. Refreshed once per poll.";
        AGENT_ANSWERS = "wolkvox_agent_answers_total", Counter, ["agent_id", "outcome"],
            "Times that an agent wrote to customers (report field agent_anwers). Refreshed once per poll.";
        AGENT_CHARACTERS = "wolkvox_agent_characters_total", Counter, ["agent_id", "outcome"],
            "Characters typed by an agent (report field agent_chars). Refreshed once per poll.";
        AGENT_ASA = "wolkvox_agent_asa_seconds", Summary, ["agent_id", "outcome"],
            "Time from the start of an agent's chats to the answer (report field ASA); sum and count. Refreshed once per poll.";
        AGENT_TIME_ON_AGENT = "wolkvox_agent_time_on_agent_seconds", Summary, ["agent_id", "outcome"],
            "Time that an agent spent on chats (report field time_on_agent); sum and count. Refreshed once per poll.";
        AGENT_CHAT_DURATION = "wolkvox_agent_chat_duration_seconds", Summary, ["agent_id", "outcome"],
            "Time from start to close of an agent's chats (report field chat_duration); sum and count. Refreshed once per poll.";
    }
    Latest {
        WINDOW_CHATS = "wolkvox_window_chats", Gauge, ["channel", "skill_id", "outcome"],
            "Chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        WINDOW_AGENT_CHATS = "wolkvox_window_agent_chats", Gauge, ["agent_id", "outcome"],
            "An agent's chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        WINDOW_ASA_MEAN = "wolkvox_window_asa_mean_seconds", Gauge, ["skill_id", "outcome"],
            "Mean of the report field ASA over the chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        WINDOW_ASA_MAX = "wolkvox_window_asa_max_seconds", Gauge, ["skill_id", "outcome"],
            "Greatest report field ASA among the chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        WINDOW_DURATION_MEAN = "wolkvox_window_duration_mean_seconds", Gauge, ["skill_id", "outcome"],
            "Mean of the report field chat_duration over the chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        WINDOW_TIME_ON_AGENT_MEAN = "wolkvox_window_time_on_agent_mean_seconds", Gauge, ["skill_id", "outcome"],
            "Mean of the report field time_on_agent over the chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        WINDOW_SERVICE_LEVEL = "wolkvox_window_service_level_ratio", Gauge, ["skill_id", "outcome"],
            "Share of the chats closed in the latest window with an ASA that were answered within WOLKVOX_ASA_TARGET. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        WINDOW_START = "wolkvox_window_start_timestamp_seconds", Gauge, [],
            "When the latest window begins, by the server's clock. Refreshed once per poll.";
        WINDOW_END = "wolkvox_window_end_timestamp_seconds", Gauge, [],
            "When the latest window ends: up to where the last good poll was answered, by the server's clock. Refreshed once per poll.";
    }
    Settings {
        AGENT_INFO = "wolkvox_agent_info", Gauge, ["agent_id", "agent_name"],
            "Name of an agent (report field agent_name of the chat closed last); only with WOLKVOX_AGENTS=names. Always 1. Refreshed once per poll.";
        SKILL_INFO = "wolkvox_skill_info", Gauge, ["skill_id", "skill_name"],
            "Name of a skill (WOLKVOX_SKILL_NAMES; the report has none). Always 1.";
        DISPOSITION_INFO = "wolkvox_disposition_info", Gauge, ["cod_act", "description"],
            "Text of a code (report field description_cod_act of the chat closed last). Always 1. Refreshed once per poll.";
        ASA_TARGET = "wolkvox_asa_target_seconds", Gauge, [],
            "A chat answered within this is within the target (WOLKVOX_ASA_TARGET).";
        SERVICE_LEVEL_TARGET = "wolkvox_service_level_target_ratio", Gauge, [],
            "Share of the chats that should be answered within the target (WOLKVOX_SERVICE_LEVEL_TARGET).";
        POLL_INTERVAL = "wolkvox_poll_interval_seconds", Gauge, [],
            "Time between two polls (WOLKVOX_POLL_INTERVAL). Scrape at least this often.";
        WINDOW = "wolkvox_window_seconds", Gauge, [],
            "What the latest window covers (WOLKVOX_WINDOW).";
    }
    Poller {
        UP = "wolkvox_up", Gauge, [],
            "1 if the last poll of Wolkvox succeeded, else 0; absent until the first one ends.";
        POLLS = "wolkvox_polls_total", Counter, [],
            "Poll cycles: one poll of the report, and the sweep for late rows when due.";
        POLL_FAILURES = "wolkvox_poll_failures_total", Counter, ["reason"],
            "Polls and sweeps that failed, by reason. The next good one makes up for them.";
        POLL_DURATION = "wolkvox_poll_duration_seconds", Gauge, [],
            "How long the last poll took, from the request to the publication.";
        LAST_POLL = "wolkvox_last_poll_timestamp_seconds", Gauge, [],
            "When the last poll ended, good or bad.";
        LAST_SUCCESS = "wolkvox_last_success_timestamp_seconds", Gauge, [],
            "When the last good poll ended; survives restarts.";
        WATERMARK = "wolkvox_watermark_timestamp_seconds", Gauge, [],
            "Everything closed before this has been asked for, by the server's clock. Far behind now means that missed time is being caught up.";
        LAST_CHAT_CLOSE = "wolkvox_last_chat_close_timestamp_seconds", Gauge, [],
            "Newest close time of a chat in the report.";
        API_REQUESTS = "wolkvox_api_requests_total", Counter, ["code"],
            "Calls to the Wolkvox API by HTTP status; none where no answer came. 404 is an empty window.";
        API_REQUEST_DURATION = "wolkvox_api_request_duration_seconds", Histogram(bounds::API_REQUEST), [],
            "How long a call to the Wolkvox API took, to the end of the answer.";
        API_RESPONSE_BYTES = "wolkvox_api_response_bytes_total", Counter, [],
            "Bytes of the API's answers, after decompression.";
        API_REQUESTS_TODAY = "wolkvox_api_requests_today", Gauge, [],
            "Calls by this exporter since the operation's midnight; the daily quota is shared by all tokens. Survives restarts.";
        API_DAILY_LIMIT = "wolkvox_api_daily_limit", Gauge, [],
            "Calls that the operation has a day, shared by all its tokens (WOLKVOX_API_DAILY_LIMIT); absent where it is not set.";
        REPORT_ROWS = "wolkvox_report_rows_total", Counter, [],
            "Rows read from whole answers of the chat_1 report.";
        REPORT_ROWS_DUPLICATE = "wolkvox_report_rows_duplicate_total", Counter, [],
            "Rows of chats already known from an earlier answer; overlapping windows make them on purpose.";
        REPORT_ROWS_REPEATED = "wolkvox_report_rows_repeated_total", Counter, [],
            "Rows whose conn_id came before in the same answer; the first one counts.";
        REPORT_ROWS_REJECTED = "wolkvox_report_rows_rejected_total", Counter, ["reason"],
            "Rows that are no chat, by reason (no_conn_id: the field is blank, -, 0, null, undefined, none, nan or N/A). An overlap reads, and counts, them again.";
        REPORT_FIELDS_INVALID = "wolkvox_report_fields_invalid_total", Counter, ["field"],
            "Values of new chats that can't be read, by report field. The chat counts, the value does not.";
        REPORT_FIELDS_ABSENT = "wolkvox_report_fields_absent_total", Counter, ["field"],
            "New chats whose row lacks a documented key, by report field: the report's format drifts.";
        CHATS_LATE = "wolkvox_chats_late_total", Counter, [],
            "Chats that only the sweep for late rows (WOLKVOX_SWEEP_INTERVAL) found.";
        CHAT_ARRIVAL_DELAY = "wolkvox_chat_arrival_delay_seconds", Histogram(bounds::ARRIVAL_DELAY), [],
            "Time from the close of a counted chat until it was first seen in the report.";
        REPORT_SECONDS_SKIPPED = "wolkvox_report_seconds_skipped_total", Counter, [],
            "Seconds of the report that polls gave up after three failures while their neighbours succeeded; sweeps ask for them again.";
        SEEN_CHATS = "wolkvox_seen_chats", Gauge, [],
            "Ids of chats remembered to count each once.";
        STATE_COMMITS = "wolkvox_state_commits_total", Counter, [],
            "Times the state was written to disk.";
        STATE_COMMIT_FAILURES = "wolkvox_state_commit_failures_total", Counter, [],
            "Times the state could not be written to disk. Nothing new is shown until it can.";
        STATE_RECOVERIES = "wolkvox_state_recoveries_total", Counter, [],
            "Damaged state files that were put aside at this start; counting began anew then.";
        STATE_LAST_COMMIT = "wolkvox_state_last_commit_timestamp_seconds", Gauge, [],
            "When the state was last written to disk.";
        STATE_BYTES = "wolkvox_state_bytes", Gauge, [],
            "Size of the state on disk.";
        SERIES = "wolkvox_series", Gauge, [],
            "Sample lines of this operation on /metrics, histogram buckets included.";
        SERIES_LIMIT = "wolkvox_series_limit", Gauge, [],
            "Most sample lines that label sets from the report may take (WOLKVOX_MAX_SERIES). Past it new ones are counted with their open labels as other.";
        SERIES_LIMITED = "wolkvox_series_limited_total", Counter, [],
            "Chats counted under other because of WOLKVOX_MAX_SERIES.";
        API_CLOCK_OFFSET = "wolkvox_api_clock_offset_seconds", Gauge, [],
            "The server's clock (its Date header, whole seconds) minus ours.";
    }
    Exporter {
        BUILD_INFO = "wolkvox_exporter_build_info", Gauge, ["version", "revision", "rust_version"],
            "Version of the exporter, the revision and the compiler it was built from. Always 1.";
        TIMEZONE_DATA = "wolkvox_exporter_timezone_data_info", Gauge, ["version"],
            "Release of the IANA time zone data that the exporter reads WOLKVOX_TIMEZONE by. Always 1.";
        SCRAPES = "wolkvox_exporter_scrapes_total", Counter, [],
            "Scrapes of /metrics that were answered in full since the exporter started, without the one that reads this.";
        LOG_LINES_DROPPED = "wolkvox_exporter_log_lines_dropped_total", Counter, [],
            "Log lines that were lost: the standard error refused them (a full disk, a pipe whose reader left), or its reader is too slow. Everything else goes on.";
        PROCESS_CPU = "process_cpu_seconds_total", Counter, [],
            "Total user and system CPU time spent in seconds.";
        PROCESS_OPEN_FDS = "process_open_fds", Gauge, [],
            "Number of open file descriptors.";
        PROCESS_MAX_FDS = "process_max_fds", Gauge, [],
            "Maximum number of open file descriptors.";
        PROCESS_VIRTUAL_MEMORY = "process_virtual_memory_bytes", Gauge, [],
            "Virtual memory size in bytes.";
        PROCESS_RESIDENT_MEMORY = "process_resident_memory_bytes", Gauge, [],
            "Resident memory size in bytes.";
        PROCESS_START = "process_start_time_seconds", Gauge, [],
            "Start time of the process since unix epoch in seconds.";
        PROCESS_THREADS = "process_threads", Gauge, [],
            "Number of OS threads in the process.";
    }
}

/// The metric reference as Markdown.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Metrics\n\nMade from the catalogue by `wolkvox-exporter metrics`. Every family but the exporter's own also has the label `operation`.\n",
    );
    for section in Section::ALL {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n## {}\n\n{}\n\n| name | type | labels | meaning |\n|---|---|---|---|\n",
            section.title(),
            section.note()
        );
        for spec in ALL.iter().filter(|spec| spec.section == section) {
            let labels = spec
                .labels
                .iter()
                .map(|label| format!("`{label}`"))
                .collect::<Vec<_>>()
                .join(", ");
            let _ = writeln!(
                text,
                "| `{}` | {} | {labels} | {}{} |",
                spec.name,
                spec.kind.as_str(),
                spec.help,
                buckets(spec.kind)
            );
        }
    }
    text
}

fn buckets(kind: Kind) -> String {
    let Histogram(bounds) = kind else {
        return String::new();
    };
    let bounds: Vec<_> = bounds.iter().map(|bound| seconds(*bound).to_string()).collect();
    format!(" Buckets: {}.", bounds.join(" "))
}

/// Milliseconds as seconds, the base unit of everything shown.
pub fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}
