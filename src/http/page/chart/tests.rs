use super::*;
use crate::http::numbers::Counted;
use crate::metrics::histogram::SumCount;

fn quarters(counts: &[u64]) -> Vec<Quarter> {
    let quarter = |(place, chats): (usize, &u64)| Quarter {
        begins: format!("{:02}:{:02}", place / 4, place % 4 * 15),
        sums: Counted {
            chats: *chats,
            asa: SumCount {
                sum_ms: 0,
                count: *chats,
            },
            answered_within_target: chats / 2,
            ..Counted::default()
        }
        .into(),
    };
    counts.iter().enumerate().map(quarter).collect()
}

#[test]
fn a_night_without_chats_is_left_out_and_whole_hours_are_shown() {
    let mut counts = vec![0; 80];
    counts[33] = 5;
    let day = quarters(&counts);
    let hours: Vec<_> = hours(&day)
        .map(|hour| (hour.begins.to_owned(), hour.chats))
        .collect();
    assert_eq!(hours.len(), 12);
    assert_eq!(hours[0], ("08:00".to_owned(), 5));
}

#[test]
fn a_day_that_has_just_begun_is_shown_whole() {
    let day = quarters(&[0, 0, 3]);
    let hours: Vec<_> = hours(&day).map(|hour| hour.begins.to_owned()).collect();
    assert_eq!(hours, ["00:00"]);
    assert!(chats(&day).into_string().contains("most of them at 00:30: 3"));
}

#[test]
fn an_hour_without_an_answered_chat_has_no_service_level() {
    let mut counts = vec![2; 8];
    counts[4..].fill(0);
    let day = quarters(&counts);
    let levels: Vec<_> = hours(&day).map(|hour| hour.level).collect();
    assert_eq!(levels, [Some(0.5), None]);
    let drawing = service_level(&day, 0.8).into_string();
    assert!(drawing.contains("under it in 1 of 1 hours"), "{drawing}");
}

#[test]
fn waits_within_the_target_are_marked_up_to_its_line() {
    let waited = [(Some(20.0), 3), (Some(30.0), 2), (Some(120.0), 4), (None, 1)]
        .map(|(up_to_seconds, chats)| Waited { up_to_seconds, chats });
    let drawing = asa(&waited, 30.0).into_string();
    assert!(
        drawing.contains(
            "How long 10 answered chats waited: 3 up to 20 s, 2 up to 30 s, 4 up to 2 min, 1 longer"
        ),
        "{drawing}"
    );
    assert!(drawing.contains("x1=\"500.0\""), "{drawing}");
    assert_eq!(drawing.matches("class=\"good\"").count(), 2);
    assert_eq!(drawing.matches("class=\"under\"").count(), 2);
}
