use super::SkillNamesError::*;
use super::*;

fn pairs(text: &str) -> Vec<(String, String)> {
    read(text).unwrap().into_iter().collect()
}

#[test]
fn pairs_stand_between_commas_or_on_lines_and_blanks_do_not_matter() {
    let expected = [("12", "Sales & more"), ("13", "Soporte técnico = 2")]
        .map(|(id, name)| (id.to_owned(), name.to_owned()));
    for text in [
        "12=Sales & more,13=Soporte técnico = 2",
        " 12 = Sales & more , 13=Soporte técnico = 2, ",
        "12=Sales & more\n13=Soporte técnico = 2\n",
        "12=Sales & more,\r\n13=Soporte técnico = 2",
    ] {
        assert_eq!(pairs(text), expected, "{text:?}");
    }
}

#[test]
fn two_skills_may_have_one_name() {
    assert_eq!(pairs("12=Sales,13=Sales").len(), 2);
}

#[test]
fn each_mistake_is_reported_with_what_it_is_about() {
    let text = "12=Sales,Support,=Billing,14=,12=More,15=a\tb,16=\"Sales\",'17'=Sales,18=O'Brien,19";
    let expected = vec![
        NoPair(ShownPair::of(2, "Support")),
        NoId(ShownPair::of(3, "=Billing")),
        NoName("\"14\"".to_owned()),
        Twice("\"12\"".to_owned()),
        Control(ShownPair::of(6, "15=a\tb")),
        Quoted(ShownPair::of(7, "16=\"Sales\"")),
        Quoted(ShownPair::of(8, "'17'=Sales")),
        NoPair(ShownPair::of(10, "19")),
    ];
    assert_eq!(read(text), Err(expected));
}

#[test]
fn a_name_has_128_characters_at_most() {
    let longest = "ñ".repeat(128);
    assert_eq!(
        pairs(&format!("12={longest}")),
        [("12".to_owned(), longest.clone())]
    );
    let text = format!("12={longest}ñ");
    assert_eq!(read(&text), Err(vec![TooLong(ShownPair::of(1, &text), 129)]));
}
