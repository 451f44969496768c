//! Where the state is.

use super::*;

const URL: &str = "postgres://wolkvox:geheim-word@db.example:5432/wolkvox";

#[test]
fn the_state_is_in_a_directory_or_in_a_database() {
    let place = |variables: &[_]| with(variables).unwrap().state.place;
    assert!(matches!(place(&[]), Place::Directory(_)));
    let Place::Database(url) = place(&[("WOLKVOX_STATE_URL", URL)]) else {
        panic!("no database")
    };
    assert_eq!(url.address(), "db.example:5432/wolkvox");
    // A unit of systemd may have a directory for other files.
    let with_unit = [("WOLKVOX_STATE_URL", URL), ("STATE_DIRECTORY", "/var/lib/a")];
    assert!(matches!(place(&with_unit), Place::Database(_)));
    assert_eq!(with(&[]).unwrap().state.lease, Duration::from_secs(60));
}

#[test]
fn a_url_in_a_file_is_read_and_its_mistakes_name_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("url");
    std::fs::write(&file, format!("{URL}\n")).unwrap();
    let variables = [("WOLKVOX_STATE_URL_FILE", file.to_str().unwrap())];
    assert!(matches!(
        with(&variables).unwrap().state.place,
        Place::Database(_)
    ));
    std::fs::write(&file, "mysql://wolkvox:geheim-word@db.example/wolkvox").unwrap();
    let problem = problem(with(&variables));
    assert!(
        problem.contains("/url") && problem.contains("postgres://"),
        "{problem}"
    );
    assert!(!problem.contains("geheim"), "{problem}");
}

#[test]
fn two_places_and_lengths_out_of_range_are_mistakes() {
    for (variables, expected) in [
        (
            [("WOLKVOX_STATE_URL", URL), ("WOLKVOX_STATE_DIR", "/data")],
            "WOLKVOX_STATE_URL is set beside WOLKVOX_STATE_DIR",
        ),
        (
            [("WOLKVOX_STATE_URL", URL), ("WOLKVOX_STATE_URL_FILE", "/run/url")],
            "WOLKVOX_STATE_URL is set beside WOLKVOX_STATE_URL_FILE",
        ),
        (
            [("WOLKVOX_STATE_URL", URL), ("WOLKVOX_STATE_LEASE", "1s")],
            "WOLKVOX_STATE_LEASE is 1s; it must lie between 3s and 1h",
        ),
    ] {
        let problem = problem(with(&variables));
        assert!(problem.starts_with(expected), "{problem}");
        assert!(!problem.contains("geheim"), "{problem}");
    }
}

#[test]
fn a_url_in_the_place_of_a_path_is_a_mistake_that_does_not_show_it() {
    for name in ["WOLKVOX_STATE_DIR", "WOLKVOX_STATE_URL_FILE"] {
        let problem = problem(with(&[(name, URL)]));
        assert!(problem.starts_with(&format!("{name} is a URL")), "{problem}");
        assert!(!problem.contains("geheim"), "{problem}");
    }
}

#[test]
fn a_weak_way_to_the_database_is_warned_of() {
    let url = format!("{URL}?sslmode=disable");
    let warnings = with(&[("WOLKVOX_STATE_URL", &url)]).unwrap().warnings;
    assert!(
        warnings[0].contains("travel in clear") && warnings[0].contains("sslmode=verify-full"),
        "{warnings:?}"
    );
    assert!(!warnings[0].contains("geheim"), "{warnings:?}");
}
