//! The status page as a browser shows it.

use serde_json::Value;

use crate::support::browser::{Browser, Screen, Theme};
use crate::support::fleet::Fleet;
use crate::support::process::{Exporter, wait_for, with};

/// A telephone, a desk and a wall.
const WIDTHS: [(u32, u32); 3] = [(360, 740), (1280, 900), (1920, 1080)];

const THEMES: [Theme; 2] = [Theme::Light, Theme::Dark];

/// What of the page is wider than it may be: the page itself, and each table that would have to be scrolled.
const TOO_WIDE: &str = "[document.documentElement, ...document.querySelectorAll('.scroll, table, dl, figure')]
    .filter(one => one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > innerWidth + 1)
    .map(one => `${one.tagName}.${one.className}: ${one.scrollWidth} in ${one.clientWidth}`)";

/// What can't be read well: text whose contrast with what is behind it is under 4.5, the least of WCAG's level AA.
const TOO_PALE: &str = "(() => {
    const parts = color => color.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = one => {
        for (; one; one = one.parentElement) {
            const color = parts(getComputedStyle(one).backgroundColor);
            if (color.length < 4 || color[3] === 1) return color;
        }
        return [255, 255, 255];
    };
    const written = [...document.body.querySelectorAll('*')].filter(one => !one.closest('svg')
        && [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
    return written.map(one => {
        const [front, back] = [light(parts(getComputedStyle(one).color)), light(behind(one))];
        const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
        return contrast < 4.5 ? `${one.tagName}.${one.className} ${one.textContent}: ${contrast}` : null;
    }).filter(Boolean);
})()";

/// What of a wall is cut off: whatever is higher than its place.
const CUT_OFF: &str = "[document.documentElement, ...document.querySelectorAll('main, section, li')]
    .filter(one => one.scrollHeight > one.clientHeight + 2)
    .map(one => `${one.tagName}.${one.className}: ${one.scrollHeight} in ${one.clientHeight}`)";

/// The size of the smallest text, pixels.
const SMALLEST: &str = "Math.min(...[...document.body.querySelectorAll('*')]
    .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()) && !one.closest('svg, .hidden'))
    .map(one => parseFloat(getComputedStyle(one).fontSize)))";

/// Twenty operations, of which one has no server.
struct Shown {
    exporter: Exporter,
    browser: Browser,
}

impl Shown {
    async fn start(fleet: &Fleet) -> Shown {
        let names = (1..19).map(|number| format!("ventas-{number}"));
        // They share a token: one call at a time.
        let with_server = std::iter::once("ventas".to_owned())
            .chain(names)
            .map(|name| fleet.table_as("ventas", &name) + "group = \"ventas\"\n");
        // Nobody is there.
        let without_server =
            "[[operation]]\nname = \"rota\"\nbase_url = \"http://127.0.0.1:9\"\ntoken = \"token\"\n";
        let tables: Vec<_> = with_server.collect();
        fleet.write(&format!("{}{without_server}", tables.concat()));
        // So seldom that no poll is late where the machine has much to do.
        let variables = with(fleet.variables(), "POLL_INTERVAL", "15s");
        let variables = with(variables, "AGENTS", "names");
        let variables = with(variables, "SKILL_NAMES", "12=Ventas y más, 15=Soporte");
        let variables = with(variables, "GRAFANA_URL", "http://127.0.0.1:3000");
        let (exporter, browser) = tokio::join!(Exporter::serve(&variables), Browser::start());
        let shown = Shown { exporter, browser };
        wait_for(
            "nineteen operations that are well, and one that fails",
            || async {
                let status = shown.status("/api/v1/status").await;
                let operations = status["operations"].as_array().unwrap();
                let are = |state: &str| {
                    operations
                        .iter()
                        .filter(|one| one["verdict"]["state"] == state)
                        .count()
                };
                (are("well") == 19 && are("failing") == 1).then_some(())
            },
        )
        .await;
        shown
    }

    async fn status(&self, path: &str) -> Value {
        let (status, _, text) = self.exporter.get(path).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The page on a screen.
    async fn open(&mut self, path: &str, (width, height): (u32, u32), theme: Theme) {
        let screen = Screen { width, height, theme };
        self.browser.open(&self.exporter.url(path), screen).await;
    }

    /// That nothing is there of what such an expression finds.
    async fn assert_none(&mut self, what: &str, expression: &str) {
        let found = self.browser.evaluate(expression).await;
        assert_eq!(found, Value::Array(Vec::new()), "{what}");
    }

    /// The page fits each width and can be read in both themes.
    async fn assert_fits(&mut self, path: &str, name: &str) {
        for theme in THEMES {
            for size in WIDTHS {
                self.open(path, size, theme).await;
                let what = format!("{path} on {size:?}, {theme:?}");
                self.assert_none(&format!("too wide: {what}"), TOO_WIDE).await;
                self.assert_none(&format!("too pale: {what}"), TOO_PALE).await;
                let is_dark = self
                    .browser
                    .evaluate("getComputedStyle(document.body).backgroundColor")
                    .await;
                let is_dark = is_dark.as_str().unwrap().starts_with("rgb(17,");
                assert_eq!(is_dark, theme == Theme::Dark, "{what}");
                self.browser
                    .keep_picture(&format!("{name}-{}-{theme:?}", size.0))
                    .await;
            }
        }
    }

    /// Everything on the wall is on the screen, and large.
    async fn assert_is_a_wall(&mut self, path: &str, name: &str) {
        for theme in THEMES {
            self.open(path, WIDTHS[2], theme).await;
            self.assert_none(&format!("cut off: {path}"), CUT_OFF).await;
            self.assert_none(&format!("too wide: {path}"), TOO_WIDE).await;
            self.assert_none(&format!("too pale: {path}"), TOO_PALE).await;
            let smallest = self.browser.evaluate(SMALLEST).await.as_f64().unwrap();
            assert!(smallest >= 26.0, "{path}: {smallest} pixels");
            self.browser.keep_picture(&format!("{name}-{theme:?}")).await;
        }
    }
}

#[tokio::test]
async fn the_status_page_can_be_read_on_every_screen_by_day_and_by_night() {
    let fleet = Fleet::of(&["ventas"]).await;
    let mut shown = Shown::start(&fleet).await;

    shown.assert_fits("/?refresh=off", "fleet").await;
    let title = shown.browser.evaluate("document.title").await;
    assert!(
        title
            .as_str()
            .unwrap()
            .starts_with("1 of 20 operations fails: rota · "),
        "{title}"
    );
    let first = "document.querySelector('tbody tr').innerText";
    let first = shown.browser.evaluate(first).await;
    assert!(
        first.as_str().unwrap().contains("Nothing was read yet"),
        "{first}"
    );
    let sections = "[...document.querySelectorAll('section.operation h2')].map(one => one.innerText)";
    assert_eq!(
        shown.browser.evaluate(sections).await,
        serde_json::json!(["rota"])
    );

    shown.assert_fits("/?operation=rota&refresh=off", "failing").await;
    let text = shown.browser.text().await;
    assert!(
        text.contains("Nothing was read yet, ") && text.contains("refused"),
        "{text}"
    );

    shown
        .assert_fits("/?operation=ventas&refresh=off", "operation")
        .await;
    let text = shown.browser.text().await;
    for expected in [
        "All is well",
        "Latest window",
        "Ventas y más",
        "Settings",
        "In Grafana: ",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }

    shown.assert_is_a_wall("/?wall&refresh=off", "wall-fleet").await;
    shown
        .assert_is_a_wall("/?operation=ventas&wall&refresh=off", "wall")
        .await;

    assert_eq!(shown.browser.complaints(), [] as [String; 0]);
}

#[tokio::test]
async fn the_status_page_loads_itself_again() {
    let fleet = Fleet::of(&["ventas"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    let mut browser = Browser::start().await;
    let screen = Screen {
        width: 1280,
        height: 900,
        theme: Theme::Light,
    };
    browser.open(&exporter.url("/"), screen).await;
    browser.evaluate("window.isTheFirst = true").await;
    browser.wait_until("window.isTheFirst !== true").await;
}
