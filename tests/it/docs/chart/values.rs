//! The values of the chart as a document: what the comments of `values.yaml` say.
//!
//! A comment that begins with `# --` describes the key below it, and one with `# ==` is the heading of those that follow.

/// A value with its comment.
struct Described {
    /// The keys that lead to it, with dots between.
    path: String,
    /// What stands behind the colon; nothing where the value begins on the next line.
    default: String,
    text: String,
}

/// The headings, each with its values.
fn sections(yaml: &str) -> Vec<(String, Vec<Described>)> {
    let mut sections: Vec<(String, Vec<Described>)> = Vec::new();
    let mut keys: Vec<(usize, &str)> = Vec::new();
    let mut text = None;
    for line in yaml.lines() {
        let trimmed = line.trim_start();
        if let Some(heading) = trimmed.strip_prefix("# == ") {
            sections.push((heading.to_owned(), Vec::new()));
        } else if let Some(comment) = trimmed.strip_prefix("# -- ") {
            text = Some(comment);
        } else if let Some((key, default)) = trimmed.split_once(':').filter(|_| !trimmed.starts_with('#')) {
            let indent = line.len() - trimmed.len();
            keys.retain(|(of_key, _)| *of_key < indent);
            keys.push((indent, key));
            let Some(text) = text.take() else { continue };
            let path: Vec<_> = keys.iter().map(|(_, key)| *key).collect();
            let (_, values) = sections
                .last_mut()
                .expect("a heading stands before the first value");
            values.push(Described {
                path: path.join("."),
                default: default.trim().to_owned(),
                text: text.to_owned(),
            });
        }
    }
    sections
}

/// A table for each heading.
pub(super) fn markdown(yaml: &str) -> String {
    let tables = sections(yaml).into_iter().map(|(heading, values)| {
        let rows: String = values.iter().map(row).collect();
        format!("### {heading}\n\n| value | default | meaning |\n|---|---|---|\n{rows}")
    });
    tables.collect::<Vec<_>>().join("\n")
}

fn row(value: &Described) -> String {
    let default = match value.default.as_str() {
        "" => "in values.yaml".to_owned(),
        "\"\"" => "—".to_owned(),
        default => format!("`{default}`"),
    };
    format!("| `{}` | {default} | {} |\n", value.path, value.text)
}

/// The paths of all that is described.
pub(super) fn paths(yaml: &str) -> Vec<String> {
    let values = sections(yaml).into_iter().flat_map(|(_, values)| values);
    values.map(|value| value.path).collect()
}
