#![allow(clippy::unwrap_used)]

use super::*;

fn parsed(url: &str) -> StateUrl {
    StateUrl::parse(url).unwrap()
}

fn security(url: &str) -> Security {
    parsed(url).security
}

#[test]
fn a_certificate_is_verified_unless_the_database_is_on_this_machine_or_the_url_says_otherwise() {
    assert_eq!(security("postgres://u:p@db.example/w"), Security::Host);
    assert_eq!(security("postgres://u:p@127.0.0.1/w"), Security::IfOffered);
    assert_eq!(security("postgres://u:p@localhost/w"), Security::IfOffered);
    assert_eq!(security("postgres://u:p@[::1]:5433/w"), Security::IfOffered);
    assert_eq!(
        security("postgres://u:p@127.0.0.1,db.example/w"),
        Security::Host,
        "one of them is elsewhere"
    );
    for (word, expected) in [
        ("disable", Security::Off),
        ("prefer", Security::IfOffered),
        ("require", Security::Unverified),
        ("verify-ca", Security::Authority),
        ("verify-full", Security::Host),
    ] {
        let url = format!("postgresql://u:p@db.example:5432/w?connect_timeout=3&sslmode={word}");
        assert_eq!(security(&url), expected, "{word}");
    }
}

#[test]
fn whoever_names_roots_wants_them_to_be_used() {
    let url = parsed("postgres://u:p@db.example/w?sslrootcert=%2Fetc%2Fca%20x.pem&sslmode=require");
    assert_eq!(url.security, Security::Authority);
    assert_eq!(url.roots, Some(PathBuf::from("/etc/ca x.pem")));
    let url = parsed("postgres://u:p@db.example/w?sslrootcert=system");
    assert_eq!((url.roots, url.security), (None, Security::Host));
}

#[test]
fn the_password_is_shown_nowhere() {
    let url = parsed("postgres://user:p%40ss-secret@db.example:6432/w?application_name=x");
    assert_eq!(url.address(), "db.example:6432/w");
    assert!(!format!("{url:?}").contains("secret"));
    assert_eq!(url.config.get_password(), Some(&b"p@ss-secret"[..]));
    let url = parsed("postgres://user:not?secret@db.example/w?sslmode=disable");
    assert_eq!(url.security, Security::Off);
    assert_eq!(url.config.get_password(), Some(&b"not?secret"[..]));
    for wrong in [
        "mysql://user:secret@db.example/w",
        "postgres://user:secret@db.example:port/w",
        "postgres://user:secret@db.example/w?secret=1",
        "postgres://user:not:secret@db.example:x/w",
        "postgres://user:not@secret@db.example/w",
        "postgres://user:secret@db.example",
        "postgres://:secret@db.example/w",
        "postgres://user:secret@/w",
        "postgres://user:secret@db.example/w?sslmode=secret",
        "host=db.example user=secret",
    ] {
        let error = StateUrl::parse(wrong).expect_err(wrong).to_string();
        assert!(!error.contains("secret"), "{wrong}: {error}");
    }
}

#[test]
fn weak_ways_are_told_but_not_on_this_machine() {
    for word in ["disable", "prefer", "require"] {
        assert!(
            parsed(&format!("postgres://u:p@db.example/w?sslmode={word}"))
                .weakness()
                .is_some()
        );
        assert!(
            parsed(&format!("postgres://u:p@127.0.0.1/w?sslmode={word}"))
                .weakness()
                .is_none()
        );
    }
    assert!(parsed("postgres://u:p@db.example/w").weakness().is_none());
}
