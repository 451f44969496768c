use super::*;

fn checked(version: Version, hosts: &[&str]) -> Result<(), HostError> {
    let mut request = Request::builder().version(version);
    for host in hosts {
        request = request.header("host", *host);
    }
    check(&request.body(()).unwrap())
}

#[test]
fn one_host_is_needed_by_http_1_1_and_two_are_never_right() {
    let (old, new) = (Version::HTTP_10, Version::HTTP_11);
    assert_eq!(checked(new, &["a.example"]), Ok(()));
    assert_eq!(checked(new, &[]), Err(HostError::Missing));
    assert_eq!(checked(old, &[]), Ok(()));
    for version in [old, new] {
        assert_eq!(checked(version, &["a", "a"]), Err(HostError::Repeated));
    }
}

#[test]
fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
    for host in [
        "",
        "a",
        "a.example:10555",
        "a.example:",
        "192.0.2.1",
        "[2001:db8::1]",
        "[::1]:80",
        "a_b",
    ] {
        assert_eq!(checked(Version::HTTP_11, &[host]), Ok(()), "{host}");
    }
    for host in [
        "a b",
        "a/b",
        "http://a",
        "user@a",
        "a:b",
        "a:80:80",
        "[::1",
        "[::1]x",
        "a?b",
        "a#b",
        "a\\b",
        "2001:db8::1",
    ] {
        assert_eq!(
            checked(Version::HTTP_11, &[host]),
            Err(HostError::Invalid),
            "{host}"
        );
    }
}
