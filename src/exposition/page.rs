//! A page of `/metrics`: what one publication shows. What a scrape asks for is rendered once, and answered many times.

mod section;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::gzip::{self, Blocks, Tails};
use super::{Encoding, Format, Options, write};
use crate::metrics::{Family, Rows};
use section::Section;

/// What has been published. Its families stay as they were then, whenever they are rendered.
#[derive(Debug)]
pub struct Page {
    options: Options,
    main: Section,
    window: Option<WindowGauges>,
    tails: Arc<Tails>,
    /// Set once the bytes are there, by format and encoding.
    rendered: [[OnceCell<()>; Encoding::ALL.len()]; Format::ALL.len()],
}

/// The gauges over the latest window. They are withdrawn once they expire.
#[derive(Debug)]
struct WindowGauges {
    section: Section,
    expires: Instant,
    /// So that it is logged once, not at every scrape.
    withdrawn: AtomicBool,
}

impl Page {
    /// Shows these families, and renders none of them. Those of `window` are left out from its instant on, so that old
    /// values are never shown as current. Families of one name are shown as one where they follow each other.
    ///
    /// No family may be both in `main` and in `window` or in the tail of [`Page::answer`].
    pub fn new(
        main: Vec<Arc<dyn Rows>>,
        window: Option<(Vec<Arc<dyn Rows>>, Instant)>,
        options: Options,
    ) -> Self {
        Self::following(&Self::empty(options), main, window)
    }

    /// A page without families: before anything was published.
    pub fn empty(options: Options) -> Self {
        Self::of(Section::default(), None, options, Arc::default())
    }

    /// The page after another one: it keeps the bytes of the families that have not changed.
    pub fn following(
        before: &Self,
        main: Vec<Arc<dyn Rows>>,
        window: Option<(Vec<Arc<dyn Rows>>, Instant)>,
    ) -> Self {
        let empty = Section::default();
        let window_before = before.window.as_ref().map_or(&empty, |window| &window.section);
        let window = window.map(|(families, expires)| WindowGauges {
            section: Section::following(window_before, families),
            expires,
            withdrawn: AtomicBool::new(false),
        });
        let main = Section::following(&before.main, main);
        Self::of(main, window, before.options, Arc::clone(&before.tails))
    }

    fn of(main: Section, window: Option<WindowGauges>, options: Options, tails: Arc<Tails>) -> Self {
        Self {
            options,
            main,
            window,
            tails,
            rendered: Default::default(),
        }
    }

    /// Renders what [`Page::answer`] needs, unless that was done: on a thread of its own, where the system gives one. Of many
    /// at once one renders, and the others wait.
    pub async fn render(self: &Arc<Self>, format: Format, encoding: Encoding) {
        let cell = &self.rendered[format as usize][encoding as usize];
        if cell.initialized() {
            return;
        }
        let page = Arc::clone(self);
        // As a task: the one that began must not be dropped with a request, or others would begin anew.
        let rendering = tokio::spawn(async move {
            let cell = &page.rendered[format as usize][encoding as usize];
            cell.get_or_init(|| render_aside(&page, format, encoding)).await;
        });
        // What a panic leaves undone is done by `answer`.
        let _ = rendering.await;
    }

    /// The answer to a scrape at `now`: the families as they were published, and after them `tail`, rendered now. What
    /// was not rendered yet is rendered here.
    pub fn answer(&self, format: Format, encoding: Encoding, now: Instant, tail: &[Family]) -> Rendered {
        let sections: Vec<&Section> = [Some(&self.main), self.window_at(now)]
            .into_iter()
            .flatten()
            .collect();
        let mut end = Vec::new();
        let tail = tail.iter().map(|family| family as &dyn Rows);
        write(&mut end, tail, format, self.options);
        end.extend_from_slice(format.end().as_bytes());
        if encoding == Encoding::Gzip
            && let Some(rendered) = self.zipped(&sections, format, &end)
        {
            return rendered;
        }
        let chunks = sections
            .iter()
            .flat_map(|section| section.plain(format, self.options));
        Rendered::new(chunks.chain([end.into()]), Encoding::Identity)
    }

    /// One gzip member of the sections and the end. `None` if something could not be compressed; then gzip is not offered.
    /// Compression in memory does not fail in practice.
    fn zipped(&self, sections: &[&Section], format: Format, end: &[u8]) -> Option<Rendered> {
        let end = self.tails.last(end).ok()?;
        let mut blocks: Vec<&Blocks> = sections
            .iter()
            .map(|section| section.zipped(format, self.options))
            .collect::<Option<_>>()?;
        blocks.push(&end);
        let bytes = blocks.iter().map(|blocks| blocks.bytes.clone());
        let chunks = [Bytes::from_static(gzip::HEADER)].into_iter().chain(bytes);
        let trailer = gzip::trailer(blocks.iter().copied());
        Some(Rendered::new(chunks.chain([trailer]), Encoding::Gzip))
    }

    fn render_here(&self, format: Format, encoding: Encoding) {
        let window = self.window.as_ref();
        let window = window.filter(|window| Instant::now() < window.expires);
        for section in [&self.main]
            .into_iter()
            .chain(window.map(|window| &window.section))
        {
            match encoding {
                Encoding::Identity => drop(section.plain(format, self.options)),
                Encoding::Gzip => drop(section.zipped(format, self.options)),
            }
        }
    }

    fn window_at(&self, now: Instant) -> Option<&Section> {
        let window = self.window.as_ref()?;
        if now < window.expires {
            return Some(&window.section);
        }
        if !window.withdrawn.swap(true, Ordering::Relaxed) {
            tracing::info!(
                late_ms = u64::try_from((now - window.expires).as_millis()).unwrap_or(u64::MAX),
                "the gauges of the latest window are too old to be shown; withdrawn until the next success"
            );
        }
        None
    }
}

/// Rendering takes milliseconds, which other connections shall not wait for.
async fn render_aside(page: &Arc<Page>, format: Format, encoding: Encoding) {
    let there = Arc::clone(page);
    let aside = offload::run("render", move || there.render_here(format, encoding)).await;
    if aside.is_err() {
        page.render_here(format, encoding);
    }
}

/// The bytes of an answer, in chunks that share the page's memory.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The chunks in their order; none is empty.
    pub chunks: VecDeque<Bytes>,
    /// What `Content-Encoding` must say. It may be less than what was asked for.
    pub encoding: Encoding,
}

impl Rendered {
    fn new(chunks: impl Iterator<Item = Bytes>, encoding: Encoding) -> Self {
        Self {
            chunks: chunks.filter(|chunk| !chunk.is_empty()).collect(),
            encoding,
        }
    }
}

#[cfg(test)]
mod tests;
