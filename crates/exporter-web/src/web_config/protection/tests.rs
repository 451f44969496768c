use super::*;

fn tls(policy: Policy, names: Names, min_version: ProtocolVersion) -> Protection {
    Protection {
        tls: Some(TlsProtection {
            policy,
            names,
            min_version,
        }),
        users: 2,
    }
}

#[test]
fn each_way_in_which_protection_can_vanish_is_a_loss() {
    use ProtocolVersion::{TLSv1_2, TLSv1_3};
    let full = tls(Policy::RequireAndVerify, Names::Listed, TLSv1_3);
    let plain = Protection { tls: None, users: 2 };
    let open = Protection {
        users: 0,
        ..full.clone()
    };
    for (next, expected) in [
        (plain, "tls_server_config"),
        (open, "basic_auth_users"),
        (
            tls(Policy::VerifyIfGiven, Names::Listed, TLSv1_3),
            "no certificate",
        ),
        (tls(Policy::RequireAny, Names::Listed, TLSv1_3), "who signed"),
        (tls(Policy::RequireAndVerify, Names::Any, TLSv1_3), "any name"),
        (
            tls(Policy::RequireAndVerify, Names::Listed, TLSv1_2),
            "min_version",
        ),
    ] {
        let lost = full.lost_in(&next);
        assert!(lost.len() == 1 && lost[0].contains(expected), "{next}: {lost:?}");
    }
    let nothing = full.lost_in(&Protection::default());
    assert_eq!(nothing.len(), 2, "{nothing:?}");
    let request = tls(Policy::Request, Names::Any, TLSv1_2);
    assert_eq!(full.lost_in(&request).len(), 4);
}

#[test]
fn one_user_of_two_and_more_protection_are_no_loss() {
    use ProtocolVersion::{TLSv1_2, TLSv1_3};
    let before = tls(Policy::Request, Names::Any, TLSv1_2);
    let fewer = Protection {
        users: 1,
        ..before.clone()
    };
    let stricter = tls(Policy::RequireAndVerify, Names::Listed, TLSv1_3);
    for next in [fewer, stricter, before.clone()] {
        assert_eq!(before.lost_in(&next), Vec::<&str>::new(), "{next}");
        assert_eq!(Protection::default().lost_in(&next), Vec::<&str>::new());
    }
}
