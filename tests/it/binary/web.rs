//! Clients as they are out there, and those that should not come in.

mod change;
mod password;

use std::fs;
use std::process::{Child, Command, Stdio};

use crate::support::process::{Exporter, command, finish, free_port, wait_for, wait_until};
use crate::support::web::{Place, curl, run, serve_with, with_web};

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

async fn get(place: &Place, exporter: &Exporter, client: Option<&str>, more: &[&str]) -> (u16, String) {
    let url = exporter.url("/metrics");
    let identity = client.map(|name| identified(place, name).to_vec());
    let identity = identity.unwrap_or_else(|| vec!["--cacert".to_owned(), place.text_path("ca.pem")]);
    let mut arguments: Vec<&str> = identity.iter().map(String::as_str).collect();
    arguments.extend(more);
    arguments.push(&url);
    curl(&arguments).await
}

#[tokio::test]
async fn curl_comes_in_with_user_and_certificate_and_with_nothing_less() {
    let place = Place::new();
    let exporter = serve_with(&place, &format!("{TLS}{CLIENTS}{}", users())).await;
    assert!(exporter.url("").starts_with("https://"));
    let alice = ["--user", "alice:wonderland"];
    for more in [
        &alice[..],
        &["--user", "alice:wonderland", "--tls-max", "1.2"],
        &["--user", "alice:wonderland", "--http2"],
    ] {
        let (status, body) = get(&place, &exporter, Some("client"), more).await;
        assert!(
            status == 200 && body.contains("wolkvox_exporter_scrapes_total"),
            "{more:?} {status} {body}"
        );
    }
    for user in [&["--user", "alice:wrong"][..], &["--user", "bob:wonderland"], &[]] {
        let (status, body) = get(&place, &exporter, Some("client"), user).await;
        assert!(
            status == 401 && body.contains("password") && !body.contains("wolkvox_"),
            "{user:?} {status} {body}"
        );
    }
    for client in [None, Some("expired"), Some("stranger")] {
        assert_eq!(
            get(&place, &exporter, client, &alice).await,
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
    assert_eq!(get(&place, &exporter, Some("client"), &old).await.0, 0);
    for path in ["/", "/api/v1/status", "/-/healthy", "/-/ready", "/nowhere"] {
        let url = exporter.url(path);
        let mut arguments = identified(&place, "client").to_vec();
        arguments.push(url);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        assert_eq!(curl(&arguments).await.0, 401, "{path}");
    }
    assert!(!exporter.log.text().contains("wonderland"));
}

#[tokio::test]
async fn tls_1_1_gets_an_alert_and_no_page() {
    let place = Place::new();
    let exporter = serve_with(&place, TLS).await;
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
    )
    .await;
    let reported = String::from_utf8_lossy(&old.stderr).into_owned();
    assert!(
        !old.status.success() && reported.contains(" alert "),
        "{reported}"
    );
}

#[tokio::test]
async fn plain_http_on_the_secure_port_is_answered_with_the_way_out() {
    let place = Place::new();
    let exporter = serve_with(&place, TLS).await;
    let (status, body) = curl(&[&format!("http://{}/metrics", exporter.address())]).await;
    assert!(status == 400 && body.contains("https://"), "{status} {body}");
}

#[tokio::test]
async fn names_of_clients_are_checked() {
    let place = Place::new();
    let only = |name: &str| format!("{TLS}{CLIENTS}  client_allowed_sans: ['{name}']\n");
    for (name, expected) in [
        ("client.example", 200),
        ("127.0.0.1", 200),
        ("other.example", 0),
        ("10.0.0.1", 0),
    ] {
        let exporter = serve_with(&place, &only(name)).await;
        assert_eq!(
            get(&place, &exporter, Some("client"), &[]).await.0,
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_weaker_policies_do_what_go_does() {
    let place = Place::new();
    let policy = |name: &str| format!("{TLS}  client_auth_type: {name}\n");
    for (name, without, stranger) in [
        ("NoClientCert\n", 200, 200),
        ("RequestClientCert\n", 200, 200),
        ("RequireAnyClientCert\n", 0, 200),
        ("VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n", 200, 0),
    ] {
        let exporter = serve_with(&place, &policy(name)).await;
        assert_eq!(get(&place, &exporter, Some("client"), &[]).await.0, 200, "{name}");
        assert_eq!(get(&place, &exporter, None, &[]).await.0, without, "{name}");
        assert_eq!(
            get(&place, &exporter, Some("stranger"), &[]).await.0,
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

#[tokio::test]
async fn python_comes_in_with_user_and_certificate_and_with_nothing_less() {
    let place = Place::new();
    let headers = "http_server_config:\n  headers:\n    X-Frame-Options: deny\n";
    let exporter = serve_with(&place, &format!("{TLS}{CLIENTS}{headers}{}", users())).await;
    let url = exporter.url("/metrics");
    let ca = place.text_path("ca.pem");
    let python = async |client: &str, user: &str| {
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
        )
        .await;
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    assert_eq!(python("client", "alice:wonderland").await, "200 deny True\n");
    assert_eq!(
        python("client", "alice:wrong").await,
        "401 Basic realm=\"wolkvox-exporter\", charset=\"UTF-8\"\n"
    );
    for client in ["", "expired", "stranger"] {
        assert_eq!(python(client, "alice:wonderland").await, "refused\n", "{client}");
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

#[tokio::test]
async fn prometheus_comes_in_with_user_and_certificate_and_with_nothing_less() {
    let place = Place::new();
    let exporter = serve_with(&place, &format!("{TLS}{CLIENTS}{}", users())).await;
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
    let port = free_port().port();
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
    let targets = wait_for("every target is scraped", async || {
        let (_, body) = curl(&[&url]).await;
        let answer: serde_json::Value = serde_json::from_str(&body).ok()?;
        let targets = answer["data"]["activeTargets"].as_array()?.clone();
        let is_known = |target: &serde_json::Value| target["health"] != "unknown";
        // The one that may come in could have been slow at first, on a busy machine.
        let is_up =
            |target: &serde_json::Value| target["labels"]["job"] == "good" && target["health"] == "up";
        (targets.len() == 4 && targets.iter().all(is_known) && targets.iter().any(is_up)).then_some(targets)
    })
    .await;
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

#[tokio::test]
async fn users_and_certificates_change_without_a_restart_and_a_bad_file_changes_nothing() {
    let place = Place::new();
    let exporter = serve_with(&place, &format!("{TLS}{}", users())).await;
    let status = async |user: &str| get(&place, &exporter, None, &["--user", user]).await.0;
    assert_eq!(status("alice:wonderland").await, 200);
    let write = |text: String| fs::write(place.path("web.yml"), text).unwrap();
    let logged = |text: &str| exporter.log.text().matches(text).count();

    write(format!("{TLS}basic_auth_users:\n  alice: SECRET\n"));
    wait_until("the bad file is logged", || logged("is not a bcrypt hash") > 0).await;
    assert_eq!(status("alice:wonderland").await, 200);
    write(format!("{TLS}{}", users().replace("alice", "bob")));
    wait_for("the new user comes in", async || {
        (status("bob:wonderland").await == 200).then_some(())
    })
    .await;
    assert_eq!(status("alice:wonderland").await, 401);
    assert_eq!(logged("is not a bcrypt hash"), 1, "it is logged once");
    assert!(!exporter.log.text().contains("SECRET"));

    // The certificate of another authority: whoever trusts the old one alone stays out.
    fs::copy(place.path("stranger.pem"), place.path("server.pem")).unwrap();
    fs::copy(place.path("stranger.key"), place.path("server.key")).unwrap();
    wait_for("the new certificate is shown", async || {
        (status("bob:wonderland").await == 0).then_some(())
    })
    .await;
    let url = exporter.url("/metrics");
    assert_eq!(
        curl(&["--insecure", "--user", "bob:wonderland", &url]).await.0,
        200
    );
}

#[tokio::test]
async fn a_bad_file_is_reported_before_anything_starts() {
    let place = Place::new();
    let start = async |web: &str| {
        fs::write(place.path("web.yml"), web).unwrap();
        let (status, _, error) = finish(command::<[&str; 0], _>([], &with_web(&place))).await;
        (status.code(), error)
    };
    let (code, reported) =
        start("tls_server_config:\n  cert_file: nowhere.pem\n  key_file: server.key\n  min_version: TLS11\n")
            .await;
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
    let (code, reported) = start("tls_server_confg: {}\n").await;
    assert!(
        code == Some(64)
            && reported.contains("line 1")
            && reported.contains("did you mean `tls_server_config`?"),
        "{reported}"
    );
    for empty in ["", "\n", "# only a comment\n"] {
        let (code, reported) = start(empty).await;
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
        ))
        .await;
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

#[tokio::test]
async fn a_scrape_is_answered_while_a_thousand_connections_are_slow() {
    let place = Place::new();
    for web in ["{}".to_owned(), format!("{TLS}{}", users())] {
        let exporter = serve_with(&place, &web).await;
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
            )
            .await;
            assert!(
                status == 200 && body.contains("wolkvox_exporter_scrapes_total"),
                "{status}"
            );
        }
    }
}
