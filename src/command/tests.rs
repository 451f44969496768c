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

/// A command without its manual page would be noticed by nobody.
#[test]
fn packages_have_a_manual_page_of_each_command() {
    fn names(of: &clap::Command, before: &str, found: &mut Vec<String>) {
        for command in of.get_subcommands() {
            let name = format!("{before}{}", command.get_name());
            names(command, &format!("{name} "), found);
            found.push(name);
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/package/build");
    let script = std::fs::read_to_string(path).unwrap();
    let list = script.split_once("local commands=(").unwrap().1;
    let list = list.split_once(")\n").unwrap().0;
    let quoted = list.split('"').skip(1).step_by(2);
    let bare = list.split('"').step_by(2).flat_map(str::split_whitespace);
    let mut listed: Vec<_> = quoted.chain(bare).map(str::to_owned).collect();
    let mut there_are = Vec::new();
    let all = <Cli as clap::CommandFactory>::command();
    names(&all, "", &mut there_are);
    listed.sort();
    there_are.sort();
    assert_eq!(listed, there_are);
}
