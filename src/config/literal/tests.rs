use super::*;

#[test]
fn quotes_around_a_value_are_reported_with_the_way_out() {
    for value in [
        "\"x\"", "'x'", "\"\"", "`x`", "“x”", "‘x’", "„x“", "«x»", "\" x \"",
    ] {
        let reported = problem("OPERATION", value).unwrap();
        assert!(reported.contains("remove the quotes"), "{value}: {reported}");
    }
    assert_eq!(unquoted("\" x \""), Some("x"));
    assert_eq!(unquoted("\""), None);
}

#[test]
fn a_quote_at_one_end_belongs_to_names_only() {
    for value in ["\"x", "x\"", "'x", "x'", "\"", "“x", "x\"\u{201d}"] {
        assert!(
            problem("STATE_DIR", value).unwrap().contains("no partner"),
            "{value}"
        );
        assert_eq!(problem("OPERATION", value), None, "{value}");
    }
    assert_eq!(problem("OPERATION", "O'Brien & \"Sons\" Ltd"), None);
    assert_eq!(problem("TOKEN", "a'b\"c"), None);
}

#[test]
fn what_only_a_shell_or_systemd_replaces_is_reported() {
    for (value, word) in [
        ("~/st", "home directory"),
        ("~", "home directory"),
        ("~ana/st", "home directory"),
        ("$HOME/st", "$HOME"),
        ("${HOME}/st", "$HOME"),
        ("/data/${NAME}", "$HOME"),
        ("/data/$(hostname)", "$HOME"),
        ("%h/st", "%h"),
        ("/a/%i/b", "%h"),
        ("%USERPROFILE%\\st", "%h"),
    ] {
        for variable in PATHS {
            let reported = problem(variable, value).unwrap();
            assert!(reported.contains(word), "{value}: {reported}");
        }
    }
    for value in ["$TOKEN", "${TOKEN}", "$(cat token)"] {
        assert!(problem("TOKEN", value).unwrap().contains("refers to"), "{value}");
    }
    for value in ["/a/b~", "/a/~b", "/a/100%", "/a/%41", "/a/$", "/a/$1", "/a/%2Fb"] {
        assert_eq!(problem("STATE_DIR", value), None, "{value}");
    }
    assert_eq!(problem("TOKEN", "$a+b/c=="), None);
    assert_eq!(problem("OPERATION", "100% $ales"), None);
}
