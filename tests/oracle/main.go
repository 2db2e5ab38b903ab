// Command oracle answers questions about cron expressions with robfig/cron, the library of the CronJob controller.
//
// It reads JSON lines and answers each with one line, in order; all are out when the input ends.
// A question is
//
//	{"expression": "*/5 * * * *", "zone": "Europe/Berlin", "after": 1774737000, "firings": 3}
//
// with instants in Unix seconds. The answer holds the error of ParseStandard, or what it read: the fields as bit sets
// (robfig's, the top bit being its star flag), or the delay of @every in seconds and, as robfig rounds it, the duration as
// written in nanoseconds; and as many firings after the instant as were asked for, fewer when robfig gives up. Zones come from $ZONEINFO first, as in every Go program.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

type question struct {
	Expression string `json:"expression"`
	Zone       string `json:"zone"`
	After      int64  `json:"after"`
	Firings    int    `json:"firings"`
}

type answer struct {
	Error    string   `json:"error,omitempty"`
	Fields   []uint64 `json:"fields,omitempty"` // minute, hour, day of month, month, day of week
	Delay    int64    `json:"delay,omitempty"`
	Duration int64    `json:"duration"`
	Firings  []int64  `json:"firings,omitempty"`
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	questions, answers := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(out)
	zones := map[string]*time.Location{"": time.UTC}
	for questions.More() {
		var asked question
		if err := questions.Decode(&asked); err != nil {
			log.Fatal(err)
		}
		zone, known := zones[asked.Zone]
		if !known {
			var err error
			if zone, err = time.LoadLocation(asked.Zone); err != nil {
				log.Fatal(err)
			}
			zones[asked.Zone] = zone
		}
		if err := answers.Encode(reply(asked, zone)); err != nil {
			log.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

func reply(asked question, zone *time.Location) (found answer) {
	// ParseStandard panics on "TZ=" without a space; so the API server recovers, too.
	defer func() {
		if panicked := recover(); panicked != nil {
			found = answer{Error: fmt.Sprint(panicked)}
		}
	}()
	schedule, err := cron.ParseStandard(asked.Expression)
	if err != nil {
		return answer{Error: err.Error()}
	}
	switch read := schedule.(type) {
	case *cron.SpecSchedule:
		found.Fields = []uint64{read.Minute, read.Hour, read.Dom, read.Month, read.Dow}
	case cron.ConstantDelaySchedule:
		written, _ := time.ParseDuration(strings.TrimPrefix(asked.Expression, "@every "))
		found.Delay, found.Duration = int64(read.Delay/time.Second), int64(written)
	}
	instant := time.Unix(asked.After, 0).In(zone)
	for range asked.Firings {
		if instant = schedule.Next(instant); instant.IsZero() {
			break
		}
		found.Firings = append(found.Firings, instant.Unix())
	}
	return found
}
