//! The Spanish pages say what the English ones say: each has the digest of the English page that it was written from in its
//! first line. `UPDATE_TWINS=1 cargo test --test it docs::twin` writes the digests anew, once the Spanish text is right.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

use sha2::{Digest, Sha256};

use super::{documents, page_of, read, root};

/// English pages that have a twin, besides all runbooks.
const TRANSLATED: [&str; 7] = [
    "README.md",
    "docs/setup.md",
    "docs/operating.md",
    "docs/numbers.md",
    "docs/troubleshooting.md",
    "docs/privacy.md",
    "docs/glossary.md",
];

/// The digest of a page, without the tables that the program writes: those are in English alone.
fn digest(text: &str) -> String {
    let mut hash = Sha256::new();
    let mut is_made = false;
    for line in text.lines() {
        is_made |= line.starts_with("<!-- ") && line.ends_with(": begin -->");
        if !is_made {
            hash.update(line);
            hash.update("\n");
        }
        is_made &= !line.ends_with(": end -->");
    }
    hash.finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn first_line(english: &str) -> String {
    let text = read(english);
    format!("<!-- Traducción de {english}, versión {} -->", digest(&text))
}

/// The Spanish pages by the English ones that their first lines name.
fn twins() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for path in documents() {
        let page = page_of(&path);
        if !page.starts_with("docs/es/") {
            continue;
        }
        let text = read(&path);
        let line = text.lines().next().unwrap_or_default();
        let named = line
            .strip_prefix("<!-- Traducción de ")
            .and_then(|rest| rest.split_once(", versión "));
        let Some((english, _)) = named else {
            panic!(
                "{page}: its first line must be such as {}",
                first_line("README.md")
            );
        };
        let other = found.insert(english.to_owned(), page);
        assert!(
            other.is_none(),
            "{other:?} is a twin of the same page as another one"
        );
    }
    found
}

/// What is to have a twin.
fn translated() -> BTreeSet<String> {
    let runbooks = fs::read_dir(root().join("docs/runbooks")).unwrap();
    let runbooks = runbooks.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut pages: BTreeSet<_> = runbooks.map(|name| format!("docs/runbooks/{name}")).collect();
    pages.extend(TRANSLATED.map(str::to_owned));
    pages
}

#[test]
fn each_page_for_people_on_the_floor_has_a_spanish_twin() {
    let twins: BTreeSet<_> = twins().into_keys().collect();
    let missing: Vec<_> = translated().difference(&twins).cloned().collect();
    assert!(
        missing.is_empty(),
        "these pages have no twin in docs/es, whose first line names them: {missing:#?}"
    );
    for english in twins {
        assert!(
            root().join(&english).exists(),
            "{english} is gone: remove its twin in docs/es"
        );
    }
}

#[test]
fn a_spanish_page_is_of_the_english_page_as_it_is() {
    for (english, spanish) in twins() {
        let path = root().join(&spanish);
        let text = read(&path);
        let (line, rest) = text.split_once('\n').unwrap();
        let expected = first_line(&english);
        if env::var_os("UPDATE_TWINS").is_some() {
            // At once: other tests read it.
            let aside = path.with_extension("new");
            fs::write(&aside, format!("{expected}\n{rest}")).unwrap();
            fs::rename(&aside, &path).unwrap();
            continue;
        }
        assert!(
            line == expected,
            "{english} has changed, and {spanish} may still say what it said before. See what changed (git log -p -- {english}), \
             write it in Spanish too, and then run UPDATE_TWINS=1 cargo test --test it docs::twin, which puts the new version \
             into the first line of each Spanish page. If nothing changes in Spanish, the command alone is enough"
        );
    }
}

/// From each twin to the other. The list of runbooks leads to the Spanish ones.
#[test]
fn twins_lead_to_each_other() {
    for (english, spanish) in twins() {
        assert_leads(&spanish, &english);
        if !english.starts_with("docs/runbooks/Wolkvox") {
            assert_leads(&english, &spanish);
        }
    }
}

fn assert_leads(from: &str, to: &str) {
    let folder = root().join(from).parent().unwrap().to_owned();
    let target = root().join(to).canonicalize().unwrap();
    let is_target = |link: &str| folder.join(link).canonicalize().is_ok_and(|path| path == target);
    let text = read(Path::new(&root().join(from)));
    let mut links = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#']).next());
    assert!(links.any(is_target), "{from} has no link to {to}");
}

/// The lines of all blocks of a page, without comments, which are in the page's language.
fn code(text: &str) -> Vec<&str> {
    let blocks = text.split("```").skip(1).step_by(2);
    blocks
        .flat_map(str::lines)
        .map(|line| line.split("# ").next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn twins_have_the_same_commands_and_settings() {
    for (english, spanish) in twins() {
        let (english_text, spanish_text) = (read(&english), read(&spanish));
        assert_eq!(
            code(&english_text),
            code(&spanish_text),
            "{english} and {spanish}"
        );
    }
}

#[test]
fn what_the_program_writes_into_a_page_is_not_in_its_digest() {
    let page = |table: &str| format!("One\n<!-- causes: begin -->\n{table}\n<!-- causes: end -->\nTwo\n");
    assert_eq!(digest(&page("a")), digest(&page("b")));
    assert_ne!(digest(&page("a")), digest(&page("a").replace("Two", "Three")));
    assert_ne!(digest(&page("a")), digest(&page("a").replace("One", "Three")));
}
