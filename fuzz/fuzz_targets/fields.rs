//! The text of each field: a line of the input for each, in the fields' order.

#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use wolkvox::report::decode;
use wolkvox::{Row, RowError};
use wolkvox_exporter::chats::chat::Chat;
use wolkvox_exporter::chats::{Field, field};
use wolkvox_exporter::config::Agents;

mod bounds;

fuzz_target!(|text: &str| {
    let mut row = serde_json::Map::new();
    row.insert("conn_id".to_owned(), "1".into());
    let fields = Field::ALL.into_iter().filter(|field| *field != Field::ConnId);
    for (field, value) in fields.zip(text.split('\n')) {
        row.insert(field.name().to_owned(), value.into());
    }
    let body =
        serde_json::json!({ "code": "200", "error": null, "msg": "1 records were found", "data": [row] });
    let mut rows = 0;
    decode(
        body.to_string().as_bytes(),
        &field::report(Agents::Names, field::Customers::Read).keys,
        &mut |row: Result<Row<'_>, RowError>| {
            rows += 1;
            let row = row.expect("a row of texts can be read");
            for zone in [chrono_tz::America::Bogota, chrono_tz::Europe::Madrid] {
                let chat = Chat::from_row(&row, zone).expect("it has an id");
                bounds::assert_kept(&chat);
            }
            ControlFlow::Continue(())
        },
    )
    .expect("the body is JSON");
    assert_eq!(rows, 1);
});
