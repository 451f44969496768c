//! The whole exposition of a small report, as files: whoever changes a name, a label or a help text sees it here.
//! `UPDATE_GOLDEN=1 cargo test` writes them anew.

use std::sync::Arc;

use chrono_tz::America::Bogota;
use exposition_reader::{Exposition, Sample, protobuf};
use tokio::time::Instant;
use wolkvox_exporter::chats::Field;
use wolkvox_exporter::clock::Clock;
use wolkvox_exporter::config::Agents;
use wolkvox_exporter::exposition::{self, Encoding, Format, Options, Page};
use wolkvox_exporter::metrics::open_since::OpenSince;
use wolkvox_exporter::metrics::process::Process;
use wolkvox_exporter::metrics::{TimedRows, published};

use crate::support::world::{World, hours, minutes, recontact};

async fn world() -> World {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    world.config.counting.agents = Agents::Names;
    let opening = business_hours::BusinessHours::parse("Mo-Fr 08:00-18:00").unwrap();
    world.config.counting.business_hours = Some(opening);
    world.config.counting.recontact = recontact("1h,24h");
    let chat = world.closed_ago(minutes(7)).with(Field::CustomerId, "ana");
    world.happen(chat);
    world.start().await;
    world.cycle().await;
    let chat = world
        .closed_ago(minutes(2))
        .with(Field::Asa, "00:00:41")
        .with(Field::Feeling, "very positive")
        .with(Field::CustomerId, "ana");
    world.happen(chat);
    let chat = world
        .closed_ago(minutes(1))
        .lasting(hours(23))
        .with(Field::CodAct, "TIMEOUTCHAT")
        .with(Field::Asa, "-")
        .with(Field::LastParticipant, "chat-bot")
        .with(Field::CustomerChars, "1,024");
    world.happen(chat);
    let chat = world
        .closed_ago(minutes(1))
        .with(Field::Channel, "Web")
        .with(Field::SkillId, "0")
        .with(Field::AgentId, "2002")
        .with(Field::AgentName, "José \"Pepe\" Ñ")
        .with(Field::CodAct, "")
        .with(Field::Asa, "4.5")
        .with(Field::TimeOnAgent, "soon")
        .with(Field::AgentResponse, "00:00:09")
        .with(Field::Transfer, "no");
    world.happen(chat);
    world.cycles(2).await;
    world
}

/// What differs from build to build and from machine to machine.
fn normalised(text: &str) -> String {
    let line = |line: &str| {
        if line.starts_with("wolkvox_exporter_build_info{") {
            let value = line.rsplit(' ').next().unwrap();
            return format!(
                "wolkvox_exporter_build_info{{version=\"…\",revision=\"…\",rust_version=\"…\"}} {value}"
            );
        }
        if line.starts_with("process_") {
            return format!("{} …", line.split(' ').next().unwrap());
        }
        if line.starts_with("wolkvox_state_bytes{") {
            return format!("{} …", line.split(' ').next().unwrap());
        }
        line.to_owned()
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

/// The samples in an order, and with bounds, that do not depend on the format.
fn comparable(exposition: Exposition) -> Vec<Sample> {
    let mut samples = exposition.samples;
    for (_, bound) in samples
        .iter_mut()
        .flat_map(|sample| &mut sample.labels)
        .filter(|(name, _)| name == "le")
    {
        *bound = bound.parse::<f64>().unwrap().to_string();
    }
    samples.sort_by_key(|sample| (sample.name.clone(), sample.labels.clone()));
    samples
}

fn compare(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/golden")
        .join(name);
    let text = normalised(text);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    for (number, (is, was)) in text.lines().zip(golden.lines()).enumerate() {
        assert_eq!(is, was, "{name}, line {}", number + 1);
    }
    assert_eq!(text.len(), golden.len(), "{name}");
}

#[tokio::test(start_paused = true)]
async fn the_exposition_is_as_recorded() {
    let world = world().await;
    let main = world.shown.families();
    let latest = world.shown.latest_families();
    let options = Options {
        exemplars: true,
        created: true,
    };
    let expires = Instant::now() + std::time::Duration::from_secs(60);
    let clock: Arc<dyn Clock> = Arc::new(world.time.clone());
    let open = OpenSince::of(&world.config, &clock).map(|open| Arc::new(open) as Arc<dyn TimedRows>);
    let today = world.shown.today_rows(&world.time).unwrap();
    let page = Page::new(published(main), Some((published(latest), expires)), options)
        .with_timed(open)
        .with_timed_window(Some(Arc::new(today)));
    let page = exposition::Exposition::of(vec![Arc::new(page)], options, Instant::now());
    let process = Process::register(prometheus::Registry::new()).unwrap();
    (0..3).for_each(|_| process.count_scrape());
    let tail = process.families();
    for (name, format) in [
        ("exposition.txt", Format::Text),
        ("exposition.openmetrics.txt", Format::OpenMetrics),
    ] {
        let rendered = page.answer(format, Encoding::Identity, &tail);
        let bytes: Vec<u8> = rendered.chunks.iter().flatten().copied().collect();
        compare(name, &String::from_utf8(bytes).unwrap());
    }
    let bytes = |format| {
        let rendered = page.answer(format, Encoding::Identity, &tail);
        rendered.chunks.into_iter().flatten().collect::<Vec<u8>>()
    };
    let open_metrics = String::from_utf8(bytes(Format::OpenMetrics)).unwrap();
    let open_metrics = comparable(exposition_reader::parse(&open_metrics));
    let protobuf = comparable(protobuf::exposition(&bytes(Format::Protobuf)));
    for (protobuf, open_metrics) in protobuf.iter().zip(&open_metrics) {
        assert_eq!(protobuf, open_metrics, "protobuf says what OpenMetrics does");
    }
    assert_eq!(protobuf.len(), open_metrics.len());
}
