package comet

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/05-comet/hub"
	"example.com/c10k/05-comet/sequencer"
)

// topicsMost is how many topics one request may name. A browser has six connections to a server, so one
// has to carry many topics; each costs a place in a list.
const topicsMost = 16

// A query is what a client asks for: a copy, because the request is lent.
type query struct {
	topics hub.Topics
	cursor hub.Cursor   // zero: none was sent
	until  time.Time    // how long a long poll may wait
	allow  []http1.Pair // what lets the client's page read the answer
}

// parse reads topic=a&topic=b&since=E-N. Other names are ignored, as libraries add theirs.
func (q *query) parse(raw string) (err error) {
	var names []string
	for raw != "" {
		var field string
		field, raw, _ = strings.Cut(raw, "&")
		name, value, _ := strings.Cut(field, "=")
		if strings.ContainsAny(value, "%+") {
			if value, err = url.QueryUnescape(value); err != nil {
				return fmt.Errorf("%s: a percent sign is followed by two hexadecimal digits", name)
			}
		}
		switch name {
		case "topic":
			if !sequencer.IsTopic(value) {
				return fmt.Errorf("topic: %s", topicRule)
			}
			names = append(names, value)
		case "since":
			if q.cursor, err = parseCursor(value); err != nil {
				return err
			}
		}
		if len(names) > topicsMost {
			return fmt.Errorf("topic: at most %d in a request", topicsMost)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("topic: name at least one, as in ?topic=news")
	}
	q.topics = hub.NewTopics(names)
	return nil
}

const topicRule = "1 to 64 of A-Z a-z 0-9 . _ -"

// parseCursor reads E-N: the epoch, which is not 0, and a number.
func parseCursor(s string) (hub.Cursor, error) {
	epoch, number, found := strings.Cut(s, "-")
	e, err1 := strconv.ParseUint(epoch, 10, 64)
	n, err2 := strconv.ParseUint(number, 10, 64)
	if !found || err1 != nil || err2 != nil || e == 0 {
		return hub.Cursor{}, fmt.Errorf("since: write EPOCH-NUMBER, as in the last answer: since=%d-%d", 1234, 56)
	}
	return hub.Cursor{Epoch: e, Number: n}, nil
}

func appendCursor(dst []byte, c hub.Cursor) []byte {
	dst = strconv.AppendUint(dst, c.Epoch, 10)
	return strconv.AppendUint(append(dst, '-'), c.Number, 10)
}

// listening is what /events and /stream begin with: what is asked for, and what further says to that. It is done
// aside because little else needs as much stack, and many wait afterwards.
//
//go:noinline
func (f *face) listening(r *http1.Request, further func(*query) *http1.Response) (q *query, refusal *http1.Response) {
	strand.Aside(f.Model, func() {
		if q, refusal = f.query(r); refusal == nil {
			refusal = further(q)
		}
	})
	return q, refusal
}

func (f *face) query(r *http1.Request) (*query, *http1.Response) {
	if string(r.Method) == "OPTIONS" {
		return nil, f.preflight(r, "GET")
	}
	q := &query{allow: f.allowed(r)}
	if err := q.parse(string(r.Query())); err != nil {
		return nil, says(400, err.Error(), q.allow...)
	}
	return q, nil
}
