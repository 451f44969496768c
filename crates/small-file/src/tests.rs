use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

use super::*;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_regular_file_is_read_up_to_its_limit() {
    let directory = directory();
    let path = directory.path().join("token");
    fs::write(&path, "12345").unwrap();
    assert_eq!(read(&path, 5, Links::Refuse).unwrap(), b"12345");
    assert_eq!(read_text(&path, 5, Links::Follow).unwrap(), "12345");
    let error = read(&path, 4, Links::Follow).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 4, .. }), "{error}");
    assert!(
        error.to_string().contains("token is larger than 4 bytes"),
        "{error}"
    );
}

#[test]
fn what_is_not_there_is_distinguished() {
    let error = read(&directory().path().join("missing"), 5, Links::Follow).unwrap_err();
    assert!(
        error.is_not_found() && error.to_string().contains("missing"),
        "{error}"
    );
}

#[test]
fn a_fifo_a_socket_a_device_and_a_directory_are_refused_at_once() {
    let directory = directory();
    let fifo = directory.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let socket = directory.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    for (path, found) in [
        (fifo.as_path(), "a FIFO"),
        (socket.as_path(), "a socket"),
        (Path::new("/dev/zero"), "a device"),
        (directory.path(), "a directory"),
    ] {
        for links in [Links::Follow, Links::Refuse] {
            let error = read(path, 5, links).unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains(&format!("is {found}, and must be a regular file")),
                "{error}"
            );
        }
    }
}

#[test]
fn a_link_is_followed_only_where_it_may_be_one() {
    let directory = directory();
    let (target, link) = (directory.path().join("target"), directory.path().join("link"));
    fs::write(&target, "x").unwrap();
    symlink(&target, &link).unwrap();
    assert_eq!(read(&link, 5, Links::Follow).unwrap(), b"x");
    let error = read(&link, 5, Links::Refuse).unwrap_err();
    assert!(error.to_string().contains("a symbolic link"), "{error}");
}

#[test]
fn bytes_that_are_no_text_are_reported() {
    let directory = directory();
    let path = directory.path().join("token");
    fs::write(&path, b"\xff").unwrap();
    let error = read_text(&path, 5, Links::Follow).unwrap_err();
    assert!(error.to_string().contains("it is not UTF-8 text"), "{error}");
}

#[test]
fn text_is_read_without_the_mark_that_windows_programs_begin_it_with() {
    let directory = directory();
    let path = directory.path().join("token");
    for (bytes, text) in [
        (&b"\xef\xbb\xbftoken\r\n"[..], "token\r\n"),
        (b"\xef\xbb\xbf", ""),
        (b"to\xef\xbb\xbfken", "to\u{feff}ken"),
    ] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(read_text(&path, 50, Links::Follow).unwrap(), text);
    }
    for mark in [b"\xff\xfe", b"\xfe\xff"] {
        fs::write(&path, [&mark[..], b"t\0o\0"].concat()).unwrap();
        let error = read_text(&path, 50, Links::Follow).unwrap_err();
        assert!(
            error.to_string().contains("it is UTF-16 text; save it as UTF-8"),
            "{error}"
        );
    }
}

#[test]
fn marks_are_taken_out_wherever_they_stand_and_nothing_else() {
    for (text, without) in [
        (&b""[..], &b""[..]),
        (b"\xef\xbb\xbf", b""),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\xef\xbb\xbf", b"a\nb"),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", b"a"),
        (b"\xef\xbba\xef\xbb", b"\xef\xbba\xef\xbb"),
    ] {
        let mut text = text.to_vec();
        remove_marks(&mut text);
        assert_eq!(text, without);
    }
}
