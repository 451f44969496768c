//! The token as it is configured: in a variable, or in a file that is read before each request.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use small_file::{Links, Shown};
use wolkvox::client::{NoToken, ReadToken, Token, TokenError, TokenSource};

/// More than any token: a file named by mistake must not fill the memory.
const LARGEST: u64 = 64 * 1024;

/// Where the `wolkvox-token` comes from.
#[derive(Debug, Clone)]
pub enum ConfiguredToken {
    /// `WOLKVOX_TOKEN`: it stays as it is.
    Fixed(Token),
    /// `WOLKVOX_TOKEN_FILE`: read before each request, so that a new token needs no restart.
    File(PathBuf),
}

impl ConfiguredToken {
    /// Whether another one comes from the same place: the same text, or the same file, whatever it holds.
    pub fn is_same(&self, other: &ConfiguredToken) -> bool {
        match (self, other) {
            (ConfiguredToken::Fixed(one), ConfiguredToken::Fixed(other)) => {
                one.expose_secret() == other.expose_secret()
            }
            (ConfiguredToken::File(one), ConfiguredToken::File(other)) => one == other,
            _ => false,
        }
    }
}

impl TokenSource for ConfiguredToken {
    fn read(&self) -> ReadToken<'_> {
        match self {
            ConfiguredToken::Fixed(token) => token.read(),
            ConfiguredToken::File(path) => Box::pin(read_elsewhere(path.clone())),
        }
    }
}

impl ConfiguredToken {
    /// What is wrong with the file, if it is one, in words that name it. It may wait for a network that hangs.
    pub fn problem(&self) -> Option<String> {
        match self {
            ConfiguredToken::Fixed(_) => None,
            ConfiguredToken::File(path) => read_file(path).err().map(|NoToken(problem)| problem),
        }
    }
}

/// On a thread of its own: the file may lie on a network that hangs.
async fn read_elsewhere(path: PathBuf) -> Result<Token, NoToken> {
    let read = offload::run("token", move || read_file(&path)).await;
    read.unwrap_or_else(|error| Err(NoToken(format!("the token was not read: {error}"))))
}

fn read_file(path: &Path) -> Result<Token, NoToken> {
    let no_token = |what: String| NoToken(format!("no token to send: {what}"));
    // Mounted secrets are links.
    let text = small_file::read_text(path, LARGEST, Links::Follow)
        .map(SecretString::from)
        .map_err(|error| no_token(format!("WOLKVOX_TOKEN_FILE: {error}")))?;
    let token = text.expose_secret().parse();
    token.map_err(|error: TokenError| {
        no_token(format!(
            "the file of WOLKVOX_TOKEN_FILE ({}) {error}",
            Shown(path)
        ))
    })
}

#[cfg(test)]
mod tests;
