//! `state copy`: moves states to another place.
//!
//! A state is marked as moved before it is written elsewhere, so at each moment at most one exporter can go on from it. Where the
//! write surely failed the mark is taken back. Where that is not known, or the process ends in between, the state stays marked: the
//! same command goes on from there.

mod source;
mod target;

use std::fs;

use anyhow::Context as _;
use clap::Args;

use super::place::{self, Facts, States, time, unreadable};
use crate::command::{ExitStatus, Failure, print};
use crate::config::Place;
use crate::ledger::store::Mark;
use crate::log;
use source::Source;
use target::{Target, There};

/// Options of `state copy`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where the states are: a directory, the URL of a database, or a file with that URL
    #[arg(long, value_name = "DIR|URL")]
    from: String,
    /// Where they are to be: a directory, the URL of a database, or a file with that URL
    #[arg(long, value_name = "DIR|URL")]
    to: String,
    /// The operations; without a name all that are there
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Which states are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Those that are there to be moved.
    All,
    /// These very ones.
    Named,
}

/// What became of a state.
enum Outcome {
    /// It is there now.
    Moved(Facts),
    /// It was moved before, by a command that was cut short or whose outcome was not known.
    WasThere(Facts),
    /// There was nothing to do.
    PassedOver(String),
}

/// Why a state was not moved, beside what the places say.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("there is no state of it in {0}")]
    Missing(String),
    #[error("nothing was committed yet, so it has no state in {0}")]
    Empty(String),
    #[error(
        "its state was moved{} before: copy it from there. Where nothing goes on from it there, docs/states.md says how the mark is taken away",
        .0.as_ref().map(|to| format!(" to {to}")).unwrap_or_default()
    )]
    MovedBefore(Option<String>),
    #[error(
        "{place} has a state of it already, which counts since {} and was read up to {}. Nothing was changed; an existing state is never overwritten",
        time(.there.counting_since), time(.there.watermark)
    )]
    Exists { place: String, there: Facts },
    #[error(
        "the state of it that was moved away from {place} before was read up to {}, and this one up to {} only: this one is an old copy, and to go on from it would count chats twice. Nothing was changed",
        time(.there.watermark), time(.ours.watermark)
    )]
    Older {
        place: String,
        there: Facts,
        ours: Facts,
    },
}

pub(super) async fn command(options: Options) -> Result<(), Failure> {
    let from = place::parse("--from", &options.from)?;
    let to = place::parse("--to", &options.to)?;
    let copy = Copy::open(&from, &to).await?;
    let (wanted, names) = match options.names {
        names if names.is_empty() => (Wanted::All, copy.from.operations().await?),
        names => (Wanted::Named, names),
    };
    if names.is_empty() {
        return Err(anyhow::anyhow!("there are no states in {}", copy.from_name).into());
    }
    let mut failed = 0;
    for name in &names {
        match copy.one(name, wanted).await {
            Ok(outcome) => print(&copy.told(name, &outcome))?,
            Err(error) => {
                failed += 1;
                log::say(&format!("{name}: {error:#}"));
            }
        }
    }
    if failed > 0 {
        let error = anyhow::anyhow!("{failed} of {} states could not be moved", names.len());
        return Err(error.into());
    }
    Ok(())
}

/// Two places.
struct Copy {
    from: States,
    from_name: String,
    to: States,
    /// What a mark says.
    to_name: String,
}

impl Copy {
    async fn open(from: &Place, to: &Place) -> Result<Copy, Failure> {
        let states = States::open(from).await?;
        match to {
            Place::Directory(directory) => fs::create_dir_all(directory)
                .with_context(|| format!("the directory {to} can't be created"))?,
            Place::Database(url) => drop(place::open_database(url)?.migrate().await?),
        }
        let (from_name, to_name) = (from.to_string(), to.to_string());
        if from_name == to_name {
            let error = anyhow::anyhow!("--from and --to are the same place, {to_name}");
            return Err(Failure::new(ExitStatus::Usage, error));
        }
        Ok(Copy {
            from: states,
            from_name,
            to: States::open(to).await?,
            to_name,
        })
    }

    fn told(&self, name: &str, outcome: &Outcome) -> String {
        let facts = |facts: &Facts| {
            format!(
                "{} chats, counting since {}, read up to {}",
                facts.chats,
                time(facts.counting_since),
                time(facts.watermark)
            )
        };
        let to = &self.to_name;
        match outcome {
            Outcome::Moved(moved) => format!("{name}: moved to {to} ({})\n", facts(moved)),
            Outcome::WasThere(there) => {
                format!(
                    "{name}: was moved to {to} before, and is there ({})\n",
                    facts(there)
                )
            }
            Outcome::PassedOver(why) => format!("{name}: passed over: {why}\n"),
        }
    }

    /// Moves one state.
    async fn one(&self, operation: &str, wanted: Wanted) -> anyhow::Result<Outcome> {
        let missing = || Refusal::Missing(self.from_name.clone());
        // Before anything is locked: of what is not there no lock file shall be made.
        let seen = self.from.look(operation).await?.ok_or_else(missing)?;
        let nothing_to_do = match &seen.mark {
            Mark::Moved(to) if to.as_ref() != Some(&self.to_name) => Some(Refusal::MovedBefore(to.clone())),
            _ if seen.state.is_none() => Some(Refusal::Empty(self.from_name.clone())),
            _ => None,
        };
        match (nothing_to_do, wanted) {
            (None, _) => {}
            (Some(refusal), Wanted::All) => return Ok(Outcome::PassedOver(refusal.to_string())),
            (Some(refusal), Wanted::Named) => return Err(refusal.into()),
        }
        let source = Source::take(&self.from, operation).await?;
        let moved = self.one_held(&source, operation).await;
        source.release().await;
        moved
    }

    async fn one_held(&self, source: &Source<'_>, operation: &str) -> anyhow::Result<Outcome> {
        let held = source.find()?;
        let bytes = held.state.ok_or_else(|| Refusal::Empty(self.from_name.clone()))?;
        let ours = Facts::of(&bytes).map_err(unreadable)?;
        let target = Target::take(&self.to, operation).await?;
        let is_marked = match held.mark {
            Mark::None => false,
            Mark::Moved(to) if to.as_ref() == Some(&self.to_name) => true,
            Mark::Moved(to) => return Err(Refusal::MovedBefore(to).into()),
        };
        if let Some(there) = self.compare(target.there(), ours, is_marked)? {
            target.confirm()?;
            return Ok(Outcome::WasThere(there));
        }
        if !is_marked {
            source.mark(&self.to_name).await?;
        }
        match target.write(&bytes).await {
            Ok(()) => Ok(Outcome::Moved(ours)),
            Err(target::NotWritten::Unknown(error)) => Err(error).context(format!(
                "whether its state was written to {} is not known, so it stays marked as moved in {}, and no exporter goes on from it there. Run the same command again: it finds out",
                self.to_name, self.from_name
            )),
            Err(target::NotWritten::NotDone(error)) => Err(self.take_mark_back(source, error).await),
        }
    }

    /// Whether the state is there already: what is said of it then.
    fn compare(&self, there: &There, ours: Facts, is_marked: bool) -> anyhow::Result<Option<Facts>> {
        let place = self.to_name.clone();
        match there {
            There::Nothing => Ok(None),
            There::InUse(bytes) => {
                let there = Facts::of(bytes).map_err(unreadable).with_context(|| {
                    format!("{place} has a state of it already, which can't be read; nothing was changed")
                })?;
                let is_it = is_marked
                    && there.counting_since == ours.counting_since
                    && there.watermark >= ours.watermark;
                if is_it {
                    return Ok(Some(there));
                }
                Err(Refusal::Exists { place, there }.into())
            }
            // One that can't be read is of no use to anybody.
            There::MovedAway(bytes) => match Facts::of(bytes) {
                Ok(there)
                    if there.counting_since == ours.counting_since && there.watermark > ours.watermark =>
                {
                    Err(Refusal::Older { place, there, ours }.into())
                }
                _ => Ok(None),
            },
        }
    }

    /// Nothing was written, so an exporter may go on from the source again.
    async fn take_mark_back(&self, source: &Source<'_>, error: anyhow::Error) -> anyhow::Error {
        let outcome = match source.take_mark_back().await {
            Ok(()) => format!(
                "its state could not be written to {}; nothing has changed",
                self.to_name
            ),
            Err(back) => format!(
                "its state could not be written to {}, and stays marked as moved in {} ({back:#}). Run the same command again when the cause is gone",
                self.to_name, self.from_name
            ),
        };
        error.context(outcome)
    }
}
