use super::*;

const TOKEN: &str = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9f==";

#[test]
fn a_path_is_named_and_a_key_is_not() {
    for path in [
        "/run/secrets/wolkvox/token",
        "/token",
        "./token",
        "../a b/c",
        "secrets/token",
        "token.txt",
        "october.om.checkpoint",
        "/nix/store/0c5lv8yvj4kz1q6cw3l8z9yb2d4n7m3x-exporter/state",
        "/var/lib/docker/volumes/5f3c9a/_data",
        "/home/x/.tmpAbC123/ca.pem",
        "/data/Ventas.state.damaged-20261125T235734Z",
        "C:\\wolkvox\\token",
    ] {
        assert_eq!(Shown(path.as_ref()).to_string(), path);
        assert!(!looks_like_key(path), "{path}");
    }
    let spread = "aB3dE5fG7hJ9/L1mN3pQ5rS7tU9v/1xY3zA5bC7dE9f";
    let rooted = format!("/{TOKEN}");
    for key in [
        TOKEN,
        &TOKEN[..24],
        spread,
        &rooted,
        "CANARY-token+/=",
        "0123456789abcdef0123456789abcdef",
    ] {
        let expected = format!("a value of {} characters", key.len());
        assert_eq!(Shown(key.as_ref()).to_string(), expected);
        assert!(looks_like_key(key), "{key}");
    }
}

#[test]
fn a_bare_name_may_be_a_file_and_is_not_shown() {
    for name in ["token", "SECRET123", "wolkvox-state"] {
        assert!(!looks_like_path(name) && !looks_like_key(name), "{name}");
    }
    assert_eq!(Shown("SECRET123".as_ref()).to_string(), "a value of 9 characters");
}
