//! The series limit: which label sets a chat may add to. Past the limit a new one is counted with its open labels as
//! `other`; closed words stay, and nothing that exists is dropped.

use super::key::{ChatKey, DispositionKey, FeelingKey, Keys, SpeakerKey, lines};
use super::totals::{Table, Totals};

/// The value of an open label past the limit.
pub const OTHER: &str = "other";

/// Admits label sets while the lines last.
#[derive(Debug, Clone, Copy)]
pub struct SeriesLimit<'a> {
    base: &'a Totals,
    limit: usize,
    /// Lines of the base and of what was admitted since.
    lines: usize,
}

impl<'a> SeriesLimit<'a> {
    /// Goes on from what exists.
    pub fn new(base: &'a Totals, limit: usize) -> SeriesLimit<'a> {
        SeriesLimit {
            base,
            limit,
            lines: base.lines(),
        }
    }

    /// The label sets to count under, and whether one of them is past the limit. `new` is what this answer has added.
    pub fn admit(&mut self, keys: Keys, new: &Totals) -> (Keys, bool) {
        let mut limited = false;
        let base = self.base;
        let mut admit = |admitted: bool| {
            limited |= !admitted;
            admitted
        };
        let other = || OTHER.to_owned();
        let Keys {
            mut chat,
            agent,
            disposition,
            mut feeling,
            mut speaker,
        } = keys;
        if !admit(self.fits(&chat, &base.chats, &new.chats, lines::CHAT)) {
            chat = ChatKey {
                channel: other(),
                skill_id: other(),
                ..chat
            };
        }
        let agent = agent.map(|mut key| {
            if !admit(self.fits(&key, &base.agents, &new.agents, lines::AGENT + 1)) {
                key.agent_id = other();
            }
            key
        });
        let disposition = disposition.map(|mut key| {
            if !admit(self.fits(&key, &base.dispositions, &new.dispositions, 2)) {
                key = DispositionKey {
                    skill_id: other(),
                    cod_act: other(),
                };
            }
            key
        });
        if !admit(self.fits(&feeling, &base.feelings, &new.feelings, 1)) {
            feeling = FeelingKey {
                skill_id: other(),
                ..feeling
            };
        }
        if !admit(self.fits(&speaker, &base.speakers, &new.speakers, 1)) {
            speaker = SpeakerKey {
                skill_id: other(),
                ..speaker
            };
        }
        (
            Keys {
                chat,
                agent,
                disposition,
                feeling,
                speaker,
            },
            limited,
        )
    }

    /// The label sets to show a chat under that is counted already. It takes no lines, for it adds to no label set.
    pub fn look_up(&self, keys: Keys, new: &Totals) -> Keys {
        let mut aside = *self;
        aside.admit(keys, new).0
    }

    fn fits<K: Ord, V>(&mut self, key: &K, base: &Table<K, V>, new: &Table<K, V>, lines: usize) -> bool {
        if base.contains_key(key) || new.contains_key(key) {
            return true;
        }
        let fits = self.lines + lines <= self.limit;
        self.lines += if fits { lines } else { 0 };
        fits
    }
}
