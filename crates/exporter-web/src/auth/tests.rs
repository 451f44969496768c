use super::*;

/// The least cost there is, so that tests are quick.
fn hash(password: &str) -> String {
    bcrypt::hash(password, 4).unwrap()
}

fn users(of: &[(&str, &str)]) -> Users {
    let raw = of
        .iter()
        .map(|(name, hash)| ((*name).to_owned(), SecretString::from(*hash)))
        .collect();
    let mut problems = Vec::new();
    let users = Users::new(raw, &mut problems);
    assert_eq!(problems, Vec::<String>::new());
    users
}

fn basic(credentials: &str) -> HeaderValue {
    let encoded = base64::engine::general_purpose::STANDARD.encode(credentials);
    HeaderValue::from_str(&format!("Basic {encoded}")).unwrap()
}

#[tokio::test]
async fn user_and_password_must_both_be_right() {
    let users = users(&[("alice", &hash("wonder:land")), ("bob", &hash(""))]);
    let gate = Gatekeeper::new().unwrap();
    for (credentials, expected) in [
        ("alice:wonder:land", true),
        ("bob:", true),
        ("alice:wonder", false),
        ("alice:", false),
        ("bob:wonder:land", false),
        ("carol:wonder:land", false),
        (":", false),
        ("alice", false),
    ] {
        for _ in 0..2 {
            let said = basic(credentials);
            assert_eq!(gate.admits(&users, Some(&said)).await, expected, "{credentials}");
        }
    }
    assert!(!gate.admits(&users, None).await);
}

#[tokio::test]
async fn what_is_no_basic_authentication_is_refused() {
    let users = users(&[("alice", &hash("a"))]);
    let gate = Gatekeeper::new().unwrap();
    for said in [
        "",
        "Basic",
        "Basic ",
        "Basic !",
        "Bearer YWxpY2U6YQ==",
        "YWxpY2U6YQ==",
    ] {
        assert!(
            !gate.admits(&users, Some(&HeaderValue::from_static(said))).await,
            "{said}"
        );
    }
    for said in ["basic YWxpY2U6YQ==", "BASIC YWxpY2U6YQ"] {
        assert!(
            gate.admits(&users, Some(&HeaderValue::from_static(said))).await,
            "{said}"
        );
    }
}

#[tokio::test]
async fn without_users_everyone_may_come_in() {
    assert!(Gatekeeper::new().unwrap().admits(&Users::default(), None).await);
}

#[tokio::test]
async fn the_old_password_is_forgotten_with_its_hash() {
    let gate = Gatekeeper::new().unwrap();
    let said = basic("alice:old");
    assert!(gate.admits(&users(&[("alice", &hash("old"))]), Some(&said)).await);
    assert!(!gate.admits(&users(&[("alice", &hash("new"))]), Some(&said)).await);
}

#[tokio::test]
async fn only_right_answers_are_remembered_and_not_too_many() {
    let gate = Gatekeeper::new().unwrap();
    let alice = users(&[("alice", &hash("a"))]);
    for _ in 0..2 {
        gate.admits(&alice, Some(&basic("alice:a"))).await;
        gate.admits(&alice, Some(&basic("alice:b"))).await;
    }
    assert_eq!(gate.known.lock().unwrap().len(), 1);
    for number in 0..200_u8 {
        gate.remember([number; 32]);
    }
    assert_eq!(gate.known.lock().unwrap().len(), MOST_KNOWN);
}

#[test]
fn an_unknown_name_costs_what_a_known_one_does_and_always_the_same() {
    let gate = Gatekeeper::new().unwrap();
    let users = users(&[("alice", &hash("a")), ("bob", &hash("b"))]);
    let (user, is_user) = gate.find(&users, b"carol");
    assert!(!is_user && user.name == gate.find(&users, b"carol").0.name);
    assert!(gate.find(&users, b"bob").1);
}

#[test]
fn hashes_of_all_usual_tools_are_read_and_nothing_else() {
    let made = hash("a");
    let (_, rest) = made.split_at(3);
    for version in ["$2a", "$2b", "$2y"] {
        users(&[("alice", &format!("{version}{rest}"))]);
    }
    let mut problems = Vec::new();
    Users::new(
        [("alice".to_owned(), SecretString::from("SECRET"))].into(),
        &mut problems,
    );
    assert!(problems[0].contains("`alice` is not a bcrypt hash") && !problems[0].contains("SECRET"));
    let known = users(&[("alice", &made)]);
    assert!(!format!("{known:?}").contains(rest));
}
