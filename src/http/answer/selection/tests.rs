use super::*;

#[test]
fn a_query_names_an_operation_the_exporter_or_nothing() {
    let operation = |name: &str| Ok(Selection::Operation(name.to_owned()));
    for (query, expected) in [
        ("", Ok(Selection::All)),
        ("x=y&&=", Ok(Selection::All)),
        ("operation=ventas", operation("ventas")),
        (
            "x=y&operation=atenci%C3%B3n+al%20cliente",
            operation("atención al cliente"),
        ),
        ("operation=a%26exporter", operation("a&exporter")),
        ("operation=", operation("")),
        ("operation=a&operation=a", operation("a")),
        ("exporter", Ok(Selection::Exporter)),
        ("exporter=10.0.0.1%3A9090&x", Ok(Selection::Exporter)),
        ("operation=a&operation=b", Err(Ambiguous)),
        ("exporter&operation=a", Err(Ambiguous)),
        ("Operation=a", Ok(Selection::All)),
    ] {
        assert_eq!(Selection::of(query), expected, "{query}");
    }
}
