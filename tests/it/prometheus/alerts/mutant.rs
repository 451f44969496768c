//! Each rule, broken on purpose in one place, must break a case.

use std::collections::BTreeSet;
use std::path::Path;

use super::case::{Cases, file, in_parallel, only, said, scratch};
use super::{Rule, rules};

/// Set to `all`, the rules of alerts that look four weeks back are broken too: each of their cases takes seconds.
const MUTANTS: &str = "EXPORTER_TEST_MUTANTS";

/// One rule changed in one place.
struct Mutant {
    what: String,
    alert: String,
    /// In the titles of the cases for it, where several rules make one alert.
    part: String,
    rules: String,
}

impl Mutant {
    /// What it is, if no case breaks; the cases after the first that does are not tried.
    fn survives(&self, folder: &Path) -> Option<String> {
        for (number, case) in Cases::of(&self.alert).each(&self.part).iter().enumerate() {
            let output = case.try_on(&self.rules, &folder.join(number.to_string()));
            if output.status.success() {
                continue;
            }
            // It must break because an alert fires or does not, not because the file can't be read.
            let said = said(&output);
            let is_broken =
                said.contains("FAILED") && !said.contains("parse error") && !said.contains("unmarshal");
            return (!is_broken).then(|| format!("{}\n{said}", self.what));
        }
        Some(self.what.clone())
    }
}

/// An expression with its `index`th comparison turned, or the number behind it doubled. `None` if there is none.
fn mutated(expr: &str, index: usize, turn: bool) -> Option<String> {
    let bytes = expr.as_bytes();
    let is_matcher = |at: usize| expr[..at].matches('{').count() > expr[..at].matches('}').count();
    let (at, operator) = (0..bytes.len())
        .filter(|at| expr.is_char_boundary(*at) && !is_matcher(*at))
        .filter_map(|at| {
            let rest = &expr[at..];
            let operator = [">=", "<=", "==", "!=", ">", "<"]
                .into_iter()
                .find(|o| rest.starts_with(o))?;
            let follows = at > 0 && matches!(bytes[at - 1], b'>' | b'<' | b'=' | b'!');
            // A divisor's guard is no threshold.
            (!follows && !rest.starts_with("> 0)")).then_some((at, operator))
        })
        .nth(index)?;
    let rest = &expr[at + operator.len()..];
    if turn {
        let turned = match operator {
            ">=" => "<",
            "<=" => ">",
            ">" => "<=",
            "<" => ">=",
            "==" => "!=",
            _ => "==",
        };
        return Some(format!("{}{turned}{rest}", &expr[..at]));
    }
    // The number is behind it, or (for `x > y + 0.2`) in the same line.
    let line = rest.lines().next().unwrap_or("");
    let start = number_in(line)?;
    let length = line[start..]
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(line.len() - start);
    let number: f64 = line[start..start + length].parse().ok()?;
    let doubled = if number == 0.0 { 1.0 } else { number * 2.0 };
    Some(format!(
        "{}{operator}{}{doubled}{}",
        &expr[..at],
        &rest[..start],
        &rest[start + length..]
    ))
}

/// Where a number begins that is not a part of a name.
fn number_in(line: &str) -> Option<usize> {
    line.char_indices().find_map(|(at, c)| {
        let before = line[..at].chars().next_back();
        let alone = before.is_none_or(|b| b == ' ' || b == '(');
        (c.is_ascii_digit() && alone).then_some(at)
    })
}

fn with_expr(rule: &Rule, expr: &str) -> String {
    let start = rule.text.find("        expr:").unwrap();
    let end = rule.text[start..]
        .find("        for:")
        .map_or(rule.text.len(), |at| start + at);
    let indented: String = expr.lines().map(|line| format!("          {line}\n")).collect();
    format!(
        "{}        expr: |-\n{indented}{}",
        &rule.text[..start],
        &rule.text[end..]
    )
}

fn mutants() -> Vec<Mutant> {
    let all = rules();
    let is_all = std::env::var(MUTANTS).is_ok_and(|which| which == "all");
    let mut mutants = Vec::new();
    // A recorded rule is broken for one of its alerts: many share those of trust and of what is usual.
    let mut recorded = BTreeSet::new();
    // Several rules may make one alert: each is broken alone, against the cases for it ("…, 1h)" in their titles).
    for broken in all.iter().filter(|rule| rule.is_alert) {
        let alert = &broken.name;
        let part = broken
            .value("long_window")
            .map_or_else(String::new, |window| format!(", {window})"));
        let rules = only(&all, |rule| rule.text == broken.text);
        if !is_all && rules.iter().any(|rule| rule.text.contains("offset 4w")) {
            continue;
        }
        let mut add = |at: usize, text: String, what: String| {
            let mut changed = rules.clone();
            changed[at].text = text;
            mutants.push(Mutant {
                what,
                alert: alert.clone(),
                part: part.clone(),
                rules: file(&changed),
            });
        };
        for (at, rule) in rules.iter().enumerate() {
            let expr = rule.expr();
            for turn in [true, false] {
                for index in 0.. {
                    if mutated(&expr, index, true).is_none() {
                        break;
                    }
                    let Some(changed) = mutated(&expr, index, turn) else {
                        continue;
                    };
                    if !rule.is_alert && !recorded.insert((rule.name.clone(), changed.clone())) {
                        continue;
                    }
                    let how = if turn { "turned" } else { "doubled" };
                    add(
                        at,
                        with_expr(rule, &changed),
                        format!("{alert}: {how}, in {}:\n{changed}", rule.name),
                    );
                }
            }
            let Some(wait) = rule.value("for").filter(|wait| wait != "0m") else {
                continue;
            };
            let (number, unit) = wait.split_at(wait.len() - 1);
            let doubled = format!("for: {}{unit}", number.parse::<u32>().unwrap() * 2);
            add(
                at,
                rule.text.replacen(&format!("for: {wait}"), &doubled, 1),
                format!("{alert}: {doubled}"),
            );
        }
    }
    mutants
}

#[test]
fn each_changed_rule_breaks_a_test() {
    let mutants = mutants();
    assert!(
        mutants.len() > 100,
        "only {} mutants: are the rules read rightly?",
        mutants.len()
    );
    let folder = scratch("mutants");
    let numbered: Vec<_> = mutants.iter().enumerate().collect();
    let survivors = in_parallel(&numbered, |(number, mutant)| {
        mutant.survives(&folder.join(number.to_string()))
    });
    assert!(
        survivors.is_empty(),
        "of {} these survive:\n\n{}",
        mutants.len(),
        survivors.join("\n\n")
    );
}
