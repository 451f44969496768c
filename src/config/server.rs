//! The Wolkvox server and how to authenticate with it.

mod address;

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use wolkvox::client::Proxy;
use wolkvox::zone::{Zone, ZoneError};

use super::operation_name;
use super::operations_file;
use super::proxy::Remarks;
use super::shown::{is_near, length, shown};
use super::value::{Given, HOUR, SECOND, Values, duration, path, secret, switch, text};
use super::variable::{
    PREFIX,
    Preset::{None as Unset, Value, Words},
    Variable,
};
use crate::token::{ConfiguredToken, TokenFile};
use address::{bare_address, is_loopback, is_shortened, numbered_server};

const SERVER: Variable = Variable {
    short: "SERVER",
    default: Unset,
    meaning: "The number of your Wolkvox server: `0010` or `wv0010` for `https://wv0010.wolkvox.com`. Exactly one of this and `WOLKVOX_BASE_URL`.",
};
const BASE_URL: Variable = Variable {
    short: "BASE_URL",
    default: Unset,
    meaning: "In place of the server: scheme, host and port of a gateway or a test server.",
};
const ALLOW_INSECURE_HTTP: Variable = Variable {
    short: "ALLOW_INSECURE_HTTP",
    default: Value("false"),
    meaning: "`true` allows plain `http` to another machine. Without it only to this one.",
};
const TOKEN: Variable = Variable {
    short: "TOKEN",
    default: Unset,
    meaning: "The `wolkvox-token`. Exactly one of this and `WOLKVOX_TOKEN_FILE`.",
};
const TOKEN_FILE: Variable = Variable {
    short: "TOKEN_FILE",
    default: Words("the credential `token` of systemd, if there is one"),
    meaning: "A file with the token. Read again before each request, so a new token needs no restart.",
};
const OPERATION: Variable = Variable {
    short: "OPERATION",
    default: Words("the server's number, or the host of `WOLKVOX_BASE_URL`"),
    meaning: "Value of the label `operation`. Also names the state file.",
};
const AGENT_DNI: Variable = Variable {
    short: "AGENT_DNI",
    default: Unset,
    meaning: "Asks for the chats of the agent with this identity document only.",
};
const TIMEZONE: Variable = Variable {
    short: "TIMEZONE",
    default: Value("America/Bogota"),
    meaning: "Zone of the report's dates: its IANA name, or a fixed offset from UTC such as `-05:00`.",
};
const REQUEST_TIMEOUT: Variable = Variable {
    short: "REQUEST_TIMEOUT",
    default: Value("90s"),
    meaning: "Longest time for one request, from the call to the end of the answer.",
};
const CA_FILE: Variable = Variable {
    short: "CA_FILE",
    default: Words("the system's roots"),
    meaning: "PEM file with the root certificates to trust in place of the system's.",
};

pub(super) const VARIABLES: &[Variable] = &[
    SERVER,
    BASE_URL,
    ALLOW_INSECURE_HTTP,
    TOKEN,
    TOKEN_FILE,
    OPERATION,
    AGENT_DNI,
    TIMEZONE,
    REQUEST_TIMEOUT,
    CA_FILE,
];

/// The Wolkvox server and how to authenticate with it. It is not declared in rows: two fields come from several variables,
/// and one has its default from another.
#[derive(Debug, Clone)]
pub struct Server {
    /// `WOLKVOX_BASE_URL`, or made from `WOLKVOX_SERVER`: scheme, host and port, without a path.
    pub base_url: Url,
    /// Which of the two is set.
    pub addressed: Addressed,
    /// `WOLKVOX_TOKEN` or `WOLKVOX_TOKEN_FILE`.
    pub token: ConfiguredToken,
    /// `WOLKVOX_OPERATION`: the value of the label.
    pub operation: String,
    /// `WOLKVOX_AGENT_DNI`: an identity document, personal data.
    pub agent_dni: Option<SecretString>,
    /// `WOLKVOX_TIMEZONE`: the zone of the report's dates.
    pub timezone: Zone,
    /// `WOLKVOX_REQUEST_TIMEOUT`.
    pub request_timeout: Duration,
    /// `WOLKVOX_CA_FILE`.
    pub ca_file: Option<PathBuf>,
    /// `HTTPS_PROXY` and its like, where the server is reached through one.
    pub proxy: Option<Proxy>,
    /// Where all of this is set: what errors call it.
    pub described: Described,
}

/// Where an operation is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Described {
    /// By variables.
    ByEnvironment,
    /// By a table of the operations file.
    ByFile,
}

impl Described {
    /// What a setting is called there: `WOLKVOX_CA_FILE` or `ca_file`. `variable` is its name without the prefix.
    pub fn setting(self, variable: &str) -> String {
        match self {
            Described::ByEnvironment => format!("{PREFIX}{variable}"),
            Described::ByFile => operations_file::key(variable),
        }
    }
}

/// By what the server's address is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressed {
    /// `WOLKVOX_SERVER`.
    ByNumber,
    /// `WOLKVOX_BASE_URL`.
    ByUrl,
}

/// The server's address.
struct Address {
    url: Url,
    /// What the operation is called if it has no name of its own.
    name: String,
    addressed: Addressed,
}

impl Address {
    fn new(addressed: Addressed, (url, name): (Url, String)) -> Address {
        Address { url, name, addressed }
    }
}

impl Server {
    /// Reads and checks the variables; `None` where one has a problem.
    pub(super) fn read(values: &mut Values) -> Option<Server> {
        let address = values.address();
        let token = values.token();
        let operation = values.operation(address.as_ref().map(|address| address.name.as_str()));
        let agent_dni = values.read(&AGENT_DNI, secret);
        let timezone = values.read(&TIMEZONE, timezone);
        let request_timeout = values.read(&REQUEST_TIMEOUT, duration(SECOND..=HOUR));
        let ca_file = values.read(&CA_FILE, path);
        let proxy = address.as_ref().and_then(|address| values.proxy(&address.url));
        let address = address?;
        Some(Server {
            base_url: address.url,
            addressed: address.addressed,
            token: token?,
            operation: operation?,
            agent_dni: agent_dni?,
            timezone: timezone?,
            request_timeout: request_timeout?,
            ca_file: ca_file?.map(|file| values.place_of(&CA_FILE, file)),
            proxy,
            described: values.described(),
        })
    }

    /// Checks what holds for all operations of an operations file: what is wrong there is told once.
    pub(super) fn check_defaults(values: &mut Values) {
        let insecure = values.read(&ALLOW_INSECURE_HTTP, switch);
        if let Some(base) = values.read(&BASE_URL, text).flatten() {
            values.base_url(&base, insecure == Some(true));
        }
        values.read(&TIMEZONE, timezone);
        values.read(&REQUEST_TIMEOUT, duration(SECOND..=HOUR));
        values.read(&CA_FILE, path);
    }

    /// Whether another server is the same and is asked in the same way, with the same token for the same agent.
    pub fn is_same(&self, other: &Server) -> bool {
        let dni = |server: &Server| {
            server
                .agent_dni
                .as_ref()
                .map(|dni| dni.expose_secret().to_owned())
        };
        // The variables of proxies can't change while a process runs, but what NO_PROXY lists is another question per server.
        let proxy = |server: &Server| server.proxy.as_ref().map(Proxy::address);
        self.base_url == other.base_url
            && self.addressed == other.addressed
            && self.token.is_same(&other.token)
            && self.operation == other.operation
            && dni(self) == dni(other)
            && self.timezone == other.timezone
            && self.request_timeout == other.request_timeout
            && self.ca_file == other.ca_file
            && proxy(self) == proxy(other)
    }

    /// Host, and port where it is not the scheme's own.
    pub fn host(&self) -> String {
        let host = self.base_url.host_str().unwrap_or_default();
        match self.base_url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

fn timezone(given: Given<'_>) -> Result<Zone, String> {
    let name = given.text();
    name.parse().map_err(|error: ZoneError| match zone_like(name) {
        Some(near) => format!("is {name:?}, which is {error}; did you mean {near}?"),
        None => format!("is {}, which is {error}", shown(name)),
    })
}

/// The zone whose name, or whose city, this nearly is.
fn zone_like(name: &str) -> Option<&'static str> {
    let zones = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let city = |zone: &'static str| zone.rsplit('/').next().unwrap_or(zone);
    let plain = name.replace(' ', "_");
    zones()
        .find(|zone| is_near(&plain, zone) || is_near(&plain, city(zone)))
        .filter(|_| name.len() > 3)
}

fn token_file(given: Given<'_>) -> Result<Option<PathBuf>, String> {
    match given.set {
        Some(file) if small_file::looks_like_key(file) => Err(format!(
            "is {} that looks like a token and not like a path; the token itself belongs into WOLKVOX_TOKEN, and a path begins with / or ./",
            length(file)
        )),
        _ => path(given),
    }
}

impl Values {
    /// The address, and the name that the operation has by default.
    fn address(&mut self) -> Option<Address> {
        let insecure = self.read(&ALLOW_INSECURE_HTTP, switch);
        let server = self.read(&SERVER, text)?;
        let base = self.read(&BASE_URL, text)?;
        let problem = match (server, base) {
            (Some(server), None) => {
                let address = self.read(&SERVER, |_| numbered_server(&server))?;
                if is_shortened(&address.1) {
                    self.warning(
                        [SERVER.short],
                        &format!("is {server}, and the known numbers have four digits, such as 0010: YAML makes 8 of 0010 without quotes"),
                    );
                }
                return Some(Address::new(Addressed::ByNumber, address));
            }
            (None, Some(base)) => {
                let address = self.base_url(&base, insecure == Some(true))?;
                return Some(Address::new(Addressed::ByUrl, address));
            }
            (None, None) => {
                "is not set. It is the number in the address where you log in: 0010 for https://wv0010.wolkvox.com (or set WOLKVOX_BASE_URL for a gateway). To look around without a Wolkvox server, run `wolkvox-exporter demo`"
            }
            (Some(_), Some(_)) => "and WOLKVOX_BASE_URL are both set; exactly one is needed",
        };
        self.problem(SERVER.short, problem);
        None
    }

    fn proxy(&mut self, server: &Url) -> Option<Proxy> {
        let mut remarks = Remarks::default();
        let proxy = self.proxies.proxy_for(server, &mut remarks);
        self.foreign(remarks.problems, remarks.warnings);
        proxy
    }

    fn token(&mut self) -> Option<ConfiguredToken> {
        let token = self.read(&TOKEN, secret)?;
        let file = self.read(&TOKEN_FILE, token_file)?;
        let problem = match (token, file) {
            (Some(token), None) => {
                if let Ok(token) = token.expose_secret().parse() {
                    return Some(ConfiguredToken::Fixed(token));
                }
                "holds something that no token does: blanks, line breaks or letters outside ASCII"
            }
            (None, Some(file)) => {
                return Some(ConfiguredToken::File(TokenFile {
                    path: self.place_of(&TOKEN_FILE, file),
                    setting: self.described().setting(TOKEN_FILE.short),
                }));
            }
            (None, None) => {
                "is not set. It is the wolkvox-token of your operation (or set WOLKVOX_TOKEN_FILE to a file that holds it)"
            }
            (Some(_), Some(_)) => "and WOLKVOX_TOKEN_FILE are both set; exactly one is needed",
        };
        self.problem(TOKEN.short, problem);
        None
    }

    fn described(&self) -> Described {
        match self.table {
            Some(_) => Described::ByFile,
            None => Described::ByEnvironment,
        }
    }

    /// Where a file is: one that the operations file names is looked for from there.
    fn place_of(&self, variable: &Variable, file: PathBuf) -> PathBuf {
        let table = self.table.as_ref();
        match table.filter(|table| table.get(variable.short).is_some()) {
            Some(table) => table.directory.join(file),
            None => file,
        }
    }

    /// A name of its own, or that of the server.
    fn operation(&mut self, default: Option<&str>) -> Option<String> {
        let set = self.read(&OPERATION, text)?;
        let name = set.as_deref().or(default)?;
        self.read(&OPERATION, |_| operation_name::check(name))
    }

    fn base_url(&mut self, base: &str, insecure: bool) -> Option<(Url, String)> {
        let (url, host) = self.read(&BASE_URL, |_| bare_address(base))?;
        if url.scheme() == "http" && !is_loopback(&host) {
            if !insecure {
                self.problem(
                    BASE_URL.short,
                    "is plain http: anyone on the way could read the token. Use https, or set WOLKVOX_ALLOW_INSECURE_HTTP=true if that is what you want",
                );
                return None;
            }
            self.warning(
                [BASE_URL.short],
                "is plain http: anyone on the way can read the token",
            );
        }
        Some((url, host))
    }
}
