//! The operation: every chat there ever was, made when asked for.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::cast::{self, Skill};
use super::chat::{Agent, Outcome, SimulatedChat, instant};
use super::day::{self, Incident};
use super::dice::Dice;
use super::plan::{self, Plan};
use super::settings::{AsaForm, Filter, Settings, Span};

/// Words that keep the dice of details apart from those of times.
mod salt {
    pub(super) const DETAILS: u64 = 101;
    pub(super) const SENDING: u64 = 102;
    pub(super) const WRITERS: u64 = 103;
    pub(super) const CUSTOMER: u64 = 104;
}

/// A simulated operation. Chats opened in a minute are a pure function of the seed and that minute; chats placed by
/// hand come on top.
#[derive(Debug)]
pub struct Simulator {
    settings: Settings,
    added: Mutex<Vec<Arc<SimulatedChat>>>,
}

/// A chat whose details may not have been rolled yet: an answer of 60,000 rows is made row by row.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    Planned(Plan),
    Added(Arc<SimulatedChat>),
}

impl Entry {
    pub(super) fn opened(&self) -> i64 {
        match self {
            Self::Planned(plan) => plan.opened,
            Self::Added(chat) => chat.opened.timestamp(),
        }
    }

    pub(super) fn closed(&self) -> i64 {
        match self {
            Self::Planned(plan) => plan.closed,
            Self::Added(chat) => chat.closed.timestamp(),
        }
    }

    pub(super) fn visible(&self) -> i64 {
        match self {
            Self::Planned(plan) => plan.visible,
            Self::Added(chat) => chat.visible.timestamp(),
        }
    }

    /// The time a window filters on.
    pub(super) fn time(&self, filter: Filter) -> i64 {
        match filter {
            Filter::CloseTime => self.closed(),
            Filter::OpenTime => self.opened(),
        }
    }
}

impl Simulator {
    /// The operation of these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            added: Mutex::default(),
        }
    }

    /// What it was made of.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Places chats by hand, on top of those generated. An id may be given twice: that makes two rows.
    pub fn add(&self, chats: impl IntoIterator<Item = SimulatedChat>) {
        let mut added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        added.extend(chats.into_iter().map(Arc::new));
    }

    /// All chats that were closed from `from` to `to`, both seconds included, visible or not yet: by close time.
    pub fn truth(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<SimulatedChat> {
        self.entries(Filter::CloseTime, from.timestamp(), to.timestamp())
            .into_iter()
            .map(|entry| self.chat(&entry))
            .collect()
    }

    /// The incidents that touch a range; none unless [`Settings::staffed`].
    pub fn incidents(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Incident> {
        if self.settings.staffed {
            day::incidents(&self.settings, from, to)
        } else {
            Vec::new()
        }
    }

    /// As [`Simulator::truth`], but only chats whose row is visible at `now`.
    pub fn visible_truth(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Vec<SimulatedChat> {
        let mut chats = self.truth(from, to);
        chats.retain(|chat| chat.visible <= now);
        chats
    }

    /// The chats whose time (by `filter`) lies from `from` to `to`, Unix seconds, both included; in order.
    pub(super) fn entries(&self, filter: Filter, from: i64, to: i64) -> Vec<Entry> {
        let mut entries = Vec::new();
        match filter {
            Filter::CloseTime => {
                plan::closed_within(&self.settings, from, to, |plan| {
                    entries.push(Entry::Planned(plan));
                });
            }
            Filter::OpenTime => {
                plan::opened_within(&self.settings, from, to, |plan| {
                    entries.push(Entry::Planned(plan));
                });
            }
        }
        let added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = added.iter().cloned().map(Entry::Added);
        entries.extend(wanted.filter(|entry| (from..=to).contains(&entry.time(filter))));
        drop(added);
        // Stable: chats of one second stay in the order in which they were opened, or added.
        entries.sort_by_key(|entry| entry.time(filter));
        entries
    }

    /// Rolls what a plan leaves open.
    pub(super) fn chat(&self, entry: &Entry) -> SimulatedChat {
        match entry {
            Entry::Planned(plan) => self.details(plan),
            Entry::Added(chat) => SimulatedChat::clone(chat),
        }
    }

    fn details(&self, plan: &Plan) -> SimulatedChat {
        let settings = &self.settings;
        let mut dice = Dice::new(&[settings.seed, salt::DETAILS, plan.id]);
        let (channel, skill, agent) = self.assignment(plan, &mut dice);
        let open_for = u32::try_from(plan.closed - plan.opened).unwrap_or(0);
        let wait = if settings.staffed {
            day::longest_wait(settings, plan)
        } else {
            900
        };
        let mut work = Work::rolled(&mut dice, plan.timed_out, open_for, wait, settings.dialect.asa);
        if let Some(sending) = plan.sending.filter(|_| plan.timed_out) {
            work = Work::of_unanswered_sending(&mut Dice::new(&[settings.seed, salt::WRITERS, sending]));
        } else if Dice::new(&[settings.seed, salt::WRITERS, plan.id]).chance(NOTES) {
            work.customer_chars = Some(0);
        }
        let (outcome, cod_act, description) =
            coding(&mut dice, plan.timed_out, settings.uncoded_share, skill);
        let transferred = dice.chance(0.08) && settings.transfer && !plan.timed_out;
        let feeling = dice
            .pick(cast::FEELINGS)
            .copied()
            .filter(|_| skill.feelings && !plan.timed_out);
        SimulatedChat {
            conn_id: plan.id.to_string(),
            channel: channel.to_owned(),
            opened: instant(plan.opened),
            closed: instant(plan.closed),
            visible: instant(plan.visible),
            asa_ms: work.asa_ms,
            time_on_agent: work.time_on_agent,
            average_response: work.average_response.filter(|_| settings.response_time),
            customer_chars: work.customer_chars,
            agent_chars: work.agent_chars,
            agent_answers: work.agent_answers,
            agent,
            skill_id: skill.id.to_owned(),
            outcome,
            cod_act: cod_act.to_owned(),
            description: description.to_owned(),
            transferred,
            customer: self.customer(plan),
            feeling: feeling.unwrap_or("").to_owned(),
            last_participant: work
                .only_writer()
                .unwrap_or_else(|| last_participant(&mut dice, plan.timed_out))
                .to_owned(),
            raw: Vec::new(),
        }
    }

    /// Whose it is. Some customers come back; most are never seen again.
    fn customer(&self, plan: &Plan) -> String {
        let mut dice = Dice::new(&[self.settings.seed, salt::CUSTOMER, plan.id]);
        if dice.chance(RETURNING) {
            format!("regular-{}", dice.below(REGULARS))
        } else {
            plan.id.to_string()
        }
    }

    /// Who has the chat. All chats of a mass sending share that.
    fn assignment(&self, plan: &Plan, dice: &mut Dice) -> (&'static str, &'static Skill, Agent) {
        let settings = &self.settings;
        if let Some(sending) = plan.sending {
            let mut shared = Dice::new(&[settings.seed, salt::SENDING, sending]);
            return (
                "whatsapp",
                cast::skill(&mut shared),
                cast::human(&mut shared, settings.agents),
            );
        }
        if settings.staffed {
            return day::assignment(settings, plan, dice);
        }
        let (channel, skill) = (cast::channel(dice), cast::skill(dice));
        let agent = if dice.chance(settings.bot_share) {
            cast::non_human(dice)
        } else {
            cast::human(dice, settings.agents)
        };
        (channel, skill, agent)
    }
}

/// The share of chats of customers that come back.
const RETURNING: f64 = 0.2;
/// How many such customers there are.
const REGULARS: u64 = 400;
/// The share of chats in which an agent writes a note to a customer who does not answer it.
const NOTES: f64 = 0.03;

/// What was done in a chat.
#[derive(Default)]
struct Work {
    asa_ms: Option<u64>,
    time_on_agent: Option<u32>,
    average_response: Option<u32>,
    customer_chars: Option<u32>,
    agent_chars: Option<u32>,
    agent_answers: Option<u32>,
}

impl Work {
    fn rolled(dice: &mut Dice, timed_out: bool, open_for: u32, wait: u32, form: AsaForm) -> Self {
        // Some have no ASA; of those that time out, many were never answered.
        if dice.chance(if timed_out { 0.6 } else { 0.02 }) {
            return Self {
                time_on_agent: Some(0),
                customer_chars: Some(dice.mostly_low(Span::new(0, 300))),
                agent_chars: Some(0),
                agent_answers: Some(0),
                ..Self::default()
            };
        }
        let asa = dice.mostly_low(Span::new(1, wait)).min(open_for);
        let hundredths = dice.below(100).min(u64::from(open_for - asa) * 100);
        let answers = 1 + dice.mostly_low(Span::new(0, 40));
        // A code may be given without the customer having typed anything; then the field is blank.
        let typed = dice.mostly_low(Span::new(1, 2500));
        Self {
            asa_ms: Some(
                u64::from(asa) * 1000
                    + if form == AsaForm::Decimal {
                        hundredths * 10
                    } else {
                        0
                    },
            ),
            time_on_agent: Some(dice.within(Span::new((open_for - asa) / 2, open_for - asa))),
            average_response: Some(dice.mostly_low(Span::new(2, 400)).min(open_for)),
            customer_chars: (!dice.chance(0.01)).then_some(typed),
            agent_chars: Some(answers * dice.within(Span::new(20, 160))),
            agent_answers: Some(answers),
        }
    }
}

impl Work {
    /// All chats of a mass sending have its text.
    fn of_unanswered_sending(shared: &mut Dice) -> Self {
        Self {
            time_on_agent: Some(0),
            customer_chars: Some(0),
            agent_chars: Some(shared.within(Span::new(60, 320))),
            agent_answers: Some(1),
            ..Self::default()
        }
    }

    /// Who wrote last, where one side alone wrote.
    fn only_writer(&self) -> Option<&'static str> {
        match (self.agent_chars?, self.customer_chars?) {
            (0, 0) => Some(""),
            (0, _) => Some("customer"),
            (_, 0) => Some("agent"),
            _ => None,
        }
    }
}

fn coding(
    dice: &mut Dice,
    timed_out: bool,
    uncoded_share: f64,
    skill: &Skill,
) -> (Outcome, &'static str, &'static str) {
    if timed_out {
        return (Outcome::Timeout, "TIMEOUTCHAT", "TIMEOUTCHAT");
    }
    match dice.pick(skill.codes) {
        Some((code, description)) if !dice.chance(uncoded_share) => (Outcome::Coded, code, description),
        _ => (Outcome::Uncoded, "", ""),
    }
}

fn last_participant(dice: &mut Dice, timed_out: bool) -> &'static str {
    match dice.below(100) {
        0..50 if timed_out => "agent",
        0..60 => "customer",
        60..94 => "agent",
        94..96 => "chat-bot",
        96..98 => "chat_bot",
        _ => "",
    }
}
