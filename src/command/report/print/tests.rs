use super::cell;

#[test]
fn a_cell_that_a_spreadsheet_would_take_for_a_formula_is_made_text() {
    for (text, expected) in [
        ("=1+1", "\"'=1+1\""),
        ("+57300", "\"'+57300\""),
        ("-2+3", "\"'-2+3\""),
        ("-", "\"'-\""),
        ("@SUM(A1)", "\"'@SUM(A1)\""),
        ("\t=1", "\"'\t=1\""),
        ("\r=1", "\"'\r=1\""),
        ("＝1", "\"'＝1\""),
        ("=cmd|' /C calc'!\"A0\"", "\"'=cmd|' /C calc'!\"\"A0\"\"\""),
        ("-inf", "\"'-inf\""),
    ] {
        assert_eq!(cell(text), expected);
    }
}

#[test]
fn other_cells_stay_as_they_are_and_are_quoted_where_need_be() {
    for (text, expected) in [
        ("12", "12"),
        ("-12", "-12"),
        ("-1.5", "-1.5"),
        ("2026-03-02", "2026-03-02"),
        ("a=b", "a=b"),
        ("", ""),
        ("a,b", "\"a,b\""),
        ("x;=1", "\"x;=1\""),
        ("say \"hi\"", "\"say \"\"hi\"\"\""),
    ] {
        assert_eq!(cell(text), expected);
    }
}
