//! `wolkvox-exporter state`, with states in files and in PostgreSQL.

mod adopt;
mod copy;
mod migrate;
mod show;
mod until;
mod way;
