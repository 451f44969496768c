use super::*;

const ALICE: &str = "  alice: $2y$04$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n";
const BOB: &str = "  bob: $2y$04$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n";
const TLS: &str = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n";

/// A web configuration that can be rewritten, beside `cert.pem` and `key.pem`.
struct Place {
    directory: tempfile::TempDir,
    web: Web,
}

impl Place {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(directory.path().join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(directory.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let file = directory.path().join("web.yml");
        std::fs::write(&file, text).unwrap();
        Self {
            web: Web::open(Some(&file)).unwrap(),
            directory,
        }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("web.yml")
    }

    fn write(&self, text: &str) {
        std::fs::write(self.file(), text).unwrap();
    }

    /// A look, with nothing that happens between its two readings.
    fn look(&self) {
        if let Some(change) = self.web.change(Occasion::Interval) {
            let _ = self.web.settle(change);
        }
    }

    /// Whether the change was taken into force.
    fn takes(&self, text: &str) -> bool {
        let before = self.web.current();
        self.write(text);
        self.look();
        !Arc::ptr_eq(&before, &self.web.current())
    }
}

fn users(of: &[&str]) -> String {
    format!("basic_auth_users:\n{}", of.concat())
}

#[test]
fn a_change_comes_into_force_and_a_bad_one_does_not() {
    let text = |frame: &str| format!("http_server_config: {{headers: {{X-Frame-Options: {frame}}}}}");
    let place = Place::new(&text("deny"));
    assert!(!place.takes(&text("deny")), "nothing has changed");
    assert!(place.takes(&text("sameorigin")));
    assert!(!place.takes(&text("nobody")));
    std::fs::remove_file(place.file()).unwrap();
    place.look();
    let frame = || place.web.current().headers[0].1.clone();
    assert_eq!(frame(), "sameorigin");
    assert!(place.takes(&text("deny")));
    assert_eq!(frame(), "deny");
}

#[test]
fn a_change_counts_once_it_was_read_twice_the_same() {
    let place = Place::new(&users(&[ALICE, BOB]));
    let before = place.web.current();
    place.write(&users(&[ALICE]));
    let change = place.web.change(Occasion::Interval).unwrap();
    place.write(&users(&[ALICE, "  carol: "]));
    let _ = place.web.settle(change);
    assert!(Arc::ptr_eq(&before, &place.web.current()), "it was being written");
    assert!(place.takes(&users(&[ALICE])));
}

#[test]
fn certificate_and_key_count_once_they_were_read_twice_the_same_too() {
    let place = Place::new(TLS);
    let made = rcgen::generate_simple_self_signed(["other".to_owned()]).unwrap();
    let before = place.web.current();
    std::fs::write(place.directory.path().join("cert.pem"), made.cert.pem()).unwrap();
    let change = place.web.change(Occasion::Interval).unwrap();
    std::fs::write(
        place.directory.path().join("key.pem"),
        made.signing_key.serialize_pem(),
    )
    .unwrap();
    let _ = place.web.settle(change);
    assert!(Arc::ptr_eq(&before, &place.web.current()));
    place.look();
    assert!(!Arc::ptr_eq(&before, &place.web.current()));
    assert!(!before.has_tls_of(&place.web.current()));
}

#[test]
fn what_would_take_protection_away_is_refused() {
    let full = format!("{TLS}{}", users(&[ALICE, BOB]));
    let place = Place::new(&full);
    for text in [
        "",
        " \n\n",
        "# nothing but a comment\n",
        "---\n",
        "~\n",
        "{}\n",
        "basic_auth_users:\n",
        "tls_server_config:\n",
        "tls_server_config: {}\nbasic_auth_users: {}\n",
        TLS,
        &users(&[ALICE]),
        &format!("{TLS}basic_auth_users:\n"),
        &format!("{TLS}basic_auth_users: {{}}\n"),
        &format!("tls_server_config:\n{}", users(&[ALICE])),
        &full[..full.len() / 3],
        &full[..full.len() - 20],
        &format!("{full}{TLS}"),
        &format!("{full}{ALICE}"),
        &format!("{full}---\n{{}}\n"),
    ] {
        assert!(!place.takes(text), "{text:?} is taken");
    }
    assert!(
        place.takes(&format!("{TLS}{}", users(&[ALICE]))),
        "one user of two"
    );
    assert!(place.takes(&format!("{TLS}{}", users(&[BOB]))), "another one");
    let with_clients = format!(
        "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: cert.pem\n{}",
        users(&[BOB])
    );
    assert!(place.takes(&with_clients));
    for weaker in [
        "RequireAnyClientCert",
        "VerifyClientCertIfGiven",
        "RequestClientCert",
    ] {
        let text = with_clients.replace("RequireAndVerifyClientCert", weaker);
        assert!(!place.takes(&text), "{weaker}");
    }
    assert!(
        !place.takes(&format!("{TLS}{}", users(&[BOB]))),
        "no certificates"
    );
}

#[test]
fn no_prefix_of_the_file_takes_protection_away() {
    let full = format!("{TLS}{}", users(&[ALICE, BOB]));
    let place = Place::new(&full);
    for end in 0..full.len() {
        place.write(&full[..end]);
        place.look();
        let config = place.web.current();
        assert!(config.tls.is_some() && !config.users.is_empty(), "{end}");
    }
}

#[cfg(unix)]
#[test]
fn what_can_not_be_read_changes_nothing_and_does_not_block() {
    let place = Place::new(&users(&[ALICE]));
    let before = place.web.current();
    let file = place.file();
    for replace in [
        (|file| std::fs::create_dir(file).unwrap()) as fn(&Path),
        |file| {
            let made = std::process::Command::new("mkfifo").arg(file).status();
            assert!(made.unwrap().success());
        },
        |file| std::os::unix::fs::symlink("/dev/zero", file).unwrap(),
        |_| {},
    ] {
        let _ = std::fs::remove_file(&file);
        let _ = std::fs::remove_dir(&file);
        replace(&file);
        place.look();
        assert!(Arc::ptr_eq(&before, &place.web.current()));
    }
    let _ = std::fs::remove_file(&file);
    assert!(place.takes(&users(&[ALICE, BOB])));
}

#[test]
fn a_hash_that_is_too_dear_for_this_machine_is_refused_at_a_change_too() {
    let place = Place::new(&users(&[ALICE]));
    assert!(!place.takes(&users(&[&ALICE.replace("$04$", "$31$")])));
}

#[test]
fn protection_can_be_added_without_a_restart() {
    let place = Place::new("{}");
    assert!(place.takes(&users(&[ALICE])));
    assert!(place.takes(&format!("{TLS}{}", users(&[ALICE]))));
}

#[test]
fn without_a_change_of_tls_a_connection_is_kept() {
    let place = Place::new(TLS);
    let before = place.web.current();
    assert!(place.takes(&format!("{TLS}{}", users(&[ALICE]))));
    assert!(before.has_tls_of(&place.web.current()));
    assert!(place.takes(&format!("{TLS}  min_version: TLS13\n{}", users(&[ALICE]))));
    assert!(!before.has_tls_of(&place.web.current()));
}

#[test]
fn a_reload_judges_again_what_was_refused_and_leaves_alone_what_is_in_force() {
    let place = Place::new(&users(&[ALICE]));
    assert!(place.web.change(Occasion::Reload).is_none(), "it is in force");
    assert!(!place.takes("{}"));
    assert!(
        place.web.change(Occasion::Interval).is_none(),
        "it is logged once"
    );
    assert!(
        place.web.change(Occasion::Reload).is_some(),
        "a reload reports it again"
    );
}

#[tokio::test]
async fn a_reload_looks_at_the_files_and_says_what_came_of_it() {
    let place = Place::new(&users(&[ALICE]));
    let file = place.file();
    let web = Arc::new(place.web);
    let before = web.current();
    web.reload().await.expect("nothing has changed");
    std::fs::write(&file, users(&[BOB])).unwrap();
    web.reload().await.expect("the change can be used");
    let changed = web.current();
    assert!(!Arc::ptr_eq(&before, &changed), "the change is in force");
    std::fs::write(&file, "basic_auth_users: [").unwrap();
    for _ in 0..2 {
        let error = web.reload().await.expect_err("it is no YAML");
        assert!(matches!(error, ReloadError::Refused(_)), "{error}");
        assert!(Arc::ptr_eq(&changed, &web.current()));
    }
}
