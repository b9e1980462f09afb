package conform

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The correct specimen passes everything that there is: no two cases contradict each other.
func TestSpecimen(t *testing.T) {
	everything := make([]string, 0, len(Groups))
	for _, g := range Groups {
		everything = append(everything, g.Name)
	}
	for _, round := range (Stage{Apps: []string{"hello", "echo", "comet"}, Groups: everything}).Rounds() {
		t.Run(round.name(), func(t *testing.T) {
			s := &specimen{app: round.App}
			if round.Timeouts {
				s.header, s.request, s.idle = 300*time.Millisecond, 500*time.Millisecond, 300*time.Millisecond
			}
			Test(t, Target{URL: s.start(t), App: round.App, Groups: round.Groups, OnlyApp: round.OnlyApp})
		})
	}
}

// The zoo: servers with one fault each, and the cases that must not let them pass.
var zoo = []struct {
	fault string
	kills string // titles; "strict/*" is all of a group
	says  string // what the failure tells, in its expectation or in what came; "a|b": one of them will do
}{
	{"speaks-1.0", "http/get", "HTTP/1.0"},
	{"line-end-in-bodies", "http/hello echo/methods comet/nobody", `\n`},
	{"local-date", "http/date", "UTC"},
	{"body-after-head", "http/head", "not with HTTP/1.1"},
	{"names-in-one-case", "http/field-names-in-any-case", "closes the connection"},
	{"no-absolute-form", "http/absolute-form comet/absolute", "400"},
	{"keeps-old-clients", "http/http-1.0", "closes the connection in order"},
	{"closes-old-clients", "http/http-1.0-keep-alive", "keep-alive"},
	{"closes-always", "http/keep-alive http/pipelining-*", "closed the connection"},
	{"ignores-close", "http/close", "Connection: close"},
	{"ignores-close", "http/close-ignores-the-rest", "no byte more"},
	{"end-drops-answers", "half-close/*", "closed the connection"},
	{"drops-the-rest", "http/pipelining-* http/one-and-a-half", ""},
	{"swaps-pipelined", "http/pipelining-in-order", "/0 via"},
	{"dies-of-a-reset", "http/reset-harms-nobody", "connection"},
	{"one-at-a-time", "http/slow-neighbour http/fifty-at-once", "nothing more came"},
	{"a-read-is-a-request", "http/byte-by-byte http/split-anywhere http/one-and-a-half", "400"},
	{"a-read-is-a-request", "comet/waiter-in-pieces", "no answer yet|open connection|to count 1|takes the request"},
	{"confused-by-pieces", "http/byte-by-byte http/split-anywhere", "same answer"},
	{"ignores-bodies", "http/body-is-no-request http/body http/large-body echo/bodies", ""},
	{"no-empty-lines", "http/line-end-after-body strict/empty-line-first", "400"},
	{"answers-at-the-head", "http/body-after-head", "no answer yet|405"},
	{"small-bodies", "http/large-body limits/largest-body", "413"},
	{"takes-cut-bodies", "http/body-cut-short", "200"},
	{"never-continues", "http/continue chunked/chunks-after-continue", "nothing more came"},
	{"continues-for-old-clients", "http/continue-not-for-1.0", "no answer yet|status 100"},
	{"no-chunks", "chunked/*", "501"},
	{"lenient", "strict/*", "200"},
	{"refuses-and-stays", "strict/*", "close"},
	{"small-heads", "limits/largest-head", "431"},
	{"endless-heads", "limits/head-too-large limits/request-line-too-large", "nothing more came"},
	{"few-fields", "limits/most-fields", "431"},
	{"any-fields", "limits/too-many-fields", "431"},
	{"any-body", "limits/body-too-large limits/no-continue-for-too-much limits/chunks-too-large", ""},
	{"no-budget", "budget/*", "again and again"},
	{"budget-never-given-back", "budget/*", "another status than 503"},
	{"decodes-targets", "echo/target-as-sent", "%20"},
	{"405-without-allow", "echo/other-methods comet/methods", "Allow"},
	{"waits-for-nobody", "comet/wait comet/all", ""},
	{"wakes-one", "comet/all", "nothing more came"},
	{"waits-once", "comet/again comet/next-round", "to count"},
	{"keeps-a-notify", "comet/notify-is-not-kept comet/next-round", ""},
	{"get-only", "comet/post", "405"},
	{"query-in-path", "comet/query", "to count"},
	{"any-method", "comet/methods", "nothing more came"},
	{"forgets-nobody", "comet/pipelined-notifier comet/wait", "the number 0"},
	{"drops-what-came-meanwhile", "comet/pipelined-waiter", "nothing more came"},
	{"forgets-close", "comet/wait-and-close", "closes the connection in order"},
	{"404-elsewhere", "paths/*", "404"},
	{"never-notices", "departure/*", "to count"},
	{"no-bound-while-waiting", "departure/flood", "to count 0"},
	{"bytes-hide-the-end", "departure/close-behind-a-byte departure/reset-behind-a-byte departure/close-behind-a-request", "to count 0"},
	{"half-close-is-waiting", "departure/half-close", "to count 0"},
	{"endless-patience", "timeouts/silent timeouts/half-a-head timeouts/head-byte-by-byte timeouts/body-missing timeouts/body-byte-by-byte timeouts/idle timeouts/half-a-head-later", ""},
	{"a-byte-is-enough", "timeouts/head-byte-by-byte timeouts/body-byte-by-byte", "408"},
	{"mute-at-the-end", "timeouts/half-a-head timeouts/body-missing timeouts/half-a-head-later", "closed the connection"},
	{"408-to-the-silent", "timeouts/silent timeouts/idle", "408"},
	{"waiting-is-idle", "timeouts/waiting-is-not-idle", "closed the connection"},
}

// Every animal of the zoo is caught by the cases that are there for it, and for the right reason. Most of
// them are waited for, so all are visited at once and reported one by one.
func TestZoo(t *testing.T) {
	type visitor struct {
		name, says string
		c          Case
		failure    *Failure
	}
	var visitors []*visitor
	var visits sync.WaitGroup
	room := make(chan struct{}, 64) // of them at a time, so that a descriptor limit of 1024 is enough
	for _, animal := range zoo {
		for _, c := range Cases() {
			if !among(c, animal.kills) {
				continue
			}
			v := &visitor{name: animal.fault + "/" + c.Title(), says: animal.says, c: c}
			visitors = append(visitors, v)
			target := specimenFor(t, animal.fault, c)
			visits.Go(func() {
				room <- struct{}{}
				v.failure = target.play(c)
				<-room
			})
		}
	}
	visits.Wait()
	for _, v := range visitors {
		t.Run(v.name, func(t *testing.T) {
			if v.failure == nil {
				t.Fatal("this server passed")
			}
			all := v.failure.Expected + " / " + v.failure.Got
			if !slices.ContainsFunc(strings.Split(v.says, "|"), func(s string) bool { return strings.Contains(all, s) }) {
				t.Errorf("it failed for another reason; wanted %q in\n%s", v.says, Report(v.c, v.failure))
			}
		})
	}
}

// specimenFor starts a server with a fault, for one case.
func specimenFor(t *testing.T, fault string, c Case) Target {
	s := &specimen{app: c.App, fault: fault}
	if s.app == "" {
		s.app = "hello"
	}
	if c.Group == "timeouts" {
		s.header, s.request, s.idle = 400*time.Millisecond, 400*time.Millisecond, 400*time.Millisecond
	}
	// A pause that is long enough for the specimen to see a piece, while sixty others are visited.
	patience := Patience{Now: time.Now, Wait: 1500 * time.Millisecond, Pause: 20 * time.Millisecond}
	target, err := Target{URL: s.start(t), Patience: patience}.complete()
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// Every case has an animal that it catches, and no pattern of the zoo is empty: a case that nothing
// fails proves nothing.
func TestEveryCaseCatchesSomething(t *testing.T) {
	cases := Cases()
	for _, c := range cases {
		if !slices.ContainsFunc(zoo, func(a struct{ fault, kills, says string }) bool { return among(c, a.kills) }) {
			t.Errorf("%s: no server of the zoo fails it", c.Title())
		}
	}
	for _, animal := range zoo {
		for pattern := range strings.FieldsSeq(animal.kills) {
			if !slices.ContainsFunc(cases, func(c Case) bool { return among(c, pattern) }) {
				t.Errorf("%s is to be caught by %s, and there is no such case", animal.fault, pattern)
			}
		}
	}
}

// among tells whether a case is named; a pattern may end with *. The one thing that the strict group
// forgives is not among its refusals.
func among(c Case, patterns string) bool {
	for pattern := range strings.FieldsSeq(patterns) {
		stem, many := strings.CutSuffix(pattern, "*")
		if c.Title() == pattern || many && strings.HasPrefix(c.Title(), stem) && c.Name != "empty-line-first" {
			return true
		}
	}
	return false
}
