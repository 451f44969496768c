//! Where the token comes from.

use std::path::PathBuf;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use small_file::{Links, Shown};

use crate::{Error, Reason};

/// More than any token: a file named by mistake must not fill the memory.
const FILE_LIMIT: u64 = 64 * 1024;

/// Where the `wolkvox-token` comes from.
#[derive(Debug, Clone)]
pub enum Token {
    /// A token that stays (`WOLKVOX_TOKEN`).
    Fixed(SecretString),
    /// A file (`WOLKVOX_TOKEN_FILE`), read before each request, so that a new token needs no restart.
    File(PathBuf),
}

impl Token {
    /// The token as a header's value, marked as sensitive.
    ///
    /// # Errors
    /// With reason `auth` if the file can't be read, the token is empty or can't be sent in a header. The text never
    /// holds the token.
    pub fn read(&self) -> Result<HeaderValue, Error> {
        match self {
            Token::Fixed(token) => header(token.expose_secret(), "WOLKVOX_TOKEN"),
            Token::File(path) => {
                // Mounted secrets are links.
                let text = small_file::read_text(path, FILE_LIMIT, Links::Follow)
                    .map(SecretString::from)
                    .map_err(|error| auth(&format!("WOLKVOX_TOKEN_FILE: {error}")))?;
                header(
                    text.expose_secret(),
                    &format!("the file of WOLKVOX_TOKEN_FILE ({})", Shown(path)),
                )
            }
        }
    }
}

fn header(token: &str, origin: &str) -> Result<HeaderValue, Error> {
    let token = token.trim();
    if token.is_empty() {
        return Err(auth(&format!("{origin} is empty")));
    }
    // Blanks inside are legal in a header, but in no token: more likely two lines, or a comment.
    let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic());
    let value = HeaderValue::from_str(token).ok().filter(|_| is_plain);
    let mut value = value.ok_or_else(|| {
        auth(&format!(
            "{origin} holds something that is no token: blanks, line breaks or letters outside ASCII"
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn auth(what: &str) -> Error {
    Error::new(
        Reason::Auth,
        format!("no token to send: {what}. Nothing was asked of Wolkvox"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(token: &str) -> Result<HeaderValue, Error> {
        Token::Fixed(token.to_owned().into()).read()
    }

    #[test]
    fn a_token_is_sent_raw_and_trimmed_and_is_never_shown() {
        let value = fixed(" aB+/9== \n").unwrap();
        assert_eq!(value, "aB+/9==");
        assert!(!format!("{value:?}").contains("aB"));
    }

    #[test]
    fn what_is_no_token_is_reported_without_showing_it() {
        for token in [
            "",
            " \n",
            "SECRET\nSECRET",
            "SECRET SECRET",
            "SECRETñ",
            "SECRET\u{0}",
        ] {
            let error = fixed(token).unwrap_err();
            assert_eq!(error.reason(), Reason::Auth);
            assert!(error.to_string().contains("WOLKVOX_TOKEN") && !error.to_string().contains("SECRET"));
        }
    }

    #[test]
    fn a_file_is_read_each_time() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let token = Token::File(file.path().to_owned());
        assert!(token.read().unwrap_err().to_string().contains("is empty"));
        std::fs::write(file.path(), "first\r\n").unwrap();
        assert_eq!(token.read().unwrap(), "first");
        std::fs::write(file.path(), "second").unwrap();
        assert_eq!(token.read().unwrap(), "second");
        // What is longer is no token; its beginning must not be sent as one.
        std::fs::write(file.path(), "a".repeat(64 * 1024 + 1)).unwrap();
        let error = token.read().unwrap_err().to_string();
        assert!(error.contains("larger than 65536 bytes"), "{error}");
        std::fs::write(file.path(), b"\xff").unwrap();
        assert!(token.read().unwrap_err().to_string().contains("can't be read"));
        file.close().unwrap();
        assert!(
            token
                .read()
                .unwrap_err()
                .to_string()
                .contains("WOLKVOX_TOKEN_FILE")
        );
    }
}
