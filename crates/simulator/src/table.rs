//! The answers that are short: the list of skills, and the closed chats by channel.

use std::collections::BTreeMap;

use super::answer::{Distortion, around, write_string};
use super::cast::SKILLS;
use super::settings::{Dialect, Settings};

/// A row: keys and their values.
type Members<'a> = Vec<(&'a str, String)>;

/// Keys whose values are numbers.
const NUMBERS: [&str; 2] = ["skill_id", "interaction"];

/// The body of the list of skills, without those that have no name. `text` is whether code and error are strings.
pub(super) fn skills(settings: &Settings, text: bool, distortion: &Distortion) -> Vec<u8> {
    let named = SKILLS.iter().filter(|skill| !skill.name.is_empty());
    let row = |skill: &super::cast::Skill| {
        vec![
            ("skill_id", skill.id.to_owned()),
            ("skill_name", skill.name.to_owned()),
            ("skill_description", "-".to_owned()),
            ("last_use", "-".to_owned()),
        ]
    };
    let rows: Vec<_> = named.map(row).collect();
    body(&rows, &settings.dialect, text, distortion)
}

/// The body of the report of closed chats by channel, of which there is one at least.
pub(super) fn counts(
    chats: &BTreeMap<String, u64>,
    dialect: &Dialect,
    text: bool,
    distortion: &Distortion,
) -> Vec<u8> {
    let rows: Vec<_> = chats
        .iter()
        .map(|(channel, chats)| {
            vec![
                (dialect.channel_key.as_str(), channel.clone()),
                ("interaction", chats.to_string()),
            ]
        })
        .collect();
    body(&rows, dialect, text, distortion)
}

fn body(rows: &[Members<'_>], dialect: &Dialect, text: bool, distortion: &Distortion) -> Vec<u8> {
    let announced = rows.len() as u64 + distortion.announce_more;
    let (head, tail) = around(announced, text, dialect.data_first);
    let mut out = [distortion.preface.as_bytes(), head.as_bytes()].concat();
    for (number, row) in rows.iter().enumerate() {
        out.extend(if number == 0 { "{" } else { ",{" }.bytes());
        for (number, (key, value)) in row.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            write_string(&mut out, key);
            out.push(b':');
            write_value(&mut out, key, value, dialect, distortion);
        }
        out.push(b'}');
    }
    out.extend(tail.bytes());
    out
}

fn write_value(out: &mut Vec<u8>, key: &str, value: &str, dialect: &Dialect, distortion: &Distortion) {
    let is_number = !dialect.numbers_as_strings && NUMBERS.contains(&key);
    if distortion.not_utf8.as_deref() == Some(key) {
        out.extend(b"\"\xff\xfe\xc3(\"");
    } else if is_number {
        out.extend(value.bytes());
    } else {
        write_string(out, value);
    }
}
