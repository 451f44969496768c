//! `/metrics`: the pages of operations, merged by family. What a scrape asks for is rendered once, and answered many times.

mod order;
mod run;
mod section;
mod tail;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::gzip::{self, Blocks};
use super::page::Part;
use super::{Encoding, Format, Options, Page, write};
use crate::metrics::{Family, Rows};
use section::Section;

pub use tail::Tail;

/// The pages of some operations as one: each family with one head, and then the samples of each operation, in the order of
/// the pages. After all of them come the gauges over the latest windows, by family too, and then what follows from the time of
/// day. It keeps what has not changed since the exposition before.
#[derive(Debug)]
pub struct Exposition {
    options: Options,
    pages: Vec<Arc<Page>>,
    main: Arc<Section>,
    windows: Arc<Section>,
    timed: Arc<Section>,
    /// When the first of the windows expires, if there is one.
    expires: Option<Instant>,
    /// Set once the bytes are there, by format and encoding.
    rendered: [[OnceCell<()>; Encoding::ALL.len()]; Format::ALL.len()],
}

impl Exposition {
    /// Without a page. `options` are those of the families of [`Exposition::answer`], and pages have their own.
    pub fn empty(options: Options) -> Self {
        Self {
            options,
            pages: Vec::new(),
            main: Arc::default(),
            windows: Arc::default(),
            timed: Arc::default(),
            expires: None,
            rendered: Default::default(),
        }
    }

    /// Of these pages, without one before it. Otherwise as [`Exposition::following`].
    pub fn of(pages: Vec<Arc<Page>>, options: Options, now: Instant) -> Self {
        Self::following(&Self::empty(options), pages, now)
    }

    /// The exposition after another one: of these pages, with the windows that have not expired at `now`, and with what follows
    /// from the time of day as it is now. It renders nothing, so to make one is cheap.
    ///
    /// All pages must have their families in the order of one catalogue, of which each may lack some. No family may be both
    /// among the families of a page and in the window of another, or in the tail of [`Exposition::answer`].
    pub fn following(before: &Self, pages: Vec<Arc<Page>>, now: Instant) -> Self {
        let main = pages.iter().map(|page| Arc::clone(page.main())).collect();
        let windows: Vec<(&Arc<[Part]>, Instant)> =
            pages.iter().filter_map(|page| page.window_at(now)).collect();
        let expires = windows.iter().map(|(_, expires)| *expires).min();
        let windows = windows.iter().map(|(parts, _)| Arc::clone(parts)).collect();
        Self {
            options: before.options,
            main: Section::following(&before.main, main),
            windows: Section::following(&before.windows, windows),
            timed: Section::following(&before.timed, timed_parts(&pages, now).collect()),
            expires,
            pages,
            rendered: Default::default(),
        }
    }

    /// Whether it is that of these very pages at `now`: nothing was published since, no window has expired, and nothing has
    /// changed with the time of day.
    fn is_of(&self, pages: &[Arc<Page>], now: Instant) -> bool {
        let same = |(one, other)| Arc::ptr_eq(one, other);
        self.expires.is_none_or(|expires| now < expires)
            && self.pages.len() == pages.len()
            && self.pages.iter().zip(pages).all(same)
            && self.timed.is_of(timed_parts(pages, now))
    }

    /// Renders what [`Exposition::answer`] needs, unless that was done: on a thread of its own, where the system gives one.
    /// Of many at once one renders, and the others wait.
    pub async fn render(self: &Arc<Self>, format: Format, encoding: Encoding) {
        let cell = &self.rendered[format as usize][encoding as usize];
        if cell.initialized() {
            return;
        }
        let exposition = Arc::clone(self);
        // As a task: the one that began must not be dropped with a request, or others would begin anew.
        let rendering = tokio::spawn(async move {
            let cell = &exposition.rendered[format as usize][encoding as usize];
            cell.get_or_init(|| render_aside(&exposition, format, encoding))
                .await;
        });
        // What a panic leaves undone is done by `answer`.
        let _ = rendering.await;
    }

    /// The answer to a scrape: the families as they were published, and after them `live`, rendered now. What was not
    /// rendered yet is rendered here.
    pub fn answer(&self, format: Format, encoding: Encoding, live: &[Family]) -> Rendered {
        self.answer_with(&Tail::default(), format, encoding, live)
    }

    /// The same, with a tail before what is live.
    pub fn answer_with(&self, tail: &Tail, format: Format, encoding: Encoding, live: &[Family]) -> Rendered {
        let mut end = Vec::new();
        let live = live.iter().map(|family| family as &dyn Rows);
        write(&mut end, live, format, self.options);
        end.extend_from_slice(format.end().as_bytes());
        let sections = [&*self.main, &*self.windows, &*self.timed, tail.section()];
        if encoding == Encoding::Gzip
            && let Some(rendered) = zipped(sections, format, &end)
        {
            return rendered;
        }
        let chunks = sections.into_iter().flat_map(|section| section.plain(format));
        Rendered::new(chunks.chain([end.into()]), Encoding::Identity)
    }

    fn sections(&self) -> [&Section; 3] {
        [&self.main, &self.windows, &self.timed]
    }

    fn render_here(&self, format: Format, encoding: Encoding) {
        for section in self.sections() {
            match encoding {
                Encoding::Identity => drop(section.plain(format)),
                Encoding::Gzip => drop(section.zipped(format)),
            }
        }
    }
}

/// What follows from the time of day, of the pages that have such families.
fn timed_parts(pages: &[Arc<Page>], now: Instant) -> impl Iterator<Item = Arc<[Part]>> {
    let parts = move |page: &Arc<Page>| [page.timed(), page.timed_window_at(now)];
    pages.iter().flat_map(parts).flatten()
}

/// One gzip member of the sections and the end. `None` if something could not be compressed; then gzip is not offered.
/// Compression in memory does not fail in practice.
fn zipped(sections: [&Section; 4], format: Format, end: &[u8]) -> Option<Rendered> {
    let [main, windows, timed, tail] = sections.map(|section| section.zipped(format));
    let end = Blocks::last(end);
    let blocks: [&Blocks; 5] = [main?, windows?, timed?, tail?, &end];
    let bytes = blocks.map(|blocks| blocks.bytes.clone());
    let chunks = [Bytes::from_static(gzip::HEADER)].into_iter().chain(bytes);
    let trailer = gzip::trailer(blocks);
    Some(Rendered::new(chunks.chain([trailer]), Encoding::Gzip))
}

/// Rendering takes milliseconds, which other connections shall not wait for.
async fn render_aside(exposition: &Arc<Exposition>, format: Format, encoding: Encoding) {
    let there = Arc::clone(exposition);
    let aside = offload::run("render", move || there.render_here(format, encoding)).await;
    if aside.is_err() {
        exposition.render_here(format, encoding);
    }
}

/// The newest exposition of the same operations, so that scrapes share it and the next one keeps what it can.
#[derive(Debug)]
pub struct Latest(Mutex<Arc<Exposition>>);

impl Latest {
    /// Nothing was asked for yet. `options` are as in [`Exposition::empty`].
    pub fn new(options: Options) -> Self {
        Self(Mutex::new(Arc::new(Exposition::empty(options))))
    }

    /// The exposition of these pages at `now`: the newest one if it is that, else the one that follows it.
    pub fn of(&self, pages: Vec<Arc<Page>>, now: Instant) -> Arc<Exposition> {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.is_of(&pages, now) {
            return Arc::clone(&newest);
        }
        let next = Arc::new(Exposition::following(&newest, pages, now));
        let before = std::mem::replace(&mut *newest, Arc::clone(&next));
        // The pages that go with it may be many: nobody shall wait for that.
        drop(newest);
        drop(before);
        next
    }
}

/// The bytes of an answer, in chunks that share the exposition's memory.
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
