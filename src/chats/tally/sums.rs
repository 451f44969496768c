//! What the chats of one answer add to each label set. A chat's label sets are found by its labels: putting them together for
//! each chat, and finding them in sorted maps, would take longer than all else that is done with a row.

use chrono::{DateTime, Utc};
use hashbrown::HashTable;

use super::super::chat::Chat;
use super::super::exemplar::{self, Buckets, Exemplars};
use super::super::field::FieldSet;
use super::super::key::{HashedChat, Keys, LabelSet, PerTable, Table};
use super::super::series_limit::SeriesLimit;
use super::super::today;
use super::super::totals::{self, Cell, Entry, Name, Totals};
use crate::config::{Agents, Counting};
use crate::ledger::Counts;
use crate::ledger::hashing::Hashing;

/// As many label sets past the series limit are remembered per table. The report decides how many there are.
const MOST_LIMITED: usize = 4096;

/// What one answer adds.
#[derive(Debug)]
pub(super) struct Sums {
    tables: PerTable<TableSums>,
    hashing: Hashing,
    wants_examples: bool,
    /// Fields that only some servers send, and this one did.
    sent: FieldSet,
}

#[derive(Debug, Default)]
struct TableSums {
    /// Whether chats are counted in it at all.
    is_off: bool,
    known: HashTable<Known>,
    /// How many of them are past the series limit.
    limited: usize,
    by_set: HashTable<usize>,
    sums: Vec<Sum>,
}

/// A label set that chats have.
#[derive(Debug)]
struct Known {
    set: LabelSet,
    /// Under which sum they are counted; `None` as long as all its chats were known before this answer.
    sum: Option<usize>,
    is_limited: bool,
}

/// What is known of the label set that a chat has in a table.
enum Met<'a> {
    /// The chat is left out of the table.
    Nowhere,
    Before(&'a Known),
    Never,
}

/// What an answer adds to a label set of the totals.
#[derive(Debug)]
struct Sum {
    set: LabelSet,
    cells: Box<[Cell]>,
    /// By the measures of the table; empty if none of them is a histogram, or nobody wants them.
    examples: Vec<Buckets>,
    /// The text of its id.
    text: Option<Name>,
    /// Bytes of the longest text of its id that was admitted, whether it stayed or not.
    admitted: usize,
}

/// The sums that a chat adds to.
#[derive(Debug)]
pub(super) struct Places {
    sums: PerTable<Option<usize>>,
    /// One of its label sets is past the series limit.
    pub(super) is_limited: bool,
}

impl Places {
    /// Where the chat's day counts it.
    pub(super) fn of_day(&self) -> today::Places {
        today::Places {
            skill: self.sums[Table::Chats as usize],
            agent: self.sums[Table::Agents as usize],
        }
    }
}

impl Sums {
    pub(super) fn new(agents: Agents) -> Sums {
        let table = |table: Table| TableSums {
            is_off: agents == Agents::Off && table.is_of_agents(),
            ..TableSums::default()
        };
        Sums {
            tables: Table::ALL.map(table),
            hashing: Hashing::default(),
            wants_examples: true,
            sent: FieldSet::default(),
        }
    }

    /// Notes no examples.
    pub(super) fn leave_out_examples(&mut self) {
        self.wants_examples = false;
    }

    /// Where a new chat is counted. The limit is asked about a label set that is met for the first time.
    pub(super) fn places(&mut self, chat: &Chat, limit: &mut SeriesLimit<'_>) -> Places {
        let mut places = Places {
            sums: PerTable::default(),
            is_limited: false,
        };
        let hashed = HashedChat::new(chat, &self.hashing);
        for table in Table::ALL {
            let (sum, is_limited) = match self.met(table, chat, &hashed) {
                Met::Nowhere => continue,
                Met::Before(&Known {
                    sum: Some(sum),
                    is_limited,
                    ..
                }) => (sum, is_limited),
                Met::Before(Known { set, .. }) => {
                    let set = set.clone();
                    self.open(table, &set, limit)
                }
                Met::Never => match LabelSet::of(table, chat) {
                    Some(set) => self.open(table, &set, limit),
                    None => continue,
                },
            };
            places.sums[table as usize] = Some(sum);
            places.is_limited |= is_limited;
        }
        places
    }

    /// The label sets under which a chat is shown that was known before, if all of them were met before.
    pub(super) fn keys_of_known(&self, chat: &Chat) -> Option<Keys> {
        let mut keys = Keys::from_sets([]);
        let hashed = HashedChat::new(chat, &self.hashing);
        for table in Table::ALL {
            let known = match self.met(table, chat, &hashed) {
                Met::Nowhere => continue,
                Met::Before(known) => known,
                Met::Never => return None,
            };
            let sum = known.sum.map(|sum| &self.tables[table as usize].sums[sum]);
            let set = sum.map_or(&known.set, |sum| &sum.set);
            keys.0[table as usize] = Some(set.clone());
        }
        Some(keys)
    }

    fn met(&self, table: Table, chat: &Chat, hashed: &HashedChat<'_>) -> Met<'_> {
        let TableSums { is_off, known, .. } = &self.tables[table as usize];
        if *is_off {
            return Met::Nowhere;
        }
        let Some(hash) = hashed.hash(table, &self.hashing) else {
            return Met::Nowhere;
        };
        let found = known.find(hash, |known| known.set.is_of(table, chat));
        found.map_or(Met::Never, Met::Before)
    }

    /// The label sets that places stand for.
    pub(super) fn keys(&self, places: &Places) -> Keys {
        let mut keys = Keys::from_sets([]);
        for ((key, table), place) in keys.0.iter_mut().zip(&self.tables).zip(places.sums) {
            *key = place.map(|sum| table.sums[sum].set.clone());
        }
        keys
    }

    /// The label set of a table that a chat is counted under.
    pub(super) fn set(&self, places: &Places, table: Table) -> Option<&LabelSet> {
        let place = places.sums[table as usize]?;
        Some(&self.tables[table as usize].sums[place].set)
    }

    /// The label sets of a table by their places.
    pub(super) fn sets<'a>(&'a self, table: Table) -> impl Fn(usize) -> &'a LabelSet {
        let sums = &self.tables[table as usize].sums;
        |place| &sums[place].set
    }

    /// Whether something was added to a label set of the totals.
    pub(super) fn has(&self, table: Table, set: &LabelSet) -> bool {
        self.tables[table as usize].find(set, &self.hashing).is_some()
    }

    /// The sum of the chats of a label set, and whether that is past the limit.
    fn open(&mut self, table: Table, set: &LabelSet, limit: &mut SeriesLimit<'_>) -> (usize, bool) {
        let shown = limit.admit(table, set, |table, set| self.has(table, set));
        let is_limited = shown != *set;
        let sum = self.tables[table as usize].sum(table, shown, &self.hashing);
        if self.wants_examples && table.has_histograms() {
            let examples = &mut self.tables[table as usize].sums[sum].examples;
            examples.resize(table.measures().len(), Buckets::new());
        }
        self.know(table, set, Some(sum), is_limited);
        (sum, is_limited)
    }

    /// Notes that a label set is there already and stays as it is. Nothing is counted under it yet.
    pub(super) fn note_existing(&mut self, table: Table, set: &LabelSet) {
        self.know(table, set, None, false);
    }

    fn know(&mut self, table: Table, set: &LabelSet, sum: Option<usize>, is_limited: bool) {
        let TableSums { known, limited, .. } = &mut self.tables[table as usize];
        let hash = set.hash(&self.hashing);
        if let Some(known) = known.find_mut(hash, |known| known.set == *set) {
            known.sum = known.sum.or(sum);
            return;
        }
        if is_limited {
            if *limited == MOST_LIMITED {
                return;
            }
            *limited += 1;
        }
        let new = Known {
            set: set.clone(),
            sum,
            is_limited,
        };
        known.insert_unique(hash, new, |known| known.set.hash(&self.hashing));
    }

    /// Adds a chat. One that does not count leaves a trace only of what the server sends.
    pub(super) fn add(
        &mut self,
        chat: &Chat,
        places: &Places,
        counts: Counts,
        counting: &Counting,
        first_seen: DateTime<Utc>,
    ) {
        let closed = chat.closed.map(|closed| closed.earliest);
        for (table, place) in Table::ALL.into_iter().zip(places.sums) {
            let Some(place) = place else { continue };
            let sum = &mut self.tables[table as usize].sums[place];
            totals::take(&mut sum.cells, table, chat, counts, counting, &mut self.sent);
            if counts == Counts::Yes && !sum.examples.is_empty() {
                let at = closed.unwrap_or(first_seen);
                exemplar::note(&mut sum.examples, table, chat, counting, at);
            }
        }
    }

    /// Notes the texts of a chat's ids, which have label sets of their own. `now` stands in for a close time. A text that is
    /// longer than those before is noted only if `admit` has room for it.
    pub(super) fn note_texts(
        &mut self,
        chat: &Chat,
        places: &Places,
        agents: Agents,
        now: DateTime<Utc>,
        admit: &mut dyn FnMut(Table, &str, Name) -> bool,
    ) {
        let closed = chat.closed.map_or(now, |closed| closed.earliest);
        let agent_name = chat.agent_name.as_ref().filter(|_| agents == Agents::Names);
        let texts = [
            (Table::Agents, Some(&chat.agent_id), agent_name),
            (Table::Dispositions, chat.code.as_ref(), chat.description.as_ref()),
        ];
        for (table, id, text) in texts {
            let place = places.sums[table as usize];
            let (Some(place), Some(id), Some(text)) = (place, id, text) else {
                continue;
            };
            let sum = &mut self.tables[table as usize].sums[place];
            if sum.set.id_with_text(table) != Some(id) {
                continue;
            }
            let as_of_ms = closed.timestamp_millis();
            let name = || Name {
                text: text.clone(),
                as_of_ms,
            };
            // What was admitted once has its room, however often it comes.
            if text.len() <= sum.admitted || admit(table, id, name()) {
                sum.admitted = sum.admitted.max(text.len());
                note(&mut sum.text, text, as_of_ms);
            }
        }
    }

    /// Puts all that was counted into the totals of the answer, and into its examples. Its label sets begin at `touched`.
    pub(super) fn finish(self, totals: &mut Totals, touched: DateTime<Utc>, exemplars: &mut Exemplars) {
        totals.add_sent(self.sent);
        for (table, TableSums { sums, .. }) in Table::ALL.into_iter().zip(self.tables) {
            // Recontacts are counted aside, in a table of their own.
            if sums.is_empty() {
                continue;
            }
            let mut sets = Vec::with_capacity(sums.len());
            for sum in sums {
                if let Some((id, text)) = sum.set.id_with_text(table).zip(sum.text) {
                    totals.add_text(table, id, &text);
                }
                let is_counted = sum.cells.first().is_some_and(|chats| chats.count() > 0);
                if is_counted && !sum.examples.is_empty() {
                    exemplars.insert(table, &sum.set, sum.examples);
                }
                sets.push((sum.set, Entry::new(sum.cells, touched)));
            }
            totals.begin_table(table, sets);
        }
    }
}

impl TableSums {
    /// Where the sum of a label set of the totals is.
    fn find(&self, set: &LabelSet, hashing: &Hashing) -> Option<usize> {
        let hash = set.hash(hashing);
        let found = self.by_set.find(hash, |sum| self.sums[*sum].set == *set);
        found.copied()
    }

    /// The same, and if there is none a new one.
    fn sum(&mut self, table: Table, set: LabelSet, hashing: &Hashing) -> usize {
        if let Some(sum) = self.find(&set, hashing) {
            return sum;
        }
        let sum = self.sums.len();
        let hash = set.hash(hashing);
        self.sums.push(Sum {
            set,
            cells: table.zero(),
            examples: Vec::new(),
            text: None,
            admitted: 0,
        });
        let TableSums { by_set, sums, .. } = self;
        by_set.insert_unique(hash, sum, |sum| sums[*sum].set.hash(hashing));
        sum
    }
}

/// Keeps the text that [`Name::yields_to`] says.
fn note(known: &mut Option<Name>, text: &str, as_of_ms: i64) {
    match known {
        None => {
            *known = Some(Name {
                text: text.to_owned(),
                as_of_ms,
            });
        }
        Some(known) if known.yields_to(text, as_of_ms) => {
            known.as_of_ms = as_of_ms;
            if known.text != text {
                text.clone_into(&mut known.text);
            }
        }
        Some(_) => {}
    }
}
