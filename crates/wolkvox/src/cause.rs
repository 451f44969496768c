//! Why no answer came that can be read: the catalogue of causes. What the log, the status page, `check` and the documents
//! say of them stands here, a row each, and nowhere else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Reason;
use crate::client::Names;

/// Which part of a connection a cause is about: the word of `check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The server's name, address or port.
    Address,
    /// The proxy on the way.
    Proxy,
    /// Whether the server lets this machine in.
    AllowList,
    /// This machine's network.
    Network,
    /// The TLS handshake and its certificates.
    Tls,
}

impl Subject {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Subject::Address => "address",
            Subject::Proxy => "proxy",
            Subject::AllowList => "allow-list",
            Subject::Network => "network",
            Subject::Tls => "tls",
        }
    }
}

/// What Wolkvox does with callers that it does not know, and the way out. Only where that may be the cause.
macro_rules! allow_list {
    () => {
        "Wolkvox leaves addresses that are not on its allow-list refused or without an answer, so ask Wolkvox whether \
         {public} is on it, and check {address}"
    };
}

/// Where a server's number has lost its zeros.
pub(crate) const YAML: &str = ", where a number such as 0010 needs quotes in YAML (which makes 8 of it)";

/// How user and password are written.
pub(crate) const PASSWORD_FORM: &str =
    "before the host, as user:password@, with @ as %40, : as %3A, / as %2F, # as %23 and \\ as %5C in them";

/// How a certificate's time may come to be wrong.
macro_rules! either_clock {
    () => {
        "if that clock is wrong, set it (NTP), and if it is right, the certificate has to be renewed by those who run {peer}"
    };
}

/// Declares the causes, a row each: reason, subject, and the sentence. The words in braces are filled in: see [`Slots`].
macro_rules! causes {
    ($($(#[$attribute:meta])* $name:ident: $reason:ident, $subject:ident, $sentence:expr;)+) => {
        /// Why no answer came that can be read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Cause {
            $($(#[$attribute])* $name,)+
        }

        impl Cause {
            /// All of them, in the order of the documents.
            pub const ALL: &[Cause] = &[$(Cause::$name,)+];

            /// The label `reason` of polls that failed for it.
            pub fn reason(self) -> Reason {
                match self {
                    $(Cause::$name => Reason::$reason,)+
                }
            }

            /// What `check` files it under.
            pub fn subject(self) -> Subject {
                match self {
                    $(Cause::$name => Subject::$subject,)+
                }
            }

            fn sentence(self) -> &'static str {
                match self {
                    $(Cause::$name => $sentence,)+
                }
            }
        }
    };
}

causes! {
    /// There is no machine of this name.
    UnknownName: Connect, Address,
        "the name {host} is not known ({detail}): check {address}{yaml}, and \
         whether the DNS of this machine knows public names{way}";
    /// The name servers of this machine do not answer.
    NameServer: Connect, Network,
        "the name {name} could not be looked up, because the name server of this machine gave no answer ({detail}): check \
         the DNS settings of this machine or container (/etc/resolv.conf)";
    /// The lookup was not made: threads have run out.
    NoLookup: Connect, Network,
        "the name {name} could not be looked up, because this machine is at a limit: {detail}";
    /// The connection was refused.
    Refused: Connect, AllowList,
        concat!("no connection to Wolkvox, because {peer} refused it: ", allow_list!());
    /// The connection was closed or reset before the answer's head.
    Closed: Connect, AllowList,
        concat!("no connection to Wolkvox, because {peer} closed it without an answer: ", allow_list!(), " and whether it is http or https");
    /// Connecting took too long.
    NoConnection: Timeout, AllowList,
        concat!("no connection to Wolkvox, because {peer} did not take it within {limit}: ", allow_list!());
    /// The request was sent, and nothing came back.
    NoAnswer: Timeout, AllowList,
        concat!("no answer from {server} within {limit}, which may be busy; if it never answers: ", allow_list!());
    /// No route leads there, or a firewall says so.
    Unreachable: Connect, Network,
        "no way leads from this machine to {peer} ({detail}): check its network, its routes and the firewalls on the way; if \
         other servers can be reached, ask Wolkvox whether {public} is on its allow-list";
    /// This machine itself does not let the program out.
    Forbidden: Connect, Network,
        "this machine does not let the exporter connect to {peer} ({detail}): check its firewall and what confines the \
         exporter (IPAddressDeny= of systemd, a network policy of Kubernetes)";
    /// Any other failure to connect.
    Other: Connect, Network,
        "no connection to {peer} ({detail}): check the network and the limits of this machine, and {setting}";
    /// What came is not HTTP, or not of HTTP/1.1.
    Unreadable: Connect, Address,
        "what answers at {server} is no HTTP server, or its answer has a head that can't be read ({detail}): check \
         {address}, the port and whether it is http or https, and whether a proxy or gateway answers in its place";

    /// There is no machine of the proxy's name.
    ProxyName: Connect, Proxy,
        "the name of the proxy {proxy} is not known ({detail}): check {variable}, and whether the DNS of this machine knows \
         that name";
    /// The proxy takes no connection.
    ProxyNotReached: Connect, Proxy,
        "the proxy {proxy} can't be reached ({detail}): check that it runs and lets this machine in, and host and port in \
         {variable}";
    /// The proxy made no connection in time.
    ProxySilent: Timeout, Proxy,
        "the proxy {proxy} made no connection to {server} within {limit}: check that it runs and host and port in \
         {variable}; if other servers can be reached through it, ask Wolkvox whether {public} is on its allow-list";
    /// 407: the proxy wants a user, or another one.
    ProxyPassword: Connect, Proxy,
        "the proxy {proxy} does not let the exporter in without the right user and password ({detail}): {password}";
    /// 403 and the like: the proxy's rules.
    ProxyForbids: Connect, Proxy,
        "the proxy {proxy} does not allow connections to {server} ({detail}): have those who run it allow them";
    /// 502 and the like: the proxy did not get through.
    ProxyFails: Connect, Proxy,
        "the proxy {proxy} made no connection to {server} ({detail}): check {address}, ask those who run the proxy what its \
         log says, and ask Wolkvox whether {public} is on its allow-list";
    /// What answers is no proxy, or of another kind.
    ProxyUnreadable: Connect, Proxy,
        "what answers at the address of the proxy {proxy} does not do what such a proxy does ({detail}): check scheme, host \
         and port in {variable}";

    /// None of the system's roots vouches for the certificate.
    UnknownIssuer: Tls, Tls,
        "the certificate of {peer} was issued by {issuer}, which this machine does not trust: where a proxy or firewall \
         inspects TLS, or the server has a private certificate, name the issuer's root certificate in {roots}, and where \
         this machine has few roots, as small containers do, install the system's CA certificates";
    /// None of the roots that were named vouches for the certificate.
    NotInRoots: Tls, Tls,
        "the certificate of {peer} was issued by {issuer}, and none of the certificates in the file of {roots} is its root: \
         add the issuer's root certificate to that file, which takes the place of the system's roots, or do not set it where \
         the server has a public certificate";
    /// The certificate is its own issuer.
    SelfSigned: Tls, Tls,
        "the certificate of {peer} is signed by itself, so no root vouches for it: if it is the right one, put it into \
         {file}";
    /// The certificate is its own issuer, and has the name of one that is trusted, but not its key.
    AnotherKey: Tls, Tls,
        "the certificate of {peer} is signed by itself and has the name of one that is trusted ({where}), but another key: if it \
         was renewed, put the new one into {file}";
    /// The certificate is that of an authority, which no server may use.
    AuthorityAsServer: Tls, Tls,
        "the certificate of {peer} is that of an authority (CA:TRUE), which is never accepted as a server's: those who run \
         {peer} have to issue a certificate for the server with it, and only then does it help to name the authority in {roots}";
    /// The certificate has expired, or this machine's clock is wrong.
    Expired: Tls, Tls,
        concat!("the certificate of {peer} or of its issuer expired on {date}, and the clock of this machine says {clock}: ", either_clock!());
    /// The certificate is not valid yet, or this machine's clock is wrong.
    NotYetValid: Tls, Tls,
        concat!("the certificate of {peer} or of its issuer is valid from {date} on, and the clock of this machine says {clock}: ", either_clock!());
    /// The certificate has the old common name only.
    NoNames: Tls, Tls,
        "the certificate of {peer} names no servers (it has no subjectAltName, and its common name no longer counts): those \
         who run {peer} have to issue one with {asked} as subjectAltName";
    /// The certificate is for other names.
    WrongName: Tls, Tls,
        "the certificate of {peer} is not for {asked}, which was asked for, but for {names}: check {setting}, and whether a \
         proxy or portal answers in its place";
    /// The certificate is not one for servers.
    WrongPurpose: Tls, Tls,
        "the certificate of {peer} or of its issuer is not meant for servers ({detail}): those who run {peer} have to issue \
         one with the purpose serverAuth";
    /// Signed with SHA-1, MD5 or another algorithm that counts no more.
    WeakSignature: Tls, Tls,
        "the certificate of {peer} or of its issuer is signed in a way that is not trusted any more, such as SHA-1 \
         ({detail}): those who run {peer} have to renew it with SHA-256 or better";
    /// A signature does not hold: mostly a short key.
    BadSignature: Tls, Tls,
        "a signature of {peer} does not hold ({detail}): those who run {peer} have to use keys of at least 2048 bits (RSA), also \
         of the issuer; if they do, and the issuer's certificate was renewed, put the new one into {file}; if it was not, \
         somebody on the way changed what {peer} sent";
    /// The certificate itself is broken.
    BadCertificate: Tls, Tls,
        "the certificate of {peer} or of its issuer can't be used ({detail}): those who run {peer} have to issue another one";
    /// TLS 1.1 or older.
    OldTls: Tls, Tls,
        "{peer} offers TLS 1.1 or older only, which is not secure any more ({detail}): those who run it have to switch on TLS \
         1.2 or 1.3";
    /// Something answers in plain text.
    NotTls: Tls, Tls,
        "{peer} does not speak TLS at this port ({detail}): check the port in {setting}, and whether it is http and not https";
    /// The connection ended within the handshake.
    ClosedInHandshake: Connect, AllowList,
        concat!("no secure connection, because {peer} closed it within the TLS handshake ({detail}): a firewall on the way may do so; ", allow_list!());
    /// The connection was made, and the handshake on it came to no end.
    HandshakeSilent: Timeout, Tls,
        "{peer} took the connection and did not finish the TLS handshake within {limit}: a firewall or too large a packet size \
         (MTU) on the way may do so, or what listens there does not speak TLS; check {setting} and whether it is http or https, \
         and if other servers can be reached, ask Wolkvox whether {public} is on its allow-list";
    /// The same with a proxy that is reached by TLS.
    ProxyHandshakeSilent: Timeout, Tls,
        "{peer} took the connection and did not answer the TLS handshake within {limit}: check the port in {setting}, and \
         whether it is http and not https";
    /// The server wants to know who calls.
    ClientCertificate: Tls, Tls,
        "{peer} wants a client certificate ({detail}), and the exporter has none: check {setting}, and have those who run it \
         let the exporter in without one";
    /// The server ended the handshake with a word.
    HandshakeRefused: Tls, Tls,
        "{peer} refused the TLS handshake ({detail}): it may want a client certificate, which the exporter does not have, know \
         no site of the name {asked}, or have no cipher in common with this program; check {setting}, and ask those who run it";
    /// Any other failure of the handshake.
    OtherTls: Tls, Tls,
        "no secure connection to {peer} ({detail}): check {setting}, and whether a proxy or firewall on the way inspects TLS";
}

impl Cause {
    /// The sentence, with what is known filled in.
    pub(crate) fn tell(self, slots: &Slots) -> String {
        fill(self.sentence(), |slot| {
            slots.0.get(slot).cloned().unwrap_or_else(|| "?".to_owned())
        })
    }
}

/// What the words in braces stand for. Whatever goes in may be shown: words of the server have passed the gate.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slots(BTreeMap<&'static str, String>);

impl Slots {
    /// Fills a slot in.
    pub(crate) fn set(&mut self, slot: &'static str, value: impl Into<String>) {
        self.0.insert(slot, value.into());
    }

    /// The same, in a row of such calls.
    pub(crate) fn with(mut self, slot: &'static str, value: impl Into<String>) -> Slots {
        self.set(slot, value);
        self
    }
}

/// The table of the documents: reason, subject and sentence of each cause. What is only known of a failure is *slanted*, and
/// settings have the names that the caller gives them.
pub fn markdown(names: &Names) -> String {
    let mut text = String::from("| reason | `check` | what it says |\n|---|---|---|\n");
    for cause in Cause::ALL {
        let sentence = fill(cause.sentence(), |slot| match slot {
            "address" => code(names.address),
            "roots" => code(names.roots),
            "way" => ", or set `HTTPS_PROXY` if this machine reaches the internet by a proxy only".to_owned(),
            "password" => {
                format!("write them into `HTTPS_PROXY` {PASSWORD_FORM}; a proxy of HTTP must take Basic")
            }
            "yaml" => YAML.to_owned(),
            "file" => format!("the file of {}", code(names.roots)),
            "variable" => code("HTTPS_PROXY"),
            "setting" => format!("{} or {}", code(names.address), code("HTTPS_PROXY")),
            other => format!("*{other}*"),
        });
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {sentence} |",
            cause.reason().as_str(),
            cause.subject().as_str()
        );
    }
    text
}

/// Each name as code: `A` or `B`.
fn code(names: &str) -> String {
    let names: Vec<_> = names.split(" or ").map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}

/// The sentence with each `{slot}` replaced.
fn fill(sentence: &str, value: impl Fn(&str) -> String) -> String {
    let mut parts = sentence.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (slot, rest) = part.split_once('}').unwrap_or((part, ""));
        filled.push_str(&value(slot));
        filled.push_str(rest);
    }
    filled
}

#[cfg(test)]
mod tests;
