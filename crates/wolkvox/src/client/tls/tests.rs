use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

use super::*;
use crate::Report;
use crate::client::{Client, Settings, SetupError, Token};

fn authority() -> Vec<u8> {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    certificate.pem().into_bytes()
}

fn client(base: &str, roots: Option<&[u8]>, tls: &Tls) -> Result<Client, SetupError> {
    let token: Token = "t0ken".parse().unwrap();
    Client::new(Settings {
        roots: roots.map(<[u8]>::to_vec),
        tls: tls.clone(),
        ..Settings::new(base, token, Report::default())
    })
}

/// Who judges by which roots.
fn in_use(tls: &Tls) -> Vec<(Option<Vec<u8>>, Weak<NamingVerifier>)> {
    let in_use = tls.0.lock().unwrap();
    in_use
        .iter()
        .map(|known| (known.roots.as_deref().map(<[u8]>::to_vec), known.verifier.clone()))
        .collect()
}

#[test]
fn clients_that_trust_the_same_roots_share_them() {
    let (tls, [one, other]) = (Tls::default(), [authority(), authority()]);
    let clients = [
        client("https://wv1.wolkvox.com", Some(&one), &tls).unwrap(),
        client("https://wv2.wolkvox.com", Some(&one), &tls).unwrap(),
        client("https://wv3.wolkvox.com", Some(&other), &tls).unwrap(),
    ];
    let known = in_use(&tls);
    assert_eq!(known.len(), 2);
    assert!(known[0].0 == Some(one) && known[1].0 == Some(other));
    assert!(known.iter().all(|(_, verifier)| verifier.upgrade().is_some()));
    drop(clients);
    assert!(known.iter().all(|(_, verifier)| verifier.upgrade().is_none()));
}

#[test]
fn roots_that_no_client_trusts_any_more_are_read_again() {
    let (tls, roots) = (Tls::default(), authority());
    drop(client("https://wv1.wolkvox.com", Some(&roots), &tls).unwrap());
    let again = client("https://wv1.wolkvox.com", Some(&roots), &tls).unwrap();
    let known = in_use(&tls);
    assert!(known.len() == 1 && known[0].1.upgrade().is_some());
    drop(again);
}

#[test]
fn roots_that_are_none_are_told_to_each_client_and_trouble_no_other() {
    let (tls, roots) = (Tls::default(), authority());
    let good = client("https://wv1.wolkvox.com", Some(&roots), &tls).unwrap();
    for _ in 0..2 {
        let refused = client("https://wv2.wolkvox.com", Some(b"no certificate"), &tls);
        assert!(matches!(refused, Err(SetupError::Roots(_))));
    }
    assert_eq!(in_use(&tls).len(), 1);
    assert!(client("https://wv3.wolkvox.com", Some(&roots), &tls).is_ok());
    drop(good);
}

#[test]
fn a_server_on_this_machine_without_tls_needs_no_roots() {
    let tls = Tls::default();
    let plain = client("http://127.0.0.1:1", None, &tls).unwrap();
    assert!(in_use(&tls).is_empty());
    drop(plain);
}

#[test]
fn the_roots_are_not_shown() {
    let tls = Tls::default();
    let client = client("https://wv1.wolkvox.com", Some(&authority()), &tls).unwrap();
    let hyphens = "45, 45, 45, 45, 45";
    assert!(!format!("{tls:?} {client:?}").contains(hyphens));
}
