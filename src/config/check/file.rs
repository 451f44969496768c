//! The token, and the variables that name a file or a directory.

use std::path::PathBuf;

use secrecy::SecretString;

use super::super::shown::length;
use super::Check;
use crate::wolkvox::client::Token;

impl Check {
    pub(super) fn token(&mut self, token: Option<String>, file: Option<String>) -> Option<Token> {
        match (token, file) {
            (Some(token), None) => {
                let token = Token::Fixed(SecretString::from(token));
                if token.read().is_err() {
                    return self.problem(
                        "TOKEN",
                        "holds something that no token does: blanks, line breaks or letters outside ASCII",
                    );
                }
                Some(token)
            }
            (None, Some(file)) => self.path("TOKEN_FILE", Some(file))?.map(Token::File),
            (None, None) => self.problem(
                "TOKEN",
                "is not set. It is the wolkvox-token of your operation (or set WOLKVOX_TOKEN_FILE to a file that holds it)",
            ),
            (Some(_), Some(_)) => self.problem("TOKEN", "and WOLKVOX_TOKEN_FILE are both set; exactly one is needed"),
        }
    }

    /// `Some(None)` is one that is not set.
    #[allow(clippy::option_option)] // The outer one is "no problem".
    pub(super) fn path(&mut self, variable: &str, value: Option<String>) -> Option<Option<PathBuf>> {
        let Some(path) = value else { return Some(None) };
        if !small_file::looks_like_key(&path) {
            return Some(Some(PathBuf::from(path)));
        }
        let out = match variable {
            "TOKEN_FILE" => "the token itself belongs into WOLKVOX_TOKEN, and a path begins with / or ./",
            _ => "a path begins with / or ./",
        };
        self.problem(
            variable,
            &format!(
                "is {} that looks like a token and not like a path; {out}",
                length(&path)
            ),
        )
    }
}
