use chrono::{Datelike, Timelike};

use super::*;

fn month() -> (Simulator, Vec<SimulatedChat>) {
    let simulator = Simulator::new(Settings::believable());
    let chats = simulator.truth(utc("2026-03-02T05:00:00Z"), utc("2026-03-30T04:59:59Z"));
    (simulator, chats)
}

fn opened(chat: &SimulatedChat) -> chrono::NaiveDateTime {
    chat.opened
        .with_timezone(&Settings::believable().zone)
        .naive_local()
}

/// Mean ASA of the chats, seconds.
fn asa<'a>(chats: impl Iterator<Item = &'a SimulatedChat>) -> f64 {
    let asa: Vec<f64> = chats
        .filter_map(|chat| Some(chat.asa_ms? as f64 / 1000.0))
        .collect();
    asa.iter().sum::<f64>() / asa.len() as f64
}

#[test]
fn a_believable_month_has_days_nights_lunches_and_weekends() {
    let (_, chats) = month();
    let count = |is_meant: &dyn Fn(chrono::NaiveDateTime) -> bool| {
        chats.iter().filter(|chat| is_meant(opened(chat))).count()
    };
    assert!((15_000..60_000).contains(&chats.len()), "{} chats", chats.len());
    let at = |hour| count(&|local| local.hour() == hour);
    assert!(at(10) > 20 * at(3).max(1), "{} and {}", at(10), at(3));
    assert!(at(10) > at(13) && at(15) > at(13), "a lunch dip");
    let on = |day| count(&|local| local.weekday() == day);
    assert!(on(chrono::Weekday::Mon) > 4 * on(chrono::Weekday::Sun));
}

#[test]
fn the_asa_worsens_with_load_and_in_an_incident() {
    let (simulator, chats) = month();
    let handled = || chats.iter().filter(|chat| chat.outcome != Outcome::Timeout);
    let of_hours = |hours: std::ops::Range<u32>| {
        asa(handled().filter(move |chat| chat.skill_id == "12" && hours.contains(&opened(chat).hour())))
    };
    assert!(of_hours(9..12) > 1.5 * of_hours(18..22));
    let incidents = simulator.incidents(utc("2026-03-02T05:00:00Z"), utc("2026-03-30T05:00:00Z"));
    assert!((1..20).contains(&incidents.len()), "{incidents:?}");
    let busiest = incidents
        .iter()
        .find(|incident| incident.skill_id != "0")
        .unwrap();
    let of_skill = || handled().filter(|chat| chat.skill_id == busiest.skill_id);
    let within = |chat: &&SimulatedChat| (busiest.from..busiest.to).contains(&chat.opened);
    assert!(asa(of_skill().filter(within)) > 2.0 * asa(of_skill()));
}

#[test]
fn skills_have_their_own_speed_and_agents_their_shifts() {
    let (_, chats) = month();
    let usual: Vec<_> = chats
        .iter()
        .filter(|chat| chat.outcome == Outcome::Coded && chat.agent.id.parse::<u32>().is_ok())
        .collect();
    let duration = |skill: &str| {
        let of_skill: Vec<_> = usual.iter().filter(|chat| chat.skill_id == skill).collect();
        of_skill.iter().map(|chat| chat.duration() as f64).sum::<f64>() / of_skill.len() as f64
    };
    assert!(duration("15") > 1.5 * duration("12"));
    // The first one begins at eight and works nine hours.
    let first = usual.iter().filter(|chat| chat.agent.id == "1001");
    let (mut inside, mut all) = (0, 0);
    for chat in first {
        all += 1;
        inside += usize::from((8..17).contains(&opened(chat).hour()));
    }
    assert!(all > 100 && inside * 10 > all * 9, "{inside} of {all}");
}

#[test]
fn mass_sendings_time_out_23_hours_later() {
    let (_, chats) = month();
    let timeouts = chats.iter().filter(|chat| chat.outcome == Outcome::Timeout);
    let mut of_second = std::collections::BTreeMap::<_, Vec<_>>::new();
    for chat in timeouts {
        of_second.entry(chat.opened).or_default().push(chat);
    }
    let sending = of_second.values().max_by_key(|chats| chats.len()).unwrap();
    assert!(sending.len() >= 45, "{} chats", sending.len());
    assert!(sending.iter().all(|chat| chat.duration() / 3600 == 23));
    assert!((6..23).contains(&opened(sending[0]).hour()), "somebody sent them");
}

#[test]
fn a_believable_chat_does_not_depend_on_the_window_it_is_found_in() {
    let (simulator, chats) = month();
    let (from, to) = (utc("2026-03-10T14:00:00Z"), utc("2026-03-10T15:00:00Z"));
    let part = simulator.truth(from, to);
    let whole = chats
        .into_iter()
        .filter(|chat| (from..=to).contains(&chat.closed));
    assert_eq!(part, whole.collect::<Vec<_>>());
}

#[test]
fn nobody_answers_some_chats_and_most_of_a_sending() {
    let (_, chats) = month();
    let truth = Truth::of(&chats, 30);
    let of_kind = |kind: &str, outcome: Outcome| -> u64 {
        let of = truth.conversations.iter();
        of.filter(|((_, word, end), _)| *word == kind && *end == outcome)
            .map(|(_, chats)| chats)
            .sum()
    };
    for outcome in [Outcome::Coded, Outcome::Timeout] {
        for kind in ["both", "agent_only", "customer_only"] {
            assert!(of_kind(kind, outcome) > 20, "{kind} {outcome:?}");
        }
    }
    assert!(of_kind("unknown", Outcome::Coded) > 20);
    assert!(of_kind("both", Outcome::Coded) > 10 * of_kind("customer_only", Outcome::Coded));
    // Sendings time out, and so do chats that nobody had time for.
    assert!(of_kind("agent_only", Outcome::Timeout) > of_kind("both", Outcome::Timeout));
    let alone = chats
        .iter()
        .filter(|chat| chat.customer_chars == Some(0) && chat.agent_chars != Some(0));
    assert!(alone.into_iter().all(|chat| chat.last_participant == "agent"));
}

#[test]
fn some_agents_work_for_several_skills_and_openings_follow_the_day() {
    let (_, chats) = month();
    let truth = Truth::of(&chats, 30);
    let mut skills = std::collections::BTreeMap::<_, BTreeSet<_>>::new();
    for ((agent, skill, _), totals) in &truth.agent_skills {
        if totals.chats > 50 && skill != "0" {
            skills.entry(agent).or_default().insert(skill);
        }
    }
    let several = skills.values().filter(|skills| skills.len() > 1).count();
    assert!(
        several * 5 >= skills.len() && several < skills.len(),
        "{skills:?}"
    );
    let hours = truth.opening_hours(&Settings::believable().zone);
    assert_eq!(hours.values().sum::<u64>(), truth.all.chats);
    let at = |hour: u32| hours.get(&("12".to_owned(), hour)).copied().unwrap_or(0);
    assert!(at(10) > 10 * at(4), "{hours:?}");
}
