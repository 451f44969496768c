//! The body of an answer, from anyone who sits where Wolkvox should.

#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use wolkvox::report::{decode, reference};
use wolkvox::{Row, RowError};
use wolkvox_exporter::chats::chat::{Chat, MAX_CONN_ID_BYTES, NotAChat};
use wolkvox_exporter::chats::field;
use wolkvox_exporter::config::Agents;

mod bounds;

fuzz_target!(|body: &[u8]| {
    for agents in [Agents::Ids, Agents::Names] {
        let keys = field::report(agents, field::Customers::Read).keys;
        let mut rows = 0;
        let result = decode(body, &keys, &mut |row: Result<Row<'_>, RowError>| {
            rows += 1;
            if let Ok(chat) = row
                .map_err(NotAChat::from)
                .and_then(|row| Chat::from_row(&row, chrono_tz::America::Bogota))
            {
                assert!(chat.id.to_string().len() <= MAX_CONN_ID_BYTES);
                assert!(agents == Agents::Names || chat.agent_name.is_none());
                bounds::assert_kept(&chat);
            }
            ControlFlow::Continue(())
        });
        if let Ok(envelope) = result {
            assert_eq!(envelope.rows, rows);
            envelope.announced();
        }
        // However it is cut into chunks, it is what another decoder makes of it.
        let size = body.first().map_or(1, |byte| usize::from(*byte % 61) + 1);
        for sizes in [&[usize::MAX][..], &[1], &[size, 1, 2]] {
            reference::assert_agreed(body, &keys, sizes);
        }
    }
});
