//! A page of `/metrics`: rendered once per publication, answered many times.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::time::Instant;

use super::gzip::{self, Blocks};
use super::{Encoding, Format, Options, open_metrics, text};
use crate::metrics::Family;

/// What has been published, in both formats, each plain and compressed.
#[derive(Debug)]
pub struct Page {
    options: Options,
    main: Segment,
    window: Option<WindowGauges>,
}

/// The gauges over the latest window. They are withdrawn once they expire.
#[derive(Debug)]
struct WindowGauges {
    segment: Segment,
    expires: Instant,
    /// So that it is logged once, not at every scrape.
    withdrawn: AtomicBool,
}

impl Page {
    /// Renders the families. Those of `window` are left out from its instant on, so that old values are never shown as
    /// current.
    ///
    /// No family may be both in `main` and in `window` or in the tail of [`Page::answer`].
    pub fn render(main: &[Family], window: Option<(&[Family], Instant)>, options: Options) -> Self {
        let window = window.map(|(families, expires)| WindowGauges {
            segment: Segment::render(families, options),
            expires,
            withdrawn: AtomicBool::new(false),
        });
        Self {
            options,
            main: Segment::render(main, options),
            window,
        }
    }

    /// A page without families: before anything was published.
    pub fn empty(options: Options) -> Self {
        Self::render(&[], None, options)
    }

    /// The answer to a scrape at `now`: the rendered families as they are, and after them `tail`, rendered now.
    pub fn answer(&self, format: Format, encoding: Encoding, now: Instant, tail: &[Family]) -> Rendered {
        let parts = [Some(&self.main), self.window_at(now)];
        let parts: Vec<&RenderedPart> = parts
            .into_iter()
            .flatten()
            .map(|segment| segment.part(format))
            .collect();
        let mut tail = write(tail, format, self.options);
        if format == Format::OpenMetrics {
            tail.push_str(open_metrics::EOF);
        }
        if encoding == Encoding::Gzip
            && let Some(rendered) = zipped(&parts, &tail)
        {
            return rendered;
        }
        let chunks = parts.iter().map(|part| part.plain.clone()).chain([tail.into()]);
        Rendered::new(chunks, Encoding::Identity)
    }

    fn window_at(&self, now: Instant) -> Option<&Segment> {
        let window = self.window.as_ref()?;
        if now < window.expires {
            return Some(&window.segment);
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

/// The same families in both formats.
#[derive(Debug)]
struct Segment {
    text: RenderedPart,
    open_metrics: RenderedPart,
}

impl Segment {
    fn render(families: &[Family], options: Options) -> Self {
        let part = |format| RenderedPart::new(write(families, format, options));
        Self {
            text: part(Format::Text),
            open_metrics: part(Format::OpenMetrics),
        }
    }

    fn part(&self, format: Format) -> &RenderedPart {
        match format {
            Format::Text => &self.text,
            Format::OpenMetrics => &self.open_metrics,
        }
    }
}

/// A part of an exposition.
#[derive(Debug)]
struct RenderedPart {
    plain: Bytes,
    /// `None` if it could not be compressed; then gzip is not offered. Compression in memory does not fail in practice.
    blocks: Option<Blocks>,
}

impl RenderedPart {
    fn new(plain: String) -> Self {
        let blocks = Blocks::continued(plain.as_bytes()).ok();
        Self {
            plain: plain.into(),
            blocks,
        }
    }
}

fn write(families: &[Family], format: Format, options: Options) -> String {
    let mut out = String::new();
    match format {
        Format::Text => text::write(&mut out, families),
        Format::OpenMetrics => open_metrics::write(&mut out, families, options),
    }
    out
}

/// One gzip member of all parts and the tail.
fn zipped(parts: &[&RenderedPart], tail: &str) -> Option<Rendered> {
    let tail = Blocks::last(tail.as_bytes()).ok()?;
    let mut blocks: Vec<&Blocks> = parts
        .iter()
        .map(|part| part.blocks.as_ref())
        .collect::<Option<_>>()?;
    blocks.push(&tail);
    let bytes = blocks.iter().map(|blocks| blocks.bytes.clone());
    let chunks = [Bytes::from_static(gzip::HEADER)].into_iter().chain(bytes);
    let trailer = gzip::trailer(blocks.iter().copied());
    Some(Rendered::new(chunks.chain([trailer]), Encoding::Gzip))
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
