//! The server itself: started, stopped, paused, without room, and put back to what it was.

use tokio::process::Command;

use super::row::{self, MINE, NEW, code, commit, wait_both};
use crate::support::postgres::{OWNER, Postgres, Setup, Tls, connect};
use crate::support::process::{finish, wait_for, wait_until};

#[tokio::test]
async fn what_was_committed_survives_a_stop_at_once() {
    let mut server = Postgres::start().await;
    row::create(&server).await;
    let client = row::owner(&server).await;
    assert_eq!(commit(&client, MINE, 0).await.unwrap(), Some(1));
    let address = server.address();

    server.stop_at_once().await;
    assert!(client.is_closed() || commit(&client, MINE, 1).await.is_err());
    assert!(connect(&server.url(OWNER)).await.is_err(), "nobody is there");

    server.start_again().await;
    assert_eq!(server.address(), address);
    assert!(
        server.log().contains("automatic recovery in progress"),
        "{}",
        server.log()
    );
    assert_eq!(row::version(&server).await, "1");
}

#[tokio::test]
async fn a_server_has_the_settings_of_its_test() {
    let setup = Setup::default().synced().setting("max_connections", "30");
    let server = Postgres::start_with(setup).await;
    assert_eq!(server.rows("show fsync").await, ["on"]);
    assert_eq!(server.rows("show max_connections").await, ["30"]);
    let database =
        "select current_database(), datdba::regrole from pg_database where datname = current_database()";
    assert_eq!(server.rows(database).await, ["wolkvox|wolkvox_owner"]);
}

#[tokio::test]
async fn a_role_needs_its_password_and_its_rights() {
    let server = Postgres::start().await;
    row::create(&server).await;
    server.create_role("runner").await;

    let wrong = server.url("runner").replace("password-of-runner", "guessed");
    assert_eq!(code(&connect(&wrong).await.unwrap_err()), "28P01");

    let runner = connect(&server.url("runner")).await.unwrap();
    assert_eq!(code(&commit(&runner, MINE, 0).await.unwrap_err()), "42501");
    let create = "create table public.other (id int)";
    assert_eq!(code(&runner.batch_execute(create).await.unwrap_err()), "42501");
    row::owner(&server).await.batch_execute(create).await.unwrap();
}

#[tokio::test]
async fn a_paused_server_takes_connections_and_answers_nothing_until_it_goes_on() {
    let server = Postgres::start().await;
    row::create(&server).await;
    let client = row::owner(&server).await;

    server.pause().await;
    let url = server.url(OWNER);
    let (committed, connected) = (commit(&client, MINE, 0), connect(&url));
    tokio::pin!(committed, connected);
    assert!(wait_both(committed.as_mut(), connected.as_mut()).await);

    server.resume();
    assert_eq!(committed.await.unwrap(), Some(1));
    assert!(connected.await.is_ok());

    // A server that is paused ends all the same.
    server.pause().await;
    drop(server);
    assert!(connect(&url).await.is_err());
}

#[tokio::test]
async fn without_room_a_commit_fails_as_on_a_full_disk() {
    let server = Postgres::start().await;
    row::create(&server).await;
    let client = row::owner(&server).await;

    server.fill_disk().await;
    assert_eq!(code(&commit(&client, MINE, 0).await.unwrap_err()), "53100");
    server.make_room().await;
    assert_eq!(commit(&client, MINE, 0).await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_server_that_is_made_read_only_refuses_writes_in_open_sessions_too() {
    let server = Postgres::start().await;
    row::create(&server).await;
    let client = row::owner(&server).await;

    server.make_read_only().await;
    let fresh = row::owner(&server).await;
    assert_eq!(code(&commit(&fresh, MINE, 0).await.unwrap_err()), "25006");
    // An open session reads the settings again before a statement, a moment after it was told to.
    wait_for("the refusal", || async { commit(&client, NEW, 0).await.err() }).await;
    server.make_writable().await;
    let fresh = row::owner(&server).await;
    assert_eq!(commit(&fresh, MINE, 0).await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_standby_follows_refuses_writes_and_can_be_promoted() {
    let server = Postgres::start().await;
    row::create(&server).await;
    let standby = server.standby().await;

    let client = row::owner(&server).await;
    assert_eq!(commit(&client, MINE, 0).await.unwrap(), Some(1));
    wait_for("the standby", || async {
        (row::version(&standby).await == "1").then_some(())
    })
    .await;
    let follower = row::owner(&standby).await;
    assert_eq!(code(&commit(&follower, MINE, 1).await.unwrap_err()), "25006");

    drop(server);
    standby.promote().await;
    assert_eq!(commit(&follower, MINE, 1).await.unwrap(), Some(2));
}

#[tokio::test]
async fn an_older_copy_that_is_put_back_knows_nothing_of_later_commits() {
    let mut server = Postgres::start().await;
    row::create(&server).await;
    let copy = server.take_copy().await;
    let client = row::owner(&server).await;
    assert_eq!(commit(&client, MINE, 0).await.unwrap(), Some(1));

    server.put_back(&copy).await;
    assert_eq!(row::version(&server).await, "0");
}

#[tokio::test]
async fn where_tls_is_required_only_it_gets_in_and_its_authority_is_known() {
    let server = Postgres::start_with(Setup::default().tls(Tls::Required)).await;
    let refused = connect(&server.url(OWNER)).await.unwrap_err();
    assert_eq!(code(&refused), "28000");

    let certificate = server.root_certificate().display().to_string();
    let with = |more: String| server.url(OWNER) + "?" + &more;
    let verified = with(format!("sslmode=verify-full&sslrootcert={certificate}"));
    assert_eq!(psql(&verified).await, Ok("1".to_owned()));
    // An authority that the client does not know.
    let stranger = Postgres::start_with(Setup::default().tls(Tls::Offered)).await;
    let other = stranger.root_certificate().display().to_string();
    let unknown = with(format!("sslmode=verify-full&sslrootcert={other}"));
    let error = psql(&unknown).await.unwrap_err();
    assert!(error.contains("certificate verify failed"), "{error}");
    // What is offered need not be taken.
    assert!(connect(&stranger.url(OWNER)).await.is_ok());
}

/// What another client says to `select 1`.
async fn psql(url: &str) -> Result<String, String> {
    let mut psql = Command::new("psql");
    psql.args([url, "-AtXc", "select 1"]);
    let (status, said, error) = finish(psql).await;
    if status.success() {
        Ok(said.trim().to_owned())
    } else {
        Err(error)
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_server_after_a_panic() {
    let (sent, received) = tokio::sync::oneshot::channel();
    let test = tokio::spawn(async {
        let server = Postgres::start_with(Setup::default().tls(Tls::Offered)).await;
        sent.send((server.url(OWNER), server.root_certificate())).unwrap();
        panic!("as a test does that fails");
    });
    assert!(test.await.is_err());
    let (url, certificate) = received.await.unwrap();
    assert!(connect(&url).await.is_err());
    wait_until("its folder to go", || !certificate.exists()).await;
}
