//! Labels and HELP texts, escaped; and how a sample begins, which is the same in both formats.

/// Appends a label to the ones that `labels` has.
pub(super) fn write(labels: &mut String, name: &str, value: &str) {
    if !labels.is_empty() {
        labels.push(',');
    }
    labels.push_str(name);
    labels.push_str("=\"");
    push_escaped(labels, value);
    labels.push('"');
}

/// Appends a sample up to its value. `labels` stand between the braces.
pub(super) fn push_head(out: &mut String, name: &str, suffix: &str, labels: &str) {
    out.push_str(name);
    out.push_str(suffix);
    if !labels.is_empty() {
        out.push('{');
        out.push_str(labels);
        out.push('}');
    }
    out.push(' ');
}

/// Appends a bucket's sample up to its value. `bound` is the text of its label `le`.
pub(super) fn push_bucket_head(out: &mut String, name: &str, labels: &str, bound: &str) {
    out.push_str(name);
    out.push_str("_bucket{");
    out.push_str(labels);
    out.push_str(if labels.is_empty() { "le=\"" } else { ",le=\"" });
    out.push_str(bound);
    out.push_str("\"} ");
}

/// What both formats escape in label values; `OpenMetrics`, unlike the text format, in HELP as well.
pub(super) fn push_escaped(out: &mut String, text: &str) {
    escape(out, text, &['\\', '\n', '"']);
}

/// What the text format escapes in HELP.
pub(super) fn push_escaped_help(out: &mut String, text: &str) {
    escape(out, text, &['\\', '\n']);
}

fn escape(out: &mut String, text: &str, special: &[char]) {
    let mut rest = text;
    while let Some(at) = rest.find(special) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        out.push_str(match special.as_bytes()[0] {
            b'\\' => "\\\\",
            b'"' => "\\\"",
            _ => "\\n",
        });
        rest = &special[1..];
    }
    out.push_str(rest);
}

/// The upper bounds of buckets as text, made once: all rows of a family have the same ones.
#[derive(Debug, Default)]
pub(super) struct Bounds(Vec<(f64, String)>);

impl Bounds {
    /// The text of a bound, by its place. The places are asked for in their order.
    pub(super) fn text(&mut self, place: usize, bound: f64, push: impl FnOnce(&mut String, f64)) -> &str {
        let known = self.0.get(place);
        if known.is_none_or(|(known, _)| known.to_bits() != bound.to_bits()) {
            let mut text = String::new();
            push(&mut text, bound);
            self.0.truncate(place);
            self.0.push((bound, text));
        }
        &self.0[place].1
    }
}
