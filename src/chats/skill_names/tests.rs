use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;
use wolkvox::report::decode;

fn read(body: &str) -> SkillList {
    let mut list = SkillList::default();
    let keys = super::list().report.keys;
    decode(body.as_bytes(), &keys, &mut |row| {
        list.row(row);
        ControlFlow::Continue(())
    })
    .unwrap();
    list
}

fn names(data: &str) -> Vec<(String, String)> {
    let body = format!(r#"{{"code":"200","error":null,"msg":"","data":{data}}}"#);
    read(&body).names.into_iter().collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(id, name)| ((*id).to_owned(), (*name).to_owned()))
        .collect()
}

#[test]
fn the_list_is_read_as_the_vendor_documents_it() {
    let data = r#"[
        {"skill_id":"12","skill_name":"Sales","skill_description":"Sells","last_use":"2026-03-01 10:00:00"},
        {"skill_id":"13","skill_name":"Soporte técnico","skill_description":"","last_use":"-"}]"#;
    assert_eq!(names(data), pairs(&[("12", "Sales"), ("13", "Soporte técnico")]));
}

#[test]
fn keys_with_blanks_or_in_another_case_and_numbers_are_read() {
    let data = r#"[{"Skill_ID ":12,"SKILL_NAME":" Sales "}]"#;
    assert_eq!(names(data), pairs(&[("12", "Sales")]));
}

#[test]
fn a_list_that_php_made_an_object_of_is_read() {
    let data = r#"{"0":{"skill_id":"12","skill_name":"Sales"},"2":{"skill_id":"13","skill_name":"Support"}}"#;
    assert_eq!(names(data), pairs(&[("12", "Sales"), ("13", "Support")]));
}

#[test]
fn rows_that_name_no_skill_are_passed_over() {
    let data = r#"[null,7,[],"x",{},{"skill_id":"12"},{"skill_name":"nobody"},
        {"skill_id":"-","skill_name":"dash"},{"skill_id":"14","skill_name":"-"},{"skill_id":"15","skill_name":" "},
        {"skill_id":{"a":1},"skill_name":"object"},{"skill_id":"16","skill_name":["list"]},
        {"skill_id":"17","skill_name":true},{"skill_id":"18","skill_name":null},
        {"skill_id":"19","skill_name":"good"}]"#;
    assert_eq!(names(data), pairs(&[("19", "good")]));
}

#[test]
fn of_a_skill_that_comes_twice_the_first_name_counts() {
    let data = r#"[{"skill_id":"12","skill_name":"Sales"},{"skill_id":" 12 ","skill_name":"Other"}]"#;
    assert_eq!(names(data), pairs(&[("12", "Sales")]));
}

#[test]
fn names_are_cut_and_their_control_characters_are_blanks() {
    let data = format!(
        r#"[{{"skill_id":"12","skill_name":"{}"}},{{"skill_id":"13","skill_name":"a\nb"}}]"#,
        "é".repeat(500)
    );
    assert_eq!(names(&data), pairs(&[("12", &"é".repeat(128)), ("13", "a b")]));
}

#[test]
fn no_list_makes_more_names_than_the_bound() {
    let rows: Vec<_> = (0..MOST_SKILLS + 7)
        .map(|id| format!(r#"{{"skill_id":{id},"skill_name":"Skill"}}"#))
        .collect();
    let list = read(&format!(r#"{{"code":200,"data":[{}]}}"#, rows.join(",")));
    assert_eq!((list.names.len(), list.left_out), (MOST_SKILLS, 7));
    assert!(list.names.contains_key("0"));
}

proptest! {
    #[test]
    fn whatever_is_sent_ids_and_names_are_label_values(rows in prop::collection::vec((any::<String>(), any::<String>()), 0..20)) {
        let mut list = SkillList::default();
        for (id, name) in &rows {
            let mut row = Row::default();
            row.set(ID, Value::Text(id));
            row.set(NAME, Value::Text(name));
            list.row(Ok(row));
        }
        for text in list.names.iter().flat_map(|(id, name)| [id, name]) {
            prop_assert!(!text.is_empty() && text.trim() == text && text.chars().count() <= 128);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
