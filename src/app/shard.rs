//! A part of the operations, of several processes that share an operations file.

use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// Which part: `0/3`, `1/3` or `2/3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: u32,
    of: u32,
}

/// Why a text names no shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// It is not two numbers.
    #[error("a shard is written as its number and how many there are, such as 0/3")]
    Form,
    /// There is no such one.
    #[error("there is no shard {number} of {of}: they are numbered from 0 to {}", of.saturating_sub(1))]
    Number {
        /// As given.
        number: u32,
        /// As given.
        of: u32,
    },
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Shard, ShardError> {
        let (number, of) = text.split_once('/').ok_or(ShardError::Form)?;
        let number: u32 = number.trim().parse().map_err(|_| ShardError::Form)?;
        let of: u32 = of.trim().parse().map_err(|_| ShardError::Form)?;
        if number < of {
            Ok(Shard { number, of })
        } else {
            Err(ShardError::Number { number, of })
        }
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Shard {
    /// Whether a group of operations is in it. Each group is in exactly one, on all machines the same. With one shard more,
    /// or less, as few groups move as can (rendezvous hashing).
    pub fn holds(self, group: &str) -> bool {
        let holder = (0..self.of).max_by_key(|number| weight(group, *number));
        holder == Some(self.number)
    }
}

/// How much a shard is to hold a group.
fn weight(group: &str, number: u32) -> [u8; 32] {
    let digest = Sha256::new()
        .chain_update(number.to_be_bytes())
        .chain_update(group);
    digest.finalize().into()
}

#[cfg(test)]
mod tests;
