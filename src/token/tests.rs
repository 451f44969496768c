use super::*;

fn token_file(path: &std::path::Path) -> ConfiguredToken {
    ConfiguredToken::File(TokenFile {
        path: path.to_owned(),
        setting: "token_file".to_owned(),
    })
}

#[tokio::test]
async fn a_file_is_read_each_time() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let token = token_file(file.path());
    let read = || async { token.read().await.map(|token| token.expose_secret().to_owned()) };
    let refused = || async { read().await.unwrap_err().to_string() };
    assert!(refused().await.ends_with("is empty"));
    std::fs::write(file.path(), "first\r\n").unwrap();
    assert_eq!(read().await.unwrap(), "first");
    std::fs::write(file.path(), "second").unwrap();
    assert_eq!(read().await.unwrap(), "second");
    std::fs::write(file.path(), "SECRET SECRET").unwrap();
    let error = refused().await;
    assert!(
        error.contains("no token: blanks") && !error.contains("SECRET"),
        "{error}"
    );
    // What is longer is no token; its beginning must not be sent as one.
    std::fs::write(file.path(), "a".repeat(64 * 1024 + 1)).unwrap();
    let error = refused().await;
    assert!(error.contains("larger than 65536 bytes"), "{error}");
    std::fs::write(file.path(), b"\xff").unwrap();
    assert!(refused().await.contains("can't be read"));
    file.close().unwrap();
    let error = refused().await;
    assert!(error.starts_with("no token to send: token_file: "), "{error}");
}
