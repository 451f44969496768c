//! The token of requests, and where it comes from.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;

use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;

use crate::{Error, Reason};

/// A `wolkvox-token` that can be sent. `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct Token(HeaderValue);

/// Why a text is no token. It goes on after a name of where the text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// A header could not carry it, or no token has such characters.
    #[error("holds something that is no token: blanks, line breaks or letters outside ASCII")]
    Malformed,
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Token, TokenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        // Blanks inside are legal in a header, but in no token: more likely two lines, or a comment.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        let value = HeaderValue::from_str(text).ok().filter(|_| is_plain);
        let mut value = value.ok_or(TokenError::Malformed)?;
        value.set_sensitive(true);
        Ok(Token(value))
    }
}

impl ExposeSecret<str> for Token {
    fn expose_secret(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

impl From<Token> for HeaderValue {
    fn from(token: Token) -> HeaderValue {
        token.0
    }
}

/// Why there is no token to send, in the words of whom it is read by. They must not hold the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoToken(pub String);

impl From<NoToken> for Error {
    fn from(cause: NoToken) -> Error {
        Error::new(Reason::Auth, format!("{cause}. Nothing was asked of Wolkvox"))
    }
}

/// A token that is being read.
pub type ReadToken<'a> = Pin<Box<dyn Future<Output = Result<Token, NoToken>> + Send + 'a>>;

/// Where the token comes from. A [`Token`] is a source too: of itself.
pub trait TokenSource: Debug + Send + Sync {
    /// The token of the next request. It is called before each one, so that a token can be replaced. What may block is
    /// done elsewhere and only waited for here.
    fn read(&self) -> ReadToken<'_>;
}

impl TokenSource for Token {
    fn read(&self) -> ReadToken<'_> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

#[cfg(test)]
mod tests;
