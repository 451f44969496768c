//! What a past is read into: the chats of one chunk.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use wolkvox::{HourlyZone, Row, RowError, Sink, Zone};

use crate::chats::chat::{Chat, NotAChat};
use crate::chats::recontact::Customers;

/// The chats of one chunk, in the server's order; ids may repeat. Rows that are no chat are left out.
#[derive(Debug)]
pub struct Chats {
    zone: HourlyZone,
    customers: Arc<Customers>,
    /// What was read.
    pub chats: Vec<Chat>,
}

impl Chats {
    /// None yet. Dates are local times of `zone`.
    pub fn new(zone: Zone) -> Chats {
        Chats {
            zone: HourlyZone::new(zone),
            customers: Arc::default(),
            chats: Vec::new(),
        }
    }
}

impl Chats {
    /// The same, which hashes customers as these are.
    #[must_use]
    pub fn with_customers(self, customers: Arc<Customers>) -> Chats {
        Chats { customers, ..self }
    }

    fn read(&mut self, row: &Row<'_>) -> Result<Chat, NotAChat> {
        let mut chat = Chat::from_row(row, &mut self.zone)?;
        chat.customer = self.customers.of_row(row);
        Ok(chat)
    }
}

impl Sink for Chats {
    fn begin(&mut self, _date: Option<DateTime<Utc>>) {}

    fn row(&mut self, row: Result<Row<'_>, RowError>) {
        let chat = row.map_err(NotAChat::from).and_then(|row| self.read(&row));
        self.chats.extend(chat);
    }
}

/// The last second of a range that ends before `until`: the report's times are whole seconds, and one more would cost a
/// call of its own at the end of a month.
pub fn last_second_before(until: DateTime<Utc>) -> DateTime<Utc> {
    (until - TimeDelta::nanoseconds(1)).trunc_subsecs(0)
}
