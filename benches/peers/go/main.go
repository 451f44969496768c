// Command peer polls the chat_1 report, counts each chat once and serves /metrics: what a plain exporter with
// encoding/json and client_golang costs, to compare wolkvox-exporter with. It keeps no state.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type answer struct {
	Code string `json:"code"`
	Msg  string `json:"msg"`
	Data []row  `json:"data"`
}

// row has the fields that are counted; encoding/json skips the others.
type row struct {
	ConnID             string `json:"conn_id"`
	Channel            string `json:"channel"`
	Date               string `json:"date"`
	TimeOnAgent        string `json:"time_on_agent"`
	ChatDuration       string `json:"chat_duration"`
	ASA                string `json:"ASA"`
	CustomerCharacters string `json:"customer_chars"`
	AgentCharacters    string `json:"agent_chars"`
	AgentAnswers       string `json:"agent_anwers "` // The vendor's spelling.
	AgentID            string `json:"agent_id"`
	SkillID            string `json:"skill_id"`
	CodAct             string `json:"cod_act"`
	LastSpeaker        string `json:"last_participant_who_spoke"`
	Feeling            string `json:"feeling"`
}

type poller struct {
	base    string
	token   string
	window  time.Duration
	metrics *metrics
	seen    map[string]struct{}
}

func (p *poller) ask() (answer, error) {
	var report answer
	now := time.Now()
	query := url.Values{
		"api":      {"chat_1"},
		"date_ini": {now.Add(-p.window).Format("20060102150405")},
		"date_end": {now.Format("20060102150405")},
	}
	request, err := http.NewRequest(http.MethodGet, p.base+"/api/v2/reports_manager.php?"+query.Encode(), nil)
	if err != nil {
		return report, err
	}
	request.Header.Set("wolkvox-token", p.token)
	// The transport asks for gzip by itself, and unpacks it.
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return report, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return report, fmt.Errorf("HTTP status %d", response.StatusCode)
	}
	err = json.NewDecoder(response.Body).Decode(&report)
	return report, err
}

func (p *poller) poll() {
	report, err := p.ask()
	if err != nil {
		log.Printf("poll failed: %v", err)
		return
	}
	added := 0
	for i := range report.Data {
		chat := &report.Data[i]
		if _, known := p.seen[chat.ConnID]; known {
			continue
		}
		p.seen[chat.ConnID] = struct{}{}
		p.metrics.count(chat)
		added++
	}
	log.Printf("poll: %d new chats of %d rows", added, len(report.Data))
}

func main() {
	base := flag.String("base-url", "", "scheme, host and port of the server")
	listen := flag.String("listen", "127.0.0.1:0", "address and port of /metrics")
	interval := flag.Duration("interval", 5*time.Minute, "time between two polls")
	window := flag.Duration("window", 30*time.Minute, "how far each poll reaches back")
	flag.Parse()

	p := &poller{
		base:    *base,
		token:   os.Getenv("WOLKVOX_TOKEN"),
		window:  *window,
		metrics: newMetrics("bench"),
		seen:    make(map[string]struct{}),
	}
	http.Handle("/metrics", promhttp.Handler())
	go func() { log.Fatal(http.ListenAndServe(*listen, nil)) }()
	ticker := time.NewTicker(*interval)
	for {
		p.poll()
		<-ticker.C
	}
}
