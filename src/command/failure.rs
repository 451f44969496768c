//! How a command failed: its error in words, and the exit status. Which status an error has is decided here, by its type.

use std::process::ExitCode;

use crate::client::ClientError;

use super::backfill::BackfillError;
use super::range::{ConsentError, RangeError};
use super::report::SummaryError;
use crate::config::{ChoiceError, ConfigError};
use crate::descriptors::TooFew;
use crate::runtime::RuntimeError;

/// A status of sysexits.h, or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// 1: what was asked for could not be done.
    Failed = 1,
    /// 64, `EX_USAGE`: the configuration or the command line can't be used.
    Usage = 64,
    /// 70, `EX_SOFTWARE`: a fault of the exporter itself.
    Fault = 70,
    /// 71, `EX_OSERR`: the system gives too few threads or descriptors.
    System = 71,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        ExitCode::from(status as u8)
    }
}

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub struct Failure {
    /// The exit status.
    pub status: ExitStatus,
    /// In words for the person who typed it. `None` where there is nobody to tell: the reader of the standard output, such
    /// as `head`, has had enough.
    pub error: Option<anyhow::Error>,
}

impl Failure {
    /// A failure with its status.
    pub fn new(status: ExitStatus, error: impl Into<anyhow::Error>) -> Failure {
        Failure {
            status,
            error: Some(error.into()),
        }
    }
}

/// Without a type of its own an error is one of what was asked for.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::new(ExitStatus::Failed, error)
    }
}

/// The status of each type of error.
macro_rules! statuses {
    ($($error:ty: $status:expr;)+) => {
        $(impl From<$error> for $crate::command::Failure {
            fn from(error: $error) -> Self {
                let status: fn(&$error) -> ExitStatus = $status;
                Self::new(status(&error), error)
            }
        })+
    };
}
pub(super) use statuses;

statuses! {
    ConfigError: |_| ExitStatus::Usage;
    ChoiceError: |_| ExitStatus::Usage;
    ClientError: |_| ExitStatus::Usage;
    RangeError: |_| ExitStatus::Usage;
    ConsentError: |error| match error {
        ConsentError::NobodyToAsk(_) => ExitStatus::Usage,
        ConsentError::Declined | ConsentError::Unreadable(_) => ExitStatus::Failed,
    };
    SummaryError: |error| match error {
        SummaryError::Range(_) | SummaryError::Keys(_) | SummaryError::Columns(_) | SummaryError::Setup(_) => {
            ExitStatus::Usage
        }
        SummaryError::Read(_) => ExitStatus::Failed,
    };
    RuntimeError: |_| ExitStatus::System;
    TooFew: |_| ExitStatus::System;
    offload::Error: |_| ExitStatus::System;
}

impl From<BackfillError> for Failure {
    fn from(error: BackfillError) -> Failure {
        match error {
            BackfillError::Unread => Failure {
                status: ExitStatus::Failed,
                error: None,
            },
            BackfillError::Range(_)
            | BackfillError::Step
            | BackfillError::Label(_)
            | BackfillError::Setup(_) => Failure::new(ExitStatus::Usage, error),
            _ => Failure::new(ExitStatus::Failed, error),
        }
    }
}
