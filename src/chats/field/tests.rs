use std::collections::HashSet;

use super::*;

#[test]
fn the_keys_are_unique_and_as_they_are_compared() {
    let keys = report(Agents::Names, Customers::Skip).keys;
    let names: HashSet<_> = keys.iter().map(|key| key.name).collect();
    assert_eq!(names.len(), keys.len());
    assert!(names.iter().all(|name| name.trim().to_lowercase() == **name));
    for field in Field::ALL {
        let first = keys.iter().find(|key| key.index == usize::from(field)).unwrap();
        assert_eq!((first.name, first.rank), (field.name(), 0));
    }
}

fn hidden(agents: Agents, customers: Customers) -> Vec<&'static str> {
    let keys = report(agents, customers).keys.into_iter();
    let hidden = keys.filter(|key| key.read == Read::Presence);
    hidden.map(|key| key.name).collect()
}

#[test]
fn a_name_is_read_only_where_names_are_switched_on() {
    for agents in [Agents::Off, Agents::Ids, Agents::Names] {
        let expected: &[&str] = if agents == Agents::Names {
            &[]
        } else {
            &["agent_name"]
        };
        assert_eq!(hidden(agents, Customers::Read), expected, "{agents:?}");
    }
}

#[test]
fn ids_and_phones_of_customers_are_read_only_where_recontacts_are_counted() {
    assert_eq!(
        hidden(Agents::Names, Customers::Skip),
        ["customer_id", "customer_phone"]
    );
}

#[test]
fn a_set_is_stored_by_names_and_leaves_out_those_it_does_not_know() {
    let mut set = FieldSet::default();
    set.insert(Field::Transfer);
    set.insert(Field::Asa);
    let stored = serde_json::to_string(&set).unwrap();
    assert_eq!(stored, r#"["asa","transfer"]"#);
    assert_eq!(serde_json::from_str::<FieldSet>(&stored).unwrap(), set);
    let newer: FieldSet = serde_json::from_str(r#"["hold_time","asa"]"#).unwrap();
    assert_eq!(newer.iter().collect::<Vec<_>>(), [Field::Asa]);
}
