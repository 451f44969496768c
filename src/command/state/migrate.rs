//! `state migrate`: the tables in PostgreSQL.

use clap::Args;
use leases::{DDL, GRANTS, Migration, SCHEMA_VERSION};

use super::place;
use crate::clock::{Clock as _, SystemClock};
use crate::command::{ExitStatus, Failure, print};
use crate::config::{Place, State};

/// Options of `state migrate`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Print the statements for psql instead, with the rights that the exporters' role needs; nothing has to be configured
    #[arg(long)]
    print: bool,
}

pub(super) async fn command(options: Options) -> Result<(), Failure> {
    if options.print {
        return Ok(print(&statements())?);
    }
    let Place::Database(url) = State::from_env(SystemClock.now())?.place else {
        let error = anyhow::anyhow!(
            "neither WOLKVOX_STATE_URL nor WOLKVOX_STATE_URL_FILE is set: they name the database in which the tables are to be made. `state migrate --print` prints what makes them, and needs neither"
        );
        return Err(Failure::new(ExitStatus::Usage, error));
    };
    let admin = place::open_database(&url)?;
    let address = admin.address();
    let told = match admin.migrate().await? {
        Migration::Made => format!(
            "The tables are made in PostgreSQL at {address}, version {SCHEMA_VERSION}. Where the exporters log in as another role, `state migrate --print` ends with the rights that it needs.\n"
        ),
        Migration::WereThere => format!("The tables are there already in PostgreSQL at {address}.\n"),
    };
    Ok(print(&told)?)
}

fn statements() -> String {
    format!(
        "-- The tables of wolkvox-exporter {}, version {SCHEMA_VERSION}. Run this as the owner of the database or of the schema:\n-- wolkvox-exporter state migrate --print | psql -v ON_ERROR_STOP=1 postgres://OWNER@HOST/DATABASE\n{DDL}{GRANTS}",
        env!("CARGO_PKG_VERSION")
    )
}
