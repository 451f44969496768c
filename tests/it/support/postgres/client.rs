//! Sessions of the test's own.

use tokio_postgres::{Client, Error, NoTls, SimpleQueryMessage};

/// A session without TLS. It ends when the client is dropped.
pub(crate) async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // Its errors reach the client as well.
    tokio::spawn(async { drop(connection.await) });
    Ok(client)
}

/// Runs statements in a session of their own; the rows of all of them, as `psql -At` writes them.
pub(super) async fn rows(url: &str, statements: &str) -> Vec<String> {
    let client = connect(url).await.unwrap_or_else(|error| panic!("{error:?}"));
    let answer = client.simple_query(statements).await;
    let messages = answer.unwrap_or_else(|error| panic!("{statements}: {error:?}"));
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    rows.map(|row| {
        let values: Vec<_> = (0..row.len())
            .map(|column| row.get(column).unwrap_or_default())
            .collect();
        values.join("|")
    })
    .collect()
}
