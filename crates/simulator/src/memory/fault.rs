//! What can come of a call to the report in memory instead of the answer.

use wolkvox::{Error, Reason};

/// How much of the answer is handed out before a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// No row.
    Nothing,
    /// The first half of the rows.
    Half,
    /// All rows.
    Everything,
}

impl Delivered {
    pub(super) fn share_of(self, rows: usize) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Half => rows.div_ceil(2),
            Self::Everything => rows,
        }
    }
}

/// What comes of one call instead of the answer. The faults of [`Server`](crate::Server) are bytes on a socket; these are
/// what a client makes of such bytes.
#[derive(Debug, Clone)]
pub struct Fault {
    /// `None`: an answer that says that there are no chats.
    pub error: Option<Error>,
    /// What is handed out before.
    pub delivered: Delivered,
}

impl Fault {
    /// No row comes, and the call fails for this reason.
    pub fn of(reason: Reason) -> Self {
        Self::at_once(Error::new(reason, "scripted"))
    }

    /// No row comes, and the HTTP status is this.
    pub fn status(status: u16) -> Self {
        Self::at_once(Error::new(Reason::HttpStatus, "scripted").with_status(status))
    }

    /// No row comes, and the call fails with this.
    pub fn at_once(error: Error) -> Self {
        Self {
            error: Some(error),
            delivered: Delivered::Nothing,
        }
    }

    /// All rows come, and then it fails.
    pub fn at_the_end(error: Error) -> Self {
        Self {
            error: Some(error),
            delivered: Delivered::Everything,
        }
    }

    /// Half of the rows come, and then the answer is cut.
    pub fn half() -> Self {
        Self {
            error: Some(Error::new(Reason::Truncated, "scripted")),
            delivered: Delivered::Half,
        }
    }

    /// Says that there are no chats, whatever there is.
    pub fn silence() -> Self {
        Self {
            error: None,
            delivered: Delivered::Nothing,
        }
    }

    /// Whether the answer has headers.
    pub(super) fn begins(&self) -> bool {
        self.delivered != Delivered::Nothing || self.error.is_none()
    }
}
