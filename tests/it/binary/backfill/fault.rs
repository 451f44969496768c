//! A server that misbehaves.

use std::path::Path;
use std::time::Duration;
use wolkvox_exporter::chats::field::{Customers, report};
use wolkvox_exporter::config::Agents;

use chrono::{NaiveDateTime, TimeDelta};
use chrono_tz::America::Bogota;
use simulator::{Fault, Request};
use wolkvox::client::{self, Client, Token};
use wolkvox::history::{Pauses, Reader};
use wolkvox_exporter::command::backfill::{self, BackfillError, BackfillSummary, Progress};

use super::{placed, plan, write};
use crate::support::operation::Operation;
use crate::support::process::wait_until;
use crate::support::truth::utc;

/// A few bytes into the first row.
const CUT: usize = 300;

/// 600 chats of five weeks, the change of a month in them.
async fn operation() -> Operation {
    let first = utc("2026-03-10T05:01:00Z");
    let chats = (0..600).map(|number| {
        let closed = first + TimeDelta::minutes(84 * i64::try_from(number).unwrap());
        placed(number, closed, ["12", "15", "27"][number as usize % 3])
    });
    Operation::of(chats.collect()).await
}

/// The program's own client, with other pauses or shorter time-outs.
fn settings(operation: &Operation) -> client::Settings {
    client::Settings::new(
        operation.base_url(),
        operation.token().parse::<Token>().unwrap(),
        report(Agents::Ids, Customers::Skip),
    )
}

async fn backfill(
    operation: &Operation,
    settings: client::Settings,
    file: &Path,
) -> Result<BackfillSummary, BackfillError> {
    let plan = plan(operation, "2026-03-10T05:00:00Z", "2026-04-14T05:00:00Z");
    let pauses = Pauses {
        retry: Duration::from_millis(1),
        concurrency: Duration::from_millis(1),
        quota: Duration::from_millis(1),
        longest: Duration::from_millis(1),
    };
    let reader =
        Reader::persistent(Client::new(settings).unwrap(), Bogota, Duration::ZERO).with_pauses(pauses);
    backfill::write(
        &plan,
        reader,
        Duration::ZERO,
        Some(file.to_owned()),
        &mut Progress::silent(),
    )
    .await
}

/// How long a time was asked for.
fn length(request: &Request) -> TimeDelta {
    let local = |date: &Option<String>| {
        NaiveDateTime::parse_from_str(date.as_ref().unwrap(), "%Y%m%d%H%M%S").unwrap()
    };
    local(&request.date_end) - local(&request.date_ini)
}

/// What a server in this state makes of the first calls, and what should be asked next.
struct Case {
    name: &'static str,
    faults: Vec<Fault>,
    /// How much of the first call's time the first call that follows the faults asks for.
    asks_for: i32,
}

fn halved(name: &'static str, fault: Fault) -> Case {
    Case {
        name,
        faults: vec![fault],
        asks_for: 2,
    }
}

fn again(name: &'static str, faults: Vec<Fault>) -> Case {
    Case {
        name,
        faults,
        asks_for: 1,
    }
}

fn cases() -> Vec<Case> {
    let status = |code, msg| Fault::status(code, msg);
    vec![
        halved("cut in a row", Fault::CutBody { after_bytes: CUT }),
        halved("fewer rows than announced", Fault::AnnounceMore(1)),
        halved(
            "shorter than announced",
            Fault::WrongContentLength { missing: 100 },
        ),
        halved("stalled after the headers", Fault::StallBody { after_bytes: CUT }),
        halved("never answered", Fault::Stall),
        halved("endless", Fault::EndlessBody),
        halved("endless, compressed", Fault::GzipBomb),
        again(
            "a proxy in trouble",
            vec![Fault::Html502, status(503, "TRY LATER")],
        ),
        again("refused", vec![Fault::DropConnections, Fault::ResetBeforeHeaders]),
        again("the quota", vec![status(403, "TOKEN LIMIT EXCEEDED"); 12]),
        again(
            "too many calls at once",
            vec![status(403, "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"); 2],
        ),
        again("maintenance", vec![status(403, "BACKUP"); 2]),
        again("a login page", vec![Fault::Html200; 2]),
        Case {
            name: "out of memory",
            faults: vec![Fault::EmptyBody; 3],
            asks_for: 2,
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_misbehaves_is_asked_for_less_or_again_and_the_output_is_the_same() {
    let operation = operation().await;
    let directory = tempfile::tempdir().unwrap();
    let clean = directory.path().join("clean.om");
    let outcome = backfill(&operation, settings(&operation), &clean).await.unwrap();
    assert_eq!((outcome.chats, outcome.calls), (600, 2));
    let clean = std::fs::read(clean).unwrap();
    for case in cases() {
        operation.handle().clear_requests();
        let failures = case.faults.len();
        for fault in case.faults {
            operation.handle().misbehave(fault);
        }
        let mut settings = settings(&operation);
        settings.max_bytes = 2 * 1024 * 1024;
        settings.timeout = Duration::from_secs(3);
        let file = directory.path().join(case.name);
        backfill(&operation, settings, &file).await.unwrap();
        let requests = operation.handle().requests();
        let first = requests.first().unwrap();
        let in_its_place = requests
            .iter()
            .rfind(|request| request.date_ini == first.date_ini);
        let off = length(first) / case.asks_for - length(in_its_place.unwrap());
        assert!(off.abs() <= TimeDelta::seconds(1), "{}: {requests:?}", case.name);
        assert!(requests.len() > failures, "{}: {requests:?}", case.name);
        assert!(std::fs::read(&file).unwrap() == clean, "{}", case.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_cuts_without_a_word_is_found_by_the_number_of_rows() {
    let operation = operation().await;
    let directory = tempfile::tempdir().unwrap();
    let (clean, cut) = (directory.path().join("clean.om"), directory.path().join("cut.om"));
    backfill(&operation, settings(&operation), &clean).await.unwrap();
    operation.handle().clear_requests();
    let mut settings = settings(&operation);
    settings.max_rows = 100;
    let outcome = backfill(&operation, settings, &cut).await.unwrap();
    assert_eq!(outcome.chats, 600);
    assert!(std::fs::read(&cut).unwrap() == std::fs::read(&clean).unwrap());
    // What was too much once is not asked for again soon.
    let requests = operation.handle().requests();
    let lengths: Vec<_> = requests.iter().map(length).collect();
    let good = lengths
        .iter()
        .position(|length| *length < TimeDelta::days(6))
        .unwrap();
    assert_eq!(good, 2, "{lengths:?}");
    assert!(
        lengths[good..].iter().all(|length| *length <= lengths[good]),
        "{lengths:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_ends_the_run_and_the_next_one_goes_on_where_it_was() {
    let operation = operation().await;
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (clean, file) = (path("clean.om"), path("past.om"));
    write(&operation, "2026-01-10", "2026-04-14", "6h", &clean).await;
    let calls = operation.handle().requests().len();
    operation.handle().clear_requests();

    let arguments = ["--from", "2026-01-10", "--to", "2026-04-14", "--step", "6h"];
    let labels = ["--label", "job=wolkvox", "--label", "instance=one"];
    let more = ["--pace", "3s", "--output", &file];
    let arguments = [&["backfill"], arguments.as_slice(), &labels, &more].concat();
    let running = operation.run(&arguments);
    let revoked = async {
        let checkpoint = format!("{file}.checkpoint");
        wait_until("a first chunk", || Path::new(&checkpoint).exists()).await;
        operation.handle().set_token("another");
    };
    let (output, ()) = tokio::join!(running, revoked);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("Wolkvox does not know this token: check WOLKVOX_TOKEN"),
        "{said}"
    );
    assert!(said.contains("the same command goes on from there"), "{said}");
    let requests = operation.handle().requests();
    let refused = requests
        .iter()
        .filter(|request| request.status == Some(403))
        .count();
    assert_eq!(refused, 1, "a wrong token is not tried again: {requests:?}");

    operation.handle().set_token(&operation.token());
    write(&operation, "2026-01-10", "2026-04-14", "6h", &file).await;
    assert_eq!(operation.handle().requests().len() - refused, calls);
    assert!(std::fs::read(&file).unwrap() == std::fs::read(&clean).unwrap());
}
