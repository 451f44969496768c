use super::*;

fn told(well: usize, waiting: usize, unwell: &[&str], elsewhere: usize) -> String {
    let unwell = unwell.iter().map(|name| (*name).to_owned()).collect();
    sentence(&Count {
        well,
        waiting,
        unwell,
        elsewhere,
    })
}

#[test]
fn the_sentence_says_how_many_operations_are_well_and_names_one_that_is_not() {
    assert_eq!(told(1, 0, &[], 0), "1 of 1 operation polled well");
    assert_eq!(
        told(0, 1, &[], 0),
        "0 of 1 operation polled well; 1 before the first poll"
    );
    assert_eq!(
        told(2, 0, &["ventas"], 0),
        "2 of 3 operations polled well; not well: ventas"
    );
    assert_eq!(
        told(1, 1, &["soporte", "ventas"], 3),
        "1 of 4 operations polled well; 2 not well: soporte and 1 more; 1 before the first poll; 3 held by other replicas or by none"
    );
}
