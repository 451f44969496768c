use super::*;

#[test]
fn a_query_asks_for_an_operation_a_wall_and_a_page_that_stands_still() {
    assert_eq!(View::of(""), View::default());
    let empty = View::of("utm=x&operation");
    assert_eq!(empty.operation.as_deref(), Some(""));
    for query in ["wall", "wall=1", "wall="] {
        assert_eq!(View::of(query).layout, Layout::Wall, "{query}");
    }
    assert_eq!(View::of("refresh=off").refresh, Refresh::Off);
    assert_eq!(View::of("refresh=30").refresh, Refresh::On);
}

#[test]
fn a_link_leads_to_the_view_that_it_was_made_of() {
    for query in ["", "operation=a%26b+c%3F%C3%A9", "operation=a&wall&refresh=off"] {
        let view = View::of(query);
        let link = view.link();
        assert_eq!(View::of(link.strip_prefix('?').unwrap()), view, "{link}");
    }
}
