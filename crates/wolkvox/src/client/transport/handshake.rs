//! Why there is no secure connection.

use chrono::{DateTime, Utc};
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};

use super::{Judged, Judgement, Peer, RootsIn};
use crate::Cause;
use crate::client::trust::{Untrusted, UntrustedKind};

/// More names than that say no more.
const MOST_NAMES: usize = 5;

pub(super) fn judge(judgement: &Judgement<'_>, error: &rustls::Error, peer: Peer) -> Judged {
    use rustls::Error as E;
    match error {
        E::InvalidCertificate(error) => of_certificate(judgement, error, peer),
        E::InvalidMessage(InvalidMessage::InvalidContentType) => judgement.told(Cause::NotTls, peer),
        E::AlertReceived(alert) => judgement.told(of_alert(*alert), peer),
        E::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        )
        | E::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => judgement.told(Cause::OldTls, peer),
        E::PeerIncompatible(PeerIncompatible::NoSignatureSchemesInCommon) => {
            judgement.told(Cause::WeakSignature, peer)
        }
        _ => judgement.told(Cause::OtherTls, peer),
    }
}

fn of_alert(alert: AlertDescription) -> Cause {
    match alert {
        AlertDescription::ProtocolVersion => Cause::OldTls,
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => Cause::ClientCertificate,
        _ => Cause::HandshakeRefused,
    }
}

#[allow(deprecated)] // Older forms may still come from a verifier of the system.
fn of_certificate(judgement: &Judgement<'_>, error: &CertificateError, peer: Peer) -> Judged {
    use CertificateError as E;
    match error {
        E::ExpiredContext { time, not_after } => {
            of_time(judgement, Cause::Expired, peer, Some(*not_after), *time)
        }
        E::NotValidYetContext { time, not_before } => {
            of_time(judgement, Cause::NotYetValid, peer, Some(*not_before), *time)
        }
        E::Expired => of_time(judgement, Cause::Expired, peer, None, UnixTime::now()),
        E::NotValidYet => of_time(judgement, Cause::NotYetValid, peer, None, UnixTime::now()),
        E::UnknownIssuer => of_issuer(judgement, None, peer),
        E::NotValidForNameContext { presented, .. } => of_names(judgement, presented, peer),
        E::NotValidForName => of_names(judgement, &["names that are not known".to_owned()], peer),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => judgement.told(Cause::WrongPurpose, peer),
        E::UnsupportedSignatureAlgorithm
        | E::UnsupportedSignatureAlgorithmContext { .. }
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            judgement.detailed(Cause::WeakSignature, peer, "its algorithm is not supported")
        }
        E::BadSignature => judgement.told(Cause::BadSignature, peer),
        E::Other(other) => match other.0.downcast_ref::<Untrusted>() {
            Some(untrusted) => of_untrusted(judgement, untrusted, peer),
            None => judgement.detailed(Cause::BadCertificate, peer, &judgement.shown(&*other.0)),
        },
        _ => judgement.told(Cause::BadCertificate, peer),
    }
}

fn of_time(
    judgement: &Judgement<'_>,
    cause: Cause,
    peer: Peer,
    date: Option<UnixTime>,
    clock: UnixTime,
) -> Judged {
    let date = date
        .and_then(shown)
        .unwrap_or_else(|| "a day that is not known".to_owned());
    let clock = shown(clock).unwrap_or_else(|| "a day outside of all calendars".to_owned());
    let mut judged = judgement.told(cause, peer);
    judged.slots.set("date", date);
    judged.slots.set("clock", clock);
    judged
}

fn shown(time: UnixTime) -> Option<String> {
    let at: DateTime<Utc> = DateTime::from_timestamp(i64::try_from(time.as_secs()).ok()?, 0)?;
    Some(at.format("%FT%TZ").to_string())
}

fn of_untrusted(judgement: &Judgement<'_>, untrusted: &Untrusted, peer: Peer) -> Judged {
    match untrusted.kind {
        UntrustedKind::UnknownIssuer => of_issuer(judgement, untrusted.issuer.as_deref(), peer),
        UntrustedKind::SelfSigned => judgement.told(Cause::SelfSigned, peer),
        UntrustedKind::AnotherKey => judgement.told(Cause::AnotherKey, peer),
        UntrustedKind::AuthorityAsServer => judgement.told(Cause::AuthorityAsServer, peer),
    }
}

fn of_issuer(judgement: &Judgement<'_>, issuer: Option<&str>, peer: Peer) -> Judged {
    let cause = match judgement.route.roots {
        RootsIn::System => Cause::UnknownIssuer,
        RootsIn::File => Cause::NotInRoots,
    };
    let issuer = match issuer {
        Some(issuer) => format!("\"{}\"", judgement.shown_text(issuer.to_owned())),
        None => "an issuer without a name".to_owned(),
    };
    let mut judged = judgement.told(cause, peer);
    judged.slots.set("issuer", issuer);
    judged
}

fn of_names(judgement: &Judgement<'_>, presented: &[String], peer: Peer) -> Judged {
    if presented.is_empty() {
        return judgement.told(Cause::NoNames, peer);
    }
    let more = if presented.len() > MOST_NAMES {
        " and more"
    } else {
        ""
    };
    // As the library writes them: DnsName("a.example").
    let names: Vec<_> = presented
        .iter()
        .take(MOST_NAMES)
        .map(|name| name.split('"').nth(1).unwrap_or(name).to_owned())
        .collect();
    let names = judgement.shown_text(names.join(", "));
    let mut judged = judgement.told(Cause::WrongName, peer);
    judged.slots.set("names", format!("{names}{more}"));
    judged
}
