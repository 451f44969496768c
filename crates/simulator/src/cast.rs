//! Who works in the simulated operation, and on what. All names are invented.

use super::chat::Agent;
use super::dice::Dice;

/// A queue of chats.
#[derive(Debug)]
pub(super) struct Skill {
    pub(super) id: &'static str,
    /// Empty where the list of skills does not have it.
    pub(super) name: &'static str,
    /// Of 100 chats, so many are of this skill.
    pub(super) weight: u64,
    /// Whether the product that recognises feelings was bought for it.
    pub(super) feelings: bool,
    /// The codes its agents choose from, with their descriptions.
    pub(super) codes: &'static [(&'static str, &'static str)],
}

/// The queues; `0` is what the vendor writes for none.
pub(super) const SKILLS: &[Skill] = &[
    Skill {
        id: "12",
        name: "Sales",
        weight: 40,
        feelings: true,
        codes: &[
            ("101", "Sale closed"),
            ("102", "Will call back"),
            ("103", "Not interested"),
            ("104", "No coverage"),
        ],
    },
    Skill {
        id: "15",
        name: "Support",
        weight: 28,
        feelings: true,
        codes: &[
            ("201", "Solved"),
            ("202", "Escalated"),
            ("203", "Visit scheduled"),
            ("204", "Router \"reset\""),
        ],
    },
    Skill {
        id: "27",
        name: "Billing",
        weight: 17,
        feelings: false,
        codes: &[
            ("301", "Payment agreed"),
            ("302", "Invoice sent"),
            ("303", "Acuerdo de pago señal"),
        ],
    },
    Skill {
        id: "33",
        name: "Retention",
        weight: 11,
        feelings: true,
        codes: &[
            ("401", "Cancelled"),
            ("402", "Retained"),
            ("403", "Complaint filed"),
        ],
    },
    Skill {
        id: "0",
        name: "",
        weight: 4,
        feelings: false,
        codes: &[("900", "Other")],
    },
];

/// The channels, with how many of 100 chats use each.
const CHANNELS: &[(&str, u64)] = &[
    ("whatsapp", 68),
    ("web", 15),
    ("facebook", 8),
    ("instagram", 6),
    ("telegram", 3),
];

const FIRST: &[&str] = &[
    "Ana", "Luis", "María", "Jorge", "Paula", "Andrés", "Lucía", "Iván", "Sofía", "Óscar", "Elena", "Raúl",
    "Inés",
];
const LAST: &[&str] = &[
    "Torres", "Muñoz", "Rojas", "Peña", "Vargas", "Niño", "Ortiz", "León", "Duarte", "Cano", "Gil",
];

/// What is no human but has chats all the same.
const NON_HUMANS: &[(&str, &str)] = &[
    ("chat_bot", "chat_bot"),
    ("ROUTER_1", "Routing point 1"),
    ("9999", "Test"),
];

pub(super) const FEELINGS: &[&str] = &[
    "very negative",
    "negative",
    "neutral",
    "positive",
    "very positive",
];

/// A skill, the busy ones more often.
pub(super) fn skill(dice: &mut Dice) -> &'static Skill {
    weighted(dice, SKILLS, |skill| skill.weight)
}

/// A channel, the busy ones more often.
pub(super) fn channel(dice: &mut Dice) -> &'static str {
    weighted(dice, CHANNELS, |(_, weight)| *weight).0
}

/// A human of `headcount`, the senior ones more often.
pub(super) fn human(dice: &mut Dice, headcount: u32) -> Agent {
    let headcount = u64::from(headcount.max(1));
    let index = dice.below(headcount).min(dice.below(headcount + headcount / 2));
    agent(index)
}

/// The human of this number.
pub(super) fn agent(index: u64) -> Agent {
    let name = |names: &[&'static str], at: u64| {
        usize::try_from(at % names.len() as u64)
            .ok()
            .and_then(|at| names.get(at).copied())
            .unwrap_or("")
    };
    Agent {
        id: (1001 + index).to_string(),
        name: format!("{} {}", name(FIRST, index), name(LAST, index)),
        dni: format!("5219{:06}77", 1001 + index),
    }
}

/// A chat bot, a routing point, a test account.
pub(super) fn non_human(dice: &mut Dice) -> Agent {
    let (id, name) = dice.pick(NON_HUMANS).copied().unwrap_or(("chat_bot", "chat_bot"));
    Agent {
        id: id.to_owned(),
        name: name.to_owned(),
        dni: String::new(),
    }
}

fn weighted<T>(dice: &mut Dice, choices: &'static [T], weight: impl Fn(&T) -> u64) -> &'static T {
    let mut roll = dice.below(choices.iter().map(&weight).sum());
    for choice in choices {
        let weight = weight(choice);
        if roll < weight {
            return choice;
        }
        roll -= weight;
    }
    &choices[0]
}
