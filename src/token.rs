//! The token as it is configured: in a variable, or in a file that is read before each request.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use small_file::{Links, Shown};
use wolkvox::client::{NoToken, ReadToken, Token, TokenError, TokenSource};

/// More than any token: a file named by mistake must not fill the memory.
const LARGEST: u64 = 64 * 1024;

/// Of many operations so many read theirs at once.
static READINGS: offload::Queue = offload::Queue::new("token", 8);

/// Where the `wolkvox-token` comes from.
#[derive(Debug, Clone)]
pub enum ConfiguredToken {
    /// `WOLKVOX_TOKEN`: it stays as it is.
    Fixed(Token),
    /// `WOLKVOX_TOKEN_FILE`: read before each request, so that a new token needs no restart.
    File(TokenFile),
}

/// A file with the token.
#[derive(Debug, Clone)]
pub struct TokenFile {
    /// Where it is.
    pub path: PathBuf,
    /// What names it: `WOLKVOX_TOKEN_FILE`, or `token_file` in the operations file.
    pub setting: String,
}

impl ConfiguredToken {
    /// Whether another one comes from the same place: the same text, or the same file, whatever it holds.
    pub fn is_same(&self, other: &ConfiguredToken) -> bool {
        match (self, other) {
            (ConfiguredToken::Fixed(one), ConfiguredToken::Fixed(other)) => {
                one.expose_secret() == other.expose_secret()
            }
            (ConfiguredToken::File(one), ConfiguredToken::File(other)) => one.path == other.path,
            _ => false,
        }
    }
}

impl TokenSource for ConfiguredToken {
    fn read(&self) -> ReadToken<'_> {
        match self {
            ConfiguredToken::Fixed(token) => token.read(),
            ConfiguredToken::File(file) => Box::pin(read_elsewhere(file.clone())),
        }
    }
}

impl ConfiguredToken {
    /// What is wrong with the file, if it is one, in words that name it. It may wait for a network that hangs.
    pub fn problem(&self) -> Option<String> {
        match self {
            ConfiguredToken::Fixed(_) => None,
            ConfiguredToken::File(file) => read_file(file).err().map(|NoToken(problem)| problem),
        }
    }
}

/// On a thread of its own: the file may lie on a network that hangs.
async fn read_elsewhere(file: TokenFile) -> Result<Token, NoToken> {
    let read = READINGS.run(move || read_file(&file)).await;
    read.unwrap_or_else(|error| Err(NoToken(format!("the token was not read: {error}"))))
}

fn read_file(TokenFile { path, setting }: &TokenFile) -> Result<Token, NoToken> {
    let no_token = |what: String| NoToken(format!("no token to send: {what}"));
    // Mounted secrets are links.
    let text = small_file::read_text(path, LARGEST, Links::Follow)
        .map(SecretString::from)
        .map_err(|error| no_token(format!("{setting}: {error}")))?;
    let token = text.expose_secret().parse();
    token.map_err(|error: TokenError| no_token(format!("the file of {setting} ({}) {error}", Shown(path))))
}

#[cfg(test)]
mod tests;
