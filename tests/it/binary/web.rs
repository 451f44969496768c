//! Clients as they are out there, and those that should not come in.

mod change;
mod password;

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::support::web::{Exporter, Place, command, curl, eventually, run};

/// `alice` with the password `wonderland`.
fn users() -> String {
    format!(
        "basic_auth_users:\n  alice: {}\n",
        bcrypt::hash("wonderland", 4).unwrap()
    )
}

const TLS: &str = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";
const CLIENTS: &str = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n";

/// `curl --cacert … --cert … --key …` for a client of that name.
fn identified(place: &Place, name: &str) -> [String; 6] {
    [
        "--cacert".to_owned(),
        place.text_path("ca.pem"),
        "--cert".to_owned(),
        place.text_path(&format!("{name}.pem")),
        "--key".to_owned(),
        place.text_path(&format!("{name}.key")),
    ]
}

fn get(place: &Place, exporter: &Exporter, client: Option<&str>, more: &[&str]) -> (u16, String) {
    let url = format!("{}/metrics", exporter.url);
    let identity = client.map(|name| identified(place, name).to_vec());
    let identity = identity.unwrap_or_else(|| vec!["--cacert".to_owned(), place.text_path("ca.pem")]);
    let mut arguments: Vec<&str> = identity.iter().map(String::as_str).collect();
    arguments.extend(more);
    arguments.push(&url);
    curl(&arguments)
}

#[test]
fn curl_comes_in_with_user_and_certificate_and_with_nothing_less() {
    let place = Place::new();
    let exporter = Exporter::with_web(&place, &format!("{TLS}{CLIENTS}{}", users()));
    assert!(exporter.url.starts_with("https://"));
    let alice = ["--user", "alice:wonderland"];
    for more in [
        &alice[..],
        &["--user", "alice:wonderland", "--tls-max", "1.2"],
        &["--user", "alice:wonderland", "--http2"],
    ] {
        let (status, body) = get(&place, &exporter, Some("client"), more);
        assert!(
            status == 200 && body.contains("wolkvox_exporter_scrapes_total"),
            "{more:?} {status} {body}"
        );
    }
    for user in [&["--user", "alice:wrong"][..], &["--user", "bob:wonderland"], &[]] {
        let (status, body) = get(&place, &exporter, Some("client"), user);
        assert!(
            status == 401 && body.contains("password") && !body.contains("wolkvox_"),
            "{user:?} {status} {body}"
        );
    }
    for client in [None, Some("expired"), Some("stranger")] {
        assert_eq!(
            get(&place, &exporter, client, &alice),
            (0, String::new()),
            "{client:?}"
        );
    }
    let old = [
        "--user",
        "alice:wonderland",
        "--tls-max",
        "1.1",
        "--ciphers",
        "DEFAULT@SECLEVEL=0",
    ];
    assert_eq!(get(&place, &exporter, Some("client"), &old).0, 0);
    for path in ["/", "/-/healthy", "/-/ready", "/nowhere"] {
        let url = format!("{}{path}", exporter.url);
        let mut arguments = identified(&place, "client").to_vec();
        arguments.push(url);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        assert_eq!(curl(&arguments).0, 401, "{path}");
    }
    assert!(!exporter.log().contains("wonderland"));
}

#[test]
fn tls_1_1_gets_an_alert_and_no_page() {
    let place = Place::new();
    let exporter = Exporter::with_web(&place, TLS);
    let old = run(
        "openssl",
        &[
            "s_client",
            "-connect",
            exporter.address(),
            "-tls1_1",
            "-cipher",
            "DEFAULT@SECLEVEL=0",
        ],
    );
    let reported = String::from_utf8_lossy(&old.stderr).into_owned();
    assert!(
        !old.status.success() && reported.contains(" alert "),
        "{reported}"
    );
}

#[test]
fn plain_http_on_the_secure_port_is_answered_with_the_way_out() {
    let place = Place::new();
    let exporter = Exporter::with_web(&place, TLS);
    let (status, body) = curl(&[&format!("http://{}/metrics", exporter.address())]);
    assert!(status == 400 && body.contains("https://"), "{status} {body}");
}

#[test]
fn names_of_clients_are_checked() {
    let place = Place::new();
    let only = |name: &str| format!("{TLS}{CLIENTS}  client_allowed_sans: ['{name}']\n");
    for (name, expected) in [
        ("client.example", 200),
        ("127.0.0.1", 200),
        ("other.example", 0),
        ("10.0.0.1", 0),
    ] {
        let exporter = Exporter::with_web(&place, &only(name));
        assert_eq!(get(&place, &exporter, Some("client"), &[]).0, expected, "{name}");
    }
}

#[test]
fn the_weaker_policies_do_what_go_does() {
    let place = Place::new();
    let policy = |name: &str| format!("{TLS}  client_auth_type: {name}\n");
    for (name, without, stranger) in [
        ("NoClientCert\n", 200, 200),
        ("RequestClientCert\n", 200, 200),
        ("RequireAnyClientCert\n", 0, 200),
        ("VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n", 200, 0),
    ] {
        let exporter = Exporter::with_web(&place, &policy(name));
        assert_eq!(get(&place, &exporter, Some("client"), &[]).0, 200, "{name}");
        assert_eq!(get(&place, &exporter, None, &[]).0, without, "{name}");
        assert_eq!(
            get(&place, &exporter, Some("stranger"), &[]).0,
            stranger,
            "{name}"
        );
    }
}

const PYTHON: &str = r#"
import base64, ssl, sys, urllib.error, urllib.request
url, ca, cert, key, user = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
if cert:
    context.load_cert_chain(cert, key)
request = urllib.request.Request(url, headers={"Authorization": "Basic " + base64.b64encode(user.encode()).decode()})
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
try:
    answer = opener.open(request)
    print(answer.status, answer.headers["X-Frame-Options"], b"wolkvox_exporter_scrapes_total" in answer.read())
except urllib.error.HTTPError as error:
    print(error.code, error.headers["WWW-Authenticate"])
except OSError as error:
    print("refused")
"#;

#[test]
fn python_comes_in_with_user_and_certificate_and_with_nothing_less() {
    let place = Place::new();
    let headers = "http_server_config:\n  headers:\n    X-Frame-Options: deny\n";
    let exporter = Exporter::with_web(&place, &format!("{TLS}{CLIENTS}{headers}{}", users()));
    let url = format!("{}/metrics", exporter.url);
    let ca = place.text_path("ca.pem");
    let python = |client: &str, user: &str| {
        let file = |end: &str| {
            if client.is_empty() {
                String::new()
            } else {
                place.text_path(&format!("{client}.{end}"))
            }
        };
        let output = run(
            "python3",
            &["-c", PYTHON, &url, &ca, &file("pem"), &file("key"), user],
        );
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    assert_eq!(python("client", "alice:wonderland"), "200 deny True\n");
    assert_eq!(
        python("client", "alice:wrong"),
        "401 Basic realm=\"wolkvox-exporter\", charset=\"UTF-8\"\n"
    );
    for client in ["", "expired", "stranger"] {
        assert_eq!(python(client, "alice:wonderland"), "refused\n", "{client}");
    }
}

/// A process that is killed in the end.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn prometheus_comes_in_with_user_and_certificate_and_with_nothing_less() {
    let place = Place::new();
    let exporter = Exporter::with_web(&place, &format!("{TLS}{CLIENTS}{}", users()));
    let job = |name: &str, client: &str, password: &str| {
        let identity = if client.is_empty() {
            String::new()
        } else {
            format!("cert_file: {client}.pem, key_file: {client}.key, ")
        };
        format!(
            "  - job_name: {name}\n    scheme: https\n    scrape_interval: 1s\n    scrape_timeout: 1s\n    basic_auth: {{username: alice, password: {password}}}\n    tls_config: {{{identity}ca_file: ca.pem}}\n    static_configs: [{{targets: ['{}']}}]\n",
            exporter.address()
        )
    };
    let jobs = [
        job("good", "client", "wonderland"),
        job("wrong_password", "client", "wrong"),
        job("no_certificate", "", "wonderland"),
        job("expired", "expired", "wonderland"),
    ];
    fs::write(
        place.path("prometheus.yml"),
        format!("scrape_configs:\n{}", jobs.concat()),
    )
    .unwrap();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let prometheus = Command::new("prometheus")
        .arg(format!("--config.file={}", place.text_path("prometheus.yml")))
        .arg(format!("--storage.tsdb.path={}", place.text_path("tsdb")))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(fs::File::create(place.path("prometheus.log")).unwrap())
        .spawn()
        .unwrap();
    let _prometheus = Killed(prometheus);
    let url = format!("http://127.0.0.1:{port}/api/v1/targets?state=active");
    let targets = eventually("every target is scraped", || {
        let (_, body) = curl(&[&url]);
        let answer: serde_json::Value = serde_json::from_str(&body).ok()?;
        let targets = answer["data"]["activeTargets"].as_array()?.clone();
        let is_known = |target: &serde_json::Value| target["health"] != "unknown";
        // The one that may come in could have been slow at first, on a busy machine.
        let is_up =
            |target: &serde_json::Value| target["labels"]["job"] == "good" && target["health"] == "up";
        (targets.len() == 4 && targets.iter().all(is_known) && targets.iter().any(is_up)).then_some(targets)
    });
    for target in targets {
        let (job, error) = (
            target["labels"]["job"].as_str().unwrap(),
            target["lastError"].as_str().unwrap(),
        );
        let expected = match job {
            "good" => "",
            "wrong_password" => "401",
            _ => "tls",
        };
        assert!(
            error.contains(expected) && error.is_empty() == expected.is_empty(),
            "{job}: {error}"
        );
    }
}

#[test]
fn users_and_certificates_change_without_a_restart_and_a_bad_file_changes_nothing() {
    let place = Place::new();
    let exporter = Exporter::with_web(&place, &format!("{TLS}{}", users()));
    let status = |user: &str| get(&place, &exporter, None, &["--user", user]).0;
    assert_eq!(status("alice:wonderland"), 200);
    let write = |text: String| fs::write(place.path("web.yml"), text).unwrap();
    let logged = |text: &str| exporter.log().matches(text).count();

    write(format!("{TLS}basic_auth_users:\n  alice: SECRET\n"));
    eventually("the bad file is logged", || {
        (logged("is not a bcrypt hash") > 0).then_some(())
    });
    assert_eq!(status("alice:wonderland"), 200);
    write(format!("{TLS}{}", users().replace("alice", "bob")));
    eventually("the new user comes in", || {
        (status("bob:wonderland") == 200).then_some(())
    });
    assert_eq!(status("alice:wonderland"), 401);
    assert_eq!(logged("is not a bcrypt hash"), 1, "it is logged once");
    assert!(!exporter.log().contains("SECRET"));

    // The certificate of another authority: whoever trusts the old one alone stays out.
    fs::copy(place.path("stranger.pem"), place.path("server.pem")).unwrap();
    fs::copy(place.path("stranger.key"), place.path("server.key")).unwrap();
    eventually("the new certificate is shown", || {
        (status("bob:wonderland") == 0).then_some(())
    });
    let url = format!("{}/metrics", exporter.url);
    assert_eq!(curl(&["--insecure", "--user", "bob:wonderland", &url]).0, 200);
}

#[test]
fn a_bad_file_is_reported_before_anything_starts() {
    let place = Place::new();
    let start = |web: &str| {
        fs::write(place.path("web.yml"), web).unwrap();
        let file = place.text_path("web.yml");
        let output = command(&place.path("."), &[("WOLKVOX_WEB_CONFIG_FILE", &file)])
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, reported) =
        start("tls_server_config:\n  cert_file: nowhere.pem\n  key_file: server.key\n  min_version: TLS11\n");
    assert_eq!(code, Some(64));
    for expected in [
        "WOLKVOX_WEB_CONFIG_FILE",
        "web.yml",
        "tls_server_config.cert_file",
        "nowhere.pem",
        "TLS11",
        "docs/web-config.md",
    ] {
        assert!(reported.contains(expected), "{expected}: {reported}");
    }
    let (code, reported) = start("tls_server_confg: {}\n");
    assert!(
        code == Some(64)
            && reported.contains("line 1")
            && reported.contains("did you mean `tls_server_config`?"),
        "{reported}"
    );
    for empty in ["", "\n", "# only a comment\n"] {
        let (code, reported) = start(empty);
        assert!(
            code == Some(64)
                && reported.contains("it is empty")
                && reported.contains("unset WOLKVOX_WEB_CONFIG_FILE, or write {} into the file"),
            "{reported}"
        );
    }
    let hash = bcrypt::hash("a", 4).unwrap();
    for (cost, expected) in [("03", "bcrypt begins at 04"), ("31", "takes about")] {
        let (code, reported) = start(&format!(
            "basic_auth_users:\n  alice: {}\n",
            hash.replace("$04$", &format!("${cost}$"))
        ));
        assert!(code == Some(64) && reported.contains(expected), "{reported}");
    }
    assert!(!place.path("state").exists(), "nothing was written");
}

/// Opens connections that say half a request, or nothing, and holds them until its input ends.
const SLOW: &str = r#"
import resource, socket, sys
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
host, port = sys.argv[1].split(":")
held = []
for number in range(1000):
    connection = socket.create_connection((host, int(port)))
    try:
        if number % 2:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: slow")
    except OSError:
        pass
    held.append(connection)
print("held", flush=True)
sys.stdin.read()
"#;

#[test]
fn a_scrape_is_answered_while_a_thousand_connections_are_slow() {
    let place = Place::new();
    for web in ["{}".to_owned(), format!("{TLS}{}", users())] {
        let exporter = Exporter::with_web(&place, &web);
        let mut child = Command::new("python3")
            .args(["-c", SLOW, exporter.address()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        let _slow = Killed(child);
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
        assert_eq!(line, "held\n");
        for _ in 0..5 {
            // Less than a slow connection is given: none of them has been cut for its slowness.
            let (status, body) = get(
                &place,
                &exporter,
                None,
                &["--user", "alice:wonderland", "--max-time", "9"],
            );
            assert!(
                status == 200 && body.contains("wolkvox_exporter_scrapes_total"),
                "{status}"
            );
        }
    }
}
