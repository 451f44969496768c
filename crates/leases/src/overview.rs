//! Who holds what: what the database shows of the fleet.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

/// Replicas that were not seen for so long are shown no more.
const SHOWN_FOR: Duration = Duration::from_secs(15 * 60);

/// An operation's row, without its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationRow {
    /// Its name.
    pub operation: String,
    /// The operations of a group are held together.
    pub group: String,
    /// Who holds it, or held it last.
    pub holder: Option<Uuid>,
    /// For how long it is still held; `None` where nobody holds it.
    pub lease_left: Option<Duration>,
    /// Where its state was moved: it is not held any more.
    pub moved_to: Option<String>,
}

/// A replica's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaRow {
    /// Made anew by each process.
    pub id: Uuid,
    /// Where it is reached.
    pub url: String,
    /// A digest of its settings.
    pub config_hash: String,
    /// Groups that it can't poll: nobody is to count on it for those.
    pub refused: Vec<String>,
    /// The format of the states that it writes: it can't go on from those of a later one.
    pub format: i32,
    /// Its lease: one that was silent for longer is taken for dead.
    pub lease: Duration,
    /// How long ago it said that it lives.
    pub seen_ago: Duration,
}

impl ReplicaRow {
    /// Whether it said within its own lease that it lives.
    pub fn is_live(&self) -> bool {
        self.seen_ago <= self.lease
    }
}

/// The fleet, as one replica saw it.
#[derive(Debug, Clone)]
pub struct Overview {
    /// When.
    pub at: Instant,
    /// The operations that are configured there, by name.
    pub operations: Vec<OperationRow>,
    /// The replicas, by URL.
    pub replicas: Vec<ReplicaRow>,
}

impl Overview {
    /// Where the replica with this id is reached.
    pub fn url_of(&self, holder: Uuid) -> Option<&str> {
        let replica = self.replicas.iter().find(|replica| replica.id == holder);
        replica.map(|replica| replica.url.as_str())
    }

    /// Where the replica is reached that holds an operation now.
    pub fn holder_of(&self, operation: &str) -> Option<&str> {
        let row = self.operations.iter().find(|row| row.operation == operation)?;
        row.lease_left?;
        self.url_of(row.holder?)
    }

    /// The replicas that live, or did lately.
    pub fn shown_replicas(&self) -> impl Iterator<Item = &ReplicaRow> {
        self.replicas
            .iter()
            .filter(|replica| replica.seen_ago < SHOWN_FOR)
    }

    /// The operations of each group.
    pub(crate) fn groups(&self) -> BTreeMap<&str, Vec<&OperationRow>> {
        let mut groups: BTreeMap<&str, Vec<&OperationRow>> = BTreeMap::new();
        for row in self.operations.iter().filter(|row| row.moved_to.is_none()) {
            groups.entry(&row.group).or_default().push(row);
        }
        groups
    }

    /// Whether another replica is reached at this address. One that was silent for all the `age` of who asks is its predecessor.
    pub(crate) fn has_twin(&self, replica: Uuid, url: &str, age: Duration) -> bool {
        let is_twin = |other: &ReplicaRow| other.id != replica && other.url == url;
        self.replicas
            .iter()
            .any(|other| is_twin(other) && other.is_live() && other.seen_ago < age)
    }

    /// The longest lease of the replicas that may still hold something. One that was silent for twice its lease does not, also where
    /// the database has lost its last signs of life.
    pub(crate) fn longest_lease(&self) -> Duration {
        let may_hold = |replica: &&ReplicaRow| replica.seen_ago <= 2 * replica.lease;
        let leases = self.replicas.iter().filter(may_hold);
        leases.map(|replica| replica.lease).max().unwrap_or_default()
    }

    /// The other replicas that live and can read the states that a replica writes.
    pub(crate) fn others(&self, replica: Uuid, format: i32) -> impl Iterator<Item = &ReplicaRow> {
        self.replicas
            .iter()
            .filter(move |other| other.id != replica && other.is_live() && other.format >= format)
    }
}

impl OperationRow {
    /// Whether this replica holds it, as the database sees it.
    pub(crate) fn is_held_by(&self, replica: Uuid) -> bool {
        self.lease_left.is_some() && self.holder == Some(replica)
    }
}

#[cfg(test)]
mod tests;
