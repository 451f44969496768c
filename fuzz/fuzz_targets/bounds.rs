//! What holds of every chat.

use wolkvox_exporter::chats::chat::Chat;

/// Panics where a chat holds what none may hold.
pub fn assert_kept(chat: &Chat) {
    let labels = [&chat.channel, &chat.skill_id, &chat.agent_id];
    let optional = [&chat.agent_name, &chat.code, &chat.description];
    for label in labels.into_iter().chain(optional.into_iter().flatten()) {
        // Lower case may have more characters than what it was made of.
        assert!(!label.is_empty() && label.chars().count() <= 3 * 128, "{label:?}");
        assert!(!label.chars().any(char::is_control), "{label:?}");
    }
    let times = [
        chat.asa_ms,
        chat.duration_ms,
        chat.time_on_agent_ms,
        chat.agent_response_ms,
    ];
    assert!(times.into_iter().flatten().all(|ms| ms <= 31 * 24 * 3600 * 1000));
    let counts = [
        chat.customer_characters,
        chat.agent_characters,
        chat.agent_answers,
    ];
    assert!(counts.into_iter().flatten().all(|count| count <= 1_000_000_000));
    for moment in [chat.opened, chat.closed].into_iter().flatten() {
        assert!(moment.earliest <= moment.latest);
    }
}
