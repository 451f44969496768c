use super::*;

#[test]
fn what_a_poll_read_is_told_in_numbers_that_agree_with_their_words() {
    let one = ReadSummary {
        rows: 1,
        counted: 1,
        ..ReadSummary::default()
    };
    assert_eq!(read(&one), "read 1 row: 1 new chat counted, 0 already known");
    let many = ReadSummary {
        rows: 9,
        counted: 2,
        duplicate: 3,
        rejected: 4,
        ..ReadSummary::default()
    };
    assert_eq!(
        read(&many),
        "read 9 rows: 2 new chats counted, 3 already known, 4 rejected"
    );
}
