package main

import (
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// A chat that is answered within this many seconds is within the target.
const asaTarget = 30

// metrics are the exporter's families of chats, with its names, labels and buckets.
type metrics struct {
	chats, withinTarget, customerCharacters, agentCharacters, agentAnswers *prometheus.CounterVec
	asa, duration, timeOnAgent                                             *prometheus.HistogramVec
	dispositions, feelings, lastSpeakers                                   *prometheus.CounterVec
	agentChats, agentWithinTarget, answersOfAgent, charactersOfAgent       *prometheus.CounterVec
	agentASA, agentTimeOnAgent, agentDuration                              *prometheus.SummaryVec
	conversations, openings, agentSkillChats, agentSkillWithinTarget       *prometheus.CounterVec
	agentCustomerSpokeLast, agentNegativeFeelings, agentUnanswered         *prometheus.CounterVec
}

func newMetrics(operation string) *metrics {
	labels := prometheus.Labels{"operation": operation}
	factory := promauto.With(prometheus.WrapRegistererWith(labels, prometheus.DefaultRegisterer))
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return factory.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	summary := func(name, help string) *prometheus.SummaryVec {
		return factory.NewSummaryVec(prometheus.SummaryOpts{Name: name, Help: help}, []string{"agent_id", "outcome"})
	}
	perChat := []string{"channel", "skill_id", "outcome"}
	histogram := func(name, help string, buckets ...float64) *prometheus.HistogramVec {
		return factory.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, perChat)
	}
	return &metrics{
		chats:              counter("wolkvox_chats_total", "Chats attended by agents and closed.", perChat...),
		withinTarget:       counter("wolkvox_chat_answered_within_target_total", "Chats whose ASA is at most 30 s.", perChat...),
		customerCharacters: counter("wolkvox_chat_customer_characters_total", "Characters typed by customers.", perChat...),
		agentCharacters:    counter("wolkvox_chat_agent_characters_total", "Characters typed by agents.", perChat...),
		agentAnswers:       counter("wolkvox_chat_agent_answers_total", "Times that agents wrote to customers.", perChat...),
		asa: histogram("wolkvox_chat_asa_seconds", "Time from the start of a chat to the agent's answer.",
			5, 10, 15, 20, 25, 30, 45, 60, 90, 120, 180, 240, 300, 600, 1800, 3600),
		duration: histogram("wolkvox_chat_duration_seconds", "Time from the start of a chat to its close.",
			60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 64800, 86400, 172800),
		timeOnAgent: histogram("wolkvox_chat_time_on_agent_seconds", "Time that the agent spent on a chat.",
			30, 60, 120, 180, 300, 450, 600, 900, 1200, 1800, 3600, 7200, 14400),
		dispositions:      counter("wolkvox_chat_dispositions_total", "Chats by the code they were given.", "skill_id", "cod_act"),
		feelings:          counter("wolkvox_chat_feelings_total", "Chats by the customer's mood.", "skill_id", "feeling", "outcome"),
		lastSpeakers:      counter("wolkvox_chat_last_speakers_total", "Chats by who wrote last.", "skill_id", "participant", "outcome"),
		agentChats:        counter("wolkvox_agent_chats_total", "Chats attended by an agent.", "agent_id", "outcome"),
		agentWithinTarget: counter("wolkvox_agent_answered_within_target_total", "An agent's chats whose ASA is at most 30 s.", "agent_id", "outcome"),
		answersOfAgent:    counter("wolkvox_agent_answers_total", "Times that an agent wrote to customers.", "agent_id", "outcome"),
		charactersOfAgent: counter("wolkvox_agent_characters_total", "Characters typed by an agent.", "agent_id", "outcome"),
		agentASA:          summary("wolkvox_agent_asa_seconds", "Time from the start of an agent's chats to the answer."),
		agentTimeOnAgent:  summary("wolkvox_agent_time_on_agent_seconds", "Time that an agent spent on chats."),
		agentDuration:     summary("wolkvox_agent_chat_duration_seconds", "Time from start to close of an agent's chats."),

		conversations:          counter("wolkvox_chat_conversations_total", "Chats by who wrote.", "skill_id", "kind", "outcome"),
		openings:               counter("wolkvox_chat_openings_total", "Chats by the hour of their opening.", "skill_id", "hour"),
		agentSkillChats:        counter("wolkvox_agent_skill_chats_total", "Chats attended by an agent for a skill.", "agent_id", "skill_id", "outcome"),
		agentSkillWithinTarget: counter("wolkvox_agent_skill_answered_within_target_total", "Those whose ASA is at most 30 s.", "agent_id", "skill_id", "outcome"),
		agentCustomerSpokeLast: counter("wolkvox_agent_customer_spoke_last_total", "An agent's chats in which the customer wrote last.", "agent_id", "outcome"),
		agentNegativeFeelings:  counter("wolkvox_agent_negative_feelings_total", "An agent's chats with a negative mood.", "agent_id", "outcome"),
		agentUnanswered:        counter("wolkvox_agent_unanswered_total", "An agent's chats in which the customer alone wrote.", "agent_id", "outcome"),
	}
}

func (m *metrics) count(chat *row) {
	channel := label(strings.ToLower(chat.Channel))
	skill, agent, code := label(chat.SkillID), label(chat.AgentID), value(chat.CodAct)
	outcome := outcomeOf(code)

	m.chats.WithLabelValues(channel, skill, outcome).Inc()
	m.agentChats.WithLabelValues(agent, outcome).Inc()
	m.agentSkillChats.WithLabelValues(agent, skill, outcome).Inc()
	if asa, ok := seconds(chat.ASA); ok {
		m.asa.WithLabelValues(channel, skill, outcome).Observe(asa)
		m.agentASA.WithLabelValues(agent, outcome).Observe(asa)
		within := 0.0
		if asa <= asaTarget {
			within = 1
		}
		m.withinTarget.WithLabelValues(channel, skill, outcome).Add(within)
		m.agentWithinTarget.WithLabelValues(agent, outcome).Add(within)
		m.agentSkillWithinTarget.WithLabelValues(agent, skill, outcome).Add(within)
	}
	if duration, ok := seconds(chat.ChatDuration); ok {
		m.duration.WithLabelValues(channel, skill, outcome).Observe(duration)
		m.agentDuration.WithLabelValues(agent, outcome).Observe(duration)
	}
	if timeOnAgent, ok := seconds(chat.TimeOnAgent); ok {
		m.timeOnAgent.WithLabelValues(channel, skill, outcome).Observe(timeOnAgent)
		m.agentTimeOnAgent.WithLabelValues(agent, outcome).Observe(timeOnAgent)
	}
	if characters, ok := number(chat.CustomerCharacters); ok {
		m.customerCharacters.WithLabelValues(channel, skill, outcome).Add(characters)
	}
	if characters, ok := number(chat.AgentCharacters); ok {
		m.agentCharacters.WithLabelValues(channel, skill, outcome).Add(characters)
		m.charactersOfAgent.WithLabelValues(agent, outcome).Add(characters)
	}
	if answers, ok := number(chat.AgentAnswers); ok {
		m.agentAnswers.WithLabelValues(channel, skill, outcome).Add(answers)
		m.answersOfAgent.WithLabelValues(agent, outcome).Add(answers)
	}
	if code != "" {
		m.dispositions.WithLabelValues(skill, code).Inc()
	}
	feeling, speaker, kind := word(chat.Feeling), word(chat.LastSpeaker), kindOf(chat)
	m.feelings.WithLabelValues(skill, feeling, outcome).Inc()
	m.lastSpeakers.WithLabelValues(skill, speaker, outcome).Inc()
	m.conversations.WithLabelValues(skill, kind, outcome).Inc()
	if len(chat.Date) >= 13 {
		m.openings.WithLabelValues(skill, chat.Date[11:13]).Inc()
	}
	m.agentCustomerSpokeLast.WithLabelValues(agent, outcome).Add(one(speaker == "customer"))
	m.agentNegativeFeelings.WithLabelValues(agent, outcome).Add(one(feeling == "negative" || feeling == "very_negative"))
	m.agentUnanswered.WithLabelValues(agent, outcome).Add(one(kind == "customer_only"))
}

// kindOf tells who wrote.
func kindOf(chat *row) string {
	customer, known := number(chat.CustomerCharacters)
	agent, alsoKnown := number(chat.AgentCharacters)
	switch {
	case !known || !alsoKnown:
		return "unknown"
	case customer > 0 && agent > 0:
		return "both"
	case agent > 0:
		return "agent_only"
	case customer > 0:
		return "customer_only"
	default:
		return "none"
	}
}

func one(counts bool) float64 {
	if counts {
		return 1
	}
	return 0
}

func outcomeOf(code string) string {
	switch {
	case code == "":
		return "uncoded"
	case strings.EqualFold(code, "TIMEOUTCHAT"):
		return "timeout"
	default:
		return "coded"
	}
}

// value is a field's text, empty where the report says that there is none.
func value(text string) string {
	text = strings.TrimSpace(text)
	if text == "-" {
		return ""
	}
	return text
}

func label(text string) string {
	if text = value(text); text == "" {
		return "unknown"
	}
	return text
}

// word makes a word of the report that of a label: "very negative" becomes very_negative.
func word(text string) string {
	return strings.ReplaceAll(label(text), " ", "_")
}

func number(text string) (float64, bool) {
	number, err := strconv.ParseUint(value(text), 10, 64)
	return float64(number), err == nil
}

// seconds reads H:MM:SS.
func seconds(text string) (float64, bool) {
	hours, rest, _ := strings.Cut(value(text), ":")
	minutes, secs, found := strings.Cut(rest, ":")
	if !found {
		return 0, false
	}
	h, err1 := strconv.ParseUint(hours, 10, 32)
	m, err2 := strconv.ParseUint(minutes, 10, 32)
	s, err3 := strconv.ParseUint(secs, 10, 32)
	if err1 != nil || err2 != nil || err3 != nil {
		return 0, false
	}
	return float64(h*3600 + m*60 + s), true
}
