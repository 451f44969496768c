use super::*;

const TIME_OUT: Duration = Duration::from_secs(30);

/// The least cost there is, so that tests are quick.
fn hash(password: &str) -> String {
    hash_of(password, 4)
}

fn hash_of(password: &str, cost: u32) -> String {
    bcrypt::hash(password, cost).unwrap()
}

fn raw(of: &[(&str, &str)]) -> BTreeMap<String, SecretString> {
    of.iter()
        .map(|(name, hash)| ((*name).to_owned(), SecretString::from(*hash)))
        .collect()
}

/// For a machine that takes 4 ms at a cost of 6, and requests that are given 10 s.
fn costs() -> Costs {
    Costs::of_machine(Duration::from_secs(10), Duration::from_millis(4))
}

fn users(of: &[(&str, &str)]) -> Users {
    let mut problems = Vec::new();
    let users = Users::new(raw(of), &costs(), &mut problems, &mut Vec::new());
    assert_eq!(problems, Vec::<String>::new());
    users
}

fn problem(hash: &str) -> String {
    let mut problems = Vec::new();
    Users::new(raw(&[("alice", hash)]), &costs(), &mut problems, &mut Vec::new());
    problems.concat()
}

fn basic(credentials: &str) -> HeaderValue {
    let encoded = base64::engine::general_purpose::STANDARD.encode(credentials);
    HeaderValue::from_str(&format!("Basic {encoded}")).unwrap()
}

fn source(last: u8) -> Source {
    std::net::IpAddr::from([127, 0, 0, last]).into()
}

async fn admission(authorizer: &Authorizer, users: &Users, said: Option<&HeaderValue>) -> Admission {
    authorizer.authorize(users, said, source(1), TIME_OUT).await
}

async fn admits(authorizer: &Authorizer, users: &Users, said: Option<&HeaderValue>) -> bool {
    match admission(authorizer, users, said).await {
        Admission::Granted => true,
        Admission::Denied => false,
        Admission::Busy => panic!("it was not checked"),
    }
}

#[tokio::test]
async fn user_and_password_must_both_be_right() {
    let users = users(&[("alice", &hash("wonder:land")), ("bob", &hash(""))]);
    let authorizer = Authorizer::new().unwrap();
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
            assert_eq!(
                admits(&authorizer, &users, Some(&said)).await,
                expected,
                "{credentials}"
            );
        }
    }
    assert!(!admits(&authorizer, &users, None).await);
}

#[tokio::test]
async fn what_is_no_basic_authentication_is_refused() {
    let users = users(&[("alice", &hash("a"))]);
    let authorizer = Authorizer::new().unwrap();
    for said in [
        "",
        "Basic",
        "Basic ",
        "Basic !",
        "Bearer YWxpY2U6YQ==",
        "YWxpY2U6YQ==",
    ] {
        assert!(
            !admits(&authorizer, &users, Some(&HeaderValue::from_static(said))).await,
            "{said}"
        );
    }
    for said in ["basic YWxpY2U6YQ==", "BASIC YWxpY2U6YQ"] {
        assert!(
            admits(&authorizer, &users, Some(&HeaderValue::from_static(said))).await,
            "{said}"
        );
    }
}

#[tokio::test]
async fn without_users_everyone_may_come_in() {
    assert!(admits(&Authorizer::new().unwrap(), &Users::default(), None).await);
}

#[tokio::test]
async fn the_old_password_is_forgotten_with_its_hash() {
    let authorizer = Authorizer::new().unwrap();
    let said = basic("alice:old");
    assert!(admits(&authorizer, &users(&[("alice", &hash("old"))]), Some(&said)).await);
    assert!(!admits(&authorizer, &users(&[("alice", &hash("new"))]), Some(&said)).await);
}

#[tokio::test]
async fn only_right_answers_are_remembered_and_not_too_many() {
    let authorizer = Authorizer::new().unwrap();
    let alice = users(&[("alice", &hash("a"))]);
    for _ in 0..2 {
        admits(&authorizer, &alice, Some(&basic("alice:a"))).await;
        admits(&authorizer, &alice, Some(&basic("alice:b"))).await;
    }
    assert_eq!(authorizer.known.proofs().len(), 1);
    for number in 0..200_u8 {
        authorizer.known.insert([number; 32]);
    }
    assert_eq!(authorizer.known.proofs().len(), MOST_KNOWN);
}

#[tokio::test]
async fn a_client_that_leaves_before_its_password_is_checked_comes_in_at_its_next_try() {
    let authorizer = Authorizer::new().unwrap();
    let alice = users(&[("alice", &hash_of("a", 10))]);
    let said = basic("alice:a");
    {
        let leaving = admission(&authorizer, &alice, Some(&said));
        // Polled once, which hands the check over, and then dropped.
        let left = tokio::time::timeout(Duration::ZERO, leaving).await;
        assert!(left.is_err(), "the check has not ended yet");
    }
    let remembered = async {
        while authorizer.known.proofs().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(TIME_OUT, remembered)
        .await
        .expect("the outcome is remembered");
    assert!(admits(&authorizer, &alice, Some(&said)).await);
}

#[tokio::test]
async fn a_check_that_takes_too_long_is_answered_as_busy_and_still_remembered() {
    let authorizer = Authorizer::new().unwrap();
    let alice = users(&[("alice", &hash_of("a", 10))]);
    let said = basic("alice:a");
    let first = authorizer
        .authorize(&alice, Some(&said), source(1), Duration::from_millis(1))
        .await;
    assert_eq!(first, Admission::Busy);
    assert!(admits(&authorizer, &alice, Some(&said)).await);
}

#[tokio::test]
async fn many_guesses_from_one_address_do_not_keep_out_another() {
    let authorizer = Arc::new(Authorizer::checking_at_once(1).unwrap());
    let alice = Arc::new(users(&[("alice", &hash_of("a", 8))]));
    let guesses: Vec<_> = (0..100)
        .map(|number| {
            let (authorizer, alice) = (Arc::clone(&authorizer), Arc::clone(&alice));
            tokio::spawn(async move {
                let said = basic(&format!("alice:{number}"));
                authorizer
                    .authorize(&alice, Some(&said), source(66), TIME_OUT)
                    .await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    let said = basic("alice:a");
    let admission = authorizer
        .authorize(&alice, Some(&said), source(1), TIME_OUT)
        .await;
    assert_eq!(admission, Admission::Granted);
    let waiting = guesses.iter().filter(|guess| !guess.is_finished()).count();
    assert!(waiting > 0, "it did not wait for all of them");
    let mut busy = 0;
    for guess in guesses {
        match guess.await.unwrap() {
            Admission::Granted => panic!("a wrong password came in"),
            Admission::Denied => {}
            Admission::Busy => busy += 1,
        }
    }
    assert!(busy >= 100 - 2 * MOST_WAITING_OF_ONE_SOURCE, "{busy}");
}

#[test]
fn a_name_that_nobody_has_is_checked_against_somebodys_hash() {
    let authorizer = Authorizer::new().unwrap();
    let users = users(&[("alice", &hash("a")), ("bob", &hash("b"))]);
    let (_, is_user) = authorizer.find(&users, b"carol").unwrap();
    assert!(!is_user);
    let (bob, is_user) = authorizer.find(&users, b"bob").unwrap();
    assert!(is_user && bob.name == "bob");
}

#[test]
fn a_wrong_guess_costs_the_same_whoever_is_named_also_where_costs_differ() {
    let authorizer = Authorizer::new().unwrap();
    let users = users(&[("alice", &hash_of("a", 4)), ("bob", &hash_of("b", 10))]);
    let time = |name: &str| {
        let (user, is_user) = authorizer.find(&users, name.as_bytes()).unwrap();
        let guess = Guess {
            password: b"wrong".to_vec().into(),
            hash: user.hash.clone(),
            is_user,
            cost: user.cost,
            highest_cost: users.highest_cost(),
        };
        let once = || {
            let start = std::time::Instant::now();
            assert!(!guess.is_right());
            start.elapsed()
        };
        (0..3).map(|_| once()).min().unwrap()
    };
    // At its own cost, alice's check would take a sixty-fourth of bob's.
    let bob = time("bob");
    for other in [time("alice"), time("carol")] {
        assert!(other > bob / 8 && bob > other / 8, "{other:?} {bob:?}");
    }
}

#[test]
fn hashes_of_all_usual_tools_are_read_and_nothing_else() {
    let made = hash("a");
    let (_, rest) = made.split_at(3);
    for version in ["$2a", "$2b", "$2y"] {
        users(&[("alice", &format!("{version}{rest}"))]);
    }
    // The last one has a sign that no hash has: each check of it would fail at once.
    let spoiled = format!("{}!", &made[..made.len() - 1]);
    for wrong in ["SECRET", "$2y$10$SECRET", &spoiled] {
        let reported = problem(wrong);
        assert!(
            reported.contains("`alice` is not a bcrypt hash") && !reported.contains("SECRET"),
            "{reported}"
        );
    }
    let known = users(&[("alice", &made)]);
    assert!(!format!("{known:?}").contains(rest));
}

#[test]
fn a_cost_that_no_check_can_meet_is_reported_with_its_figure() {
    let made = hash("a");
    let at = |cost: &str| problem(&made.replace("$04$", &format!("${cost}$")));
    assert!(
        at("03").contains("has a cost of 03: bcrypt begins at 04"),
        "{}",
        at("03")
    );
    assert!(at("32").contains("bcrypt ends at 31"), "{}", at("32"));
    assert!(
        at("18").contains(
            "a cost of 18: one check takes about 16 s on this machine, and a request is given 10 s"
        ),
        "{}",
        at("18")
    );
    assert_eq!(at("17"), "");
    let mut warnings = Vec::new();
    let slow = made.replace("$04$", "$16$");
    Users::new(raw(&[("alice", &slow)]), &costs(), &mut Vec::new(), &mut warnings);
    assert!(warnings[0].contains("takes about 4.1 s"), "{warnings:?}");
}
