use super::*;

#[test]
fn a_token_is_sent_raw_and_trimmed_and_is_never_shown() {
    let token: Token = " aB+/9== \n".parse().unwrap();
    assert_eq!(token.expose_secret(), "aB+/9==");
    assert!(!format!("{token:?}").contains("aB"));
    let header = HeaderValue::from(token);
    assert_eq!(header, "aB+/9==");
    assert!(!format!("{header:?}").contains("aB"));
}

#[test]
fn what_is_no_token_is_told_without_showing_it() {
    for (text, why) in [
        ("", TokenError::Empty),
        (" \n", TokenError::Empty),
        ("SECRET\nSECRET", TokenError::Malformed),
        ("SECRET SECRET", TokenError::Malformed),
        ("SECRETñ", TokenError::Malformed),
        ("SECRET\u{0}", TokenError::Malformed),
    ] {
        let error = text.parse::<Token>().unwrap_err();
        assert_eq!(error, why, "{text:?}");
        assert!(!format!("{error} {error:?}").contains("SECRET"));
    }
}
