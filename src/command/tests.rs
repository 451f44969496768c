use super::*;

#[test]
fn the_definitions_are_sound() {
    <Cli as clap::CommandFactory>::command().debug_assert();
}

#[test]
fn a_backfill_needs_an_end() {
    let parse = |more: &[&str]| {
        let base = ["wolkvox-exporter", "backfill", "--from", "2026-10-01"];
        Cli::try_parse_from(base.iter().chain(more))
    };
    assert!(parse(&[]).is_err());
    assert!(parse(&["--to", "2026-11-01"]).is_ok());
    assert!(parse(&["--until-state", "state"]).is_ok());
    assert!(parse(&["--until-state", "state", "--to", "2026-11-01"]).is_err());
    assert!(parse(&["--to", "2026-11-01", "--label", "job"]).is_err());
    assert!(parse(&["--to", "2026-11-01", "--pace", "24h"]).is_ok());
    assert!(parse(&["--to", "2026-11-01", "--pace", "25h"]).is_err());
}
