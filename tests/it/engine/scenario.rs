//! What happens to operations, and what must come of it.

mod backlog;
mod clock;
mod limit;
mod outage;
mod pace;
mod pause;
mod recontact;
mod row;
mod second;
mod series;
mod server_clock;
mod settings;
mod show;
mod silence;
mod skill;
mod slow;
mod start;
mod today;
mod zone;
