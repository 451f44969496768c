use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;

const TIME_OUTS: TimeOuts = TimeOuts {
    request: Duration::from_secs(10),
    answer: Duration::from_secs(60),
    idle: Duration::from_secs(90),
};

/// A stream whose far end takes 16 bytes before it must read.
fn pair() -> (DuplexStream, Deadline<DuplexStream>) {
    let (far, near) = duplex(16);
    (far, Deadline::new(near, TIME_OUTS))
}

async fn seconds_until_read_fails(stream: &mut Deadline<DuplexStream>) -> u64 {
    let start = Instant::now();
    let mut byte = [0];
    loop {
        match stream.read(&mut byte).await {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                return (Instant::now() - start).as_secs();
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_cut() {
    let (_far, mut stream) = pair();
    assert_eq!(seconds_until_read_fails(&mut stream).await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_arrives_byte_by_byte_is_cut() {
    let (mut far, mut stream) = pair();
    let drip = tokio::spawn(async move {
        while far.write_all(b"G").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
    });
    assert_eq!(seconds_until_read_fails(&mut stream).await, 10);
    drip.abort();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut() {
    let (_far, mut stream) = pair();
    let start = Instant::now();
    let error = stream.write_all(&[0; 17]).await.unwrap_err();
    assert_eq!(
        (error.kind(), (Instant::now() - start).as_secs()),
        (io::ErrorKind::TimedOut, 60)
    );
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_waits_longer_for_its_next_request_than_for_its_end() {
    let (mut far, mut stream) = pair();
    stream.write_all(b"answer").await.unwrap();
    stream.flush().await.unwrap();
    tokio::time::sleep(Duration::from_secs(80)).await;
    far.write_all(b"G").await.unwrap();
    stream.read_exact(&mut [0]).await.unwrap();
    assert_eq!(seconds_until_read_fails(&mut stream).await, 10);
    let (_far, mut stream) = pair();
    stream.write_all(b"answer").await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(seconds_until_read_fails(&mut stream).await, 90);
}
