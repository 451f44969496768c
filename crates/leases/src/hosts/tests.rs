#![allow(clippy::unwrap_used)]

use super::*;

const WITHIN: Duration = Duration::from_secs(5);

fn config() -> Config {
    "postgres://user:secret@one:1,two:2,three:3/db?target_session_attrs=read-write&keepalives_retries=4&connect_timeout=2"
        .parse()
        .unwrap()
}

fn hosts() -> Hosts {
    Hosts::of(&config(), WITHIN)
}

fn port(config: &Config) -> u16 {
    config.get_ports()[0]
}

/// The ports that are asked, where only this one answers, and the others hang.
async fn asked(hosts: &Hosts, answers: u16) -> Vec<u16> {
    let asked = std::sync::Mutex::new(Vec::new());
    let connected = hosts.try_each(async |config| {
        let port = port(&config);
        asked.lock().unwrap().push(port);
        if port != answers {
            std::future::pending::<()>().await;
        }
        Ok::<_, ()>(port)
    });
    // As the pool has a limit.
    if let Ok(connected) = tokio::time::timeout(hosts.within(), connected).await {
        assert_eq!(connected, Ok(answers));
    }
    asked.into_inner().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_host_that_hangs_is_passed_over_and_the_one_that_answered_comes_first_from_then_on() {
    let hosts = hosts();
    assert_eq!(asked(&hosts, 2).await, [1, 2]);
    assert_eq!(asked(&hosts, 2).await, [2]);
    assert_eq!(asked(&hosts, 1).await, [2, 3, 1]);
    assert_eq!(asked(&hosts, 1).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn where_none_answers_each_is_tried_and_the_last_ones_error_is_told() {
    let hosts = hosts();
    let refused = hosts.try_each(async |config| Err::<(), _>(port(&config)));
    assert_eq!(refused.await, Err(3));
    assert_eq!(asked(&hosts, 0).await, [1, 2, 3]);
}

#[test]
fn each_host_keeps_the_other_settings_of_the_url() {
    let config = config();
    let hosts = hosts();
    assert_eq!(hosts.each.len(), 3);
    for (at, alone) in hosts.each.iter().enumerate() {
        assert_eq!(alone.get_hosts(), &config.get_hosts()[at..=at]);
        assert_eq!(alone.get_ports(), &config.get_ports()[at..=at]);
    }
    // Of one host nothing is left out.
    let one: Config = "postgres://user:secret@one:1/db?target_session_attrs=read-write&keepalives_retries=4&keepalives_interval=7\
&tcp_user_timeout=9&keepalives=1&keepalives_idle=3&options=-c%20x%3D1&application_name=me&channel_binding=disable&sslmode=require\
&connect_timeout=2&hostaddr=127.0.0.1"
        .parse()
        .unwrap();
    assert_eq!(Hosts::of(&one, WITHIN).each, [one]);
}
