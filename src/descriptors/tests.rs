use super::*;

#[test]
fn what_the_exporter_needs_is_left_out_of_the_connection_slots() {
    let slots = |limit| slots_beside(12, Limit(Some(limit)), 512);
    assert_eq!(slots(1024), Ok(512));
    assert_eq!(slots(100), Ok(72));
    assert_eq!(slots(32), Ok(4));
    assert_eq!(
        slots(31),
        Err(TooFew {
            limit: 31,
            needed: 32
        })
    );
    assert_eq!(slots_beside(12, Limit(None), 512), Ok(512));
}
