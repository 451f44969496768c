//! What is kept while a long past is read.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;
use wolkvox_exporter::chats::field::{Customers, report};
use wolkvox_exporter::config::Agents;

use chrono::TimeDelta;
use chrono_tz::America::Bogota;
use wolkvox::client::{Client, Settings, Token};
use wolkvox::history::Reader;
use wolkvox::{Exchange, Sink, Source, Window};
use wolkvox_exporter::command::backfill::{self, Progress};

use super::{placed, plan};
use crate::support::operation::Operation;
use crate::support::truth::utc;

/// Weighs what is kept at each call: the checkpoint holds all of it.
struct Weighing {
    client: Client,
    checkpoint: PathBuf,
    bytes: Mutex<Vec<u64>>,
}

impl Source for &Weighing {
    async fn report<S: Sink>(&self, window: &Window, sink: &mut S) -> Exchange {
        let bytes = std::fs::metadata(&self.checkpoint).map_or(0, |metadata| metadata.len());
        self.bytes.lock().unwrap().push(bytes);
        self.client.report(window, sink).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_between_chunks_does_not_grow_with_the_length_of_the_past() {
    let first = utc("2025-11-01T05:30:00Z");
    // One each hour, so that all months are alike.
    let chats =
        (0..24 * 240_u32).map(|hour| placed(hour.into(), first + TimeDelta::hours(hour.into()), "12"));
    let operation = Operation::of(chats.collect()).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("past.om");
    let settings = Settings::new(
        operation.base_url(),
        operation.token().parse::<Token>().unwrap(),
        report(Agents::Ids, Customers::Skip),
    );
    let source = Weighing {
        client: Client::new(settings).unwrap(),
        checkpoint: directory.path().join("past.om.checkpoint"),
        bytes: Mutex::default(),
    };
    let plan = plan(&operation, "2025-11-03T05:00:00Z", "2026-06-25T05:00:00Z");
    let reader = Reader::persistent(&source, Bogota, Duration::ZERO);
    let mut progress = Progress::silent();
    let outcome = backfill::write(&plan, reader, Duration::ZERO, Some(file), &mut progress)
        .await
        .unwrap();
    assert!(outcome.chats > 5500 && outcome.calls == 8, "{outcome:?}");
    // None before the first chunk; from the second on, each is like the one before.
    let bytes = source.bytes.lock().unwrap();
    let (early, late) = (bytes[2], bytes[3..].iter().max().unwrap());
    assert!(early > 1000 && *late < early * 5 / 4, "{bytes:?}");
}
