package audience

import (
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/c10k/05-comet/swarm"
)

func TestMain(m *testing.M) {
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0") // or each child takes a second more to end, under -race
	if IsChild() {
		os.Exit(Child(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// runAt lets an audience follow a server that may be wrong, for a short time.
func runAt(t *testing.T, url string, patience time.Duration, change func(*Options)) *Result {
	t.Helper()
	o := Options{URL: url, Processes: 2, Topics: 2, Publishers: 2, Rate: 60, Time: 1500 * time.Millisecond}
	change(&o)
	if err := o.Check(); err != nil {
		t.Fatal(err)
	}
	addr, host, err := swarm.Resolve(t.Context(), o.URL)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := swarm.NewPlan(o.Pollers+o.Streams, o.Processes, swarm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	o.Progress = t.Output()
	r := newRun(o, host, plan)
	r.assign.Target, r.patience = addr.String(), patience
	result, err := r.whole(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// The account sees what is wrong with a server, and only that.
func TestAWrongServerIsCaught(t *testing.T) {
	const enough, short = 60 * time.Second, 3 * time.Second // short where somebody will never have everything
	pollers := func(o *Options) { o.Pollers = 6 }
	streams := func(o *Options) { o.Streams = 6 }
	ofOneTopic := func(o *Options) { o.Pollers, o.Topics, o.Publishers = 6, 1, 1 } // so that the next number is theirs
	for _, test := range []struct {
		fault    string
		clients  func(*Options)
		patience time.Duration
		caught   func(r *Result) bool
	}{
		{right, pollers, enough, (*Result).OK},
		{right, streams, enough, func(r *Result) bool { return r.OK() && len(r.Faults) == 0 }}, // streams end, and in order
		{loses, pollers, enough, func(r *Result) bool { return r.Lost == 1 && r.Doubled == 0 }},
		{loses, streams, enough, func(r *Result) bool { return r.Lost == 1 && r.Doubled == 0 }},
		{doubles, pollers, enough, func(r *Result) bool { return r.Lost == 0 && r.Doubled == 1 }},
		{doubles, streams, enough, func(r *Result) bool { return r.Lost == 0 && r.Doubled == 1 }},
		{nextIsAfter, ofOneTopic, short, func(r *Result) bool { return r.Lost > 0 }},
		{replays, pollers, enough, func(r *Result) bool { return r.Lost == 0 && r.Doubled > 0 }},
		{replays, streams, enough, func(r *Result) bool { return r.Lost == 0 && r.Doubled > 0 }},
		{mixes, pollers, enough, func(r *Result) bool { return r.Foreign > 0 }},
		{breaksOff, streams, enough, func(r *Result) bool { return r.OK() && r.Faults[errCutOff.Error()] > 0 }},
		{denies, pollers, enough, func(r *Result) bool { return r.OK() && r.Doubtful == 1 && r.Unpublished == 0 }},
	} {
		t.Run(test.fault, func(t *testing.T) {
			t.Parallel() // most of the time everybody waits
			r := runAt(t, newTinyServer(t, test.fault).URL, test.patience, test.clients)
			if !test.caught(r) || r.OK() != slices.Contains([]string{right, denies, breaksOff}, test.fault) {
				t.Errorf("%+v", r)
			}
			if r.Published < 20 || r.Sent != 6/r.Topics*(r.Published+r.Doubtful-r.Unpublished) {
				t.Errorf("6 clients for all topics, %d messages published, %d in doubt, and %d sent", r.Published, r.Doubtful, r.Sent)
			}
		})
	}
}

// Whoever is not back after a signal is missed: here the server that is sent it is another one.
func TestWhoIsNotBackAfterASignalIsMissed(t *testing.T) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGHUP)
	defer signal.Stop(told)
	o := Options{URL: newTinyServer(t, right).URL, PID: os.Getpid(), Signals: []syscall.Signal{syscall.SIGHUP},
		Pollers: 4, Topics: 1, Publishers: 1, Rate: 50, Time: 100 * time.Millisecond, Progress: t.Output()}
	addr, host, err := swarm.Resolve(t.Context(), o.URL)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := swarm.NewPlan(o.Pollers, 1, swarm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(o, host, plan)
	r.assign.Target, r.patience = addr.String(), time.Second
	if _, err := r.whole(t.Context()); err == nil || !strings.Contains(err.Error(), "4 of 4 clients are not back") {
		t.Errorf("the error is %v", err)
	}
	<-told
}
