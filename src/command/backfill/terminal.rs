//! The terminal that the bar is drawn on, by way of the log's queue: one that stops reading (Ctrl-S, a connection that
//! hangs) must not hold up the calls.

use std::fmt::Write as _;
use std::io;
use std::sync::{Mutex, PoisonError};

use console::Term;
use indicatif::TermLike;

use crate::log;

/// Gathers what is drawn at once, and hands it on as a whole.
#[derive(Debug)]
pub(super) struct Terminal {
    /// Asked for its size only.
    stderr: Term,
    drawn: Mutex<String>,
}

impl Terminal {
    pub(super) fn new() -> Terminal {
        Terminal {
            stderr: Term::stderr(),
            drawn: Mutex::default(),
        }
    }

    fn draw(&self, text: std::fmt::Arguments<'_>) {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a String cannot fail.
        let _ = drawn.write_fmt(text);
    }

    /// To move by 0 would move by 1.
    #[allow(clippy::unnecessary_wraps)] // As the trait has it.
    fn move_by(&self, places: usize, direction: char) -> io::Result<()> {
        if places > 0 {
            self.draw(format_args!("\x1b[{places}{direction}"));
        }
        Ok(())
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        self.stderr.size().1
    }

    fn height(&self) -> u16 {
        self.stderr.size().0
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.move_by(lines, 'A')
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.move_by(lines, 'B')
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.move_by(columns, 'C')
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.move_by(columns, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.draw(format_args!("{text}\n"));
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.draw(format_args!("{text}"));
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.draw(format_args!("\r\x1b[2K"));
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let drawn = std::mem::take(&mut *self.drawn.lock().unwrap_or_else(PoisonError::into_inner));
        if !drawn.is_empty() {
            log::draw(&drawn);
        }
        Ok(())
    }
}
