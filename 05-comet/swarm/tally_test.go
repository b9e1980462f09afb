package swarm

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/05-comet/faults"
)

// reports decodes what a tally wrote.
func reports(t *testing.T, out *bytes.Buffer) (all []report) {
	t.Helper()
	for lines := json.NewDecoder(out); ; {
		var r report
		if err := lines.Decode(&r); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
}

// Of ten clients one could not connect, one was refused, two were answered, five wait and one was never
// opened: every one of them is in the outcome, once.
func TestOutcomeAccountsForEveryClient(t *testing.T) {
	var out bytes.Buffer
	c := newTally(&assignment{Share: Share{Clients: 10}}, &out)
	c.open = 9
	for range 8 {
		c.connects()
		c.sends()
	}
	c.lost("connect: refused", false)
	c.wrong("the status is 503")
	c.answered(100)
	c.answered(200)
	c.finish()

	last := reports(t, &out)
	want := outcome{LastConnect: c.outcome.LastConnect, Lost: 7, Wrong: 1, Faults: faults.Counts{
		"connect: refused": 1, "the status is 503": 1, faultSilent: 5, faultOpen: 1}}
	if diff := cmp.Diff(&want, last[len(last)-1].Outcome); diff != "" {
		t.Errorf("the outcome (-want +got):\n%s", diff)
	}
	var answers []int64
	for _, r := range last {
		answers = append(answers, r.Answers...)
	}
	if diff := cmp.Diff([]int64{100, 200}, answers); diff != "" {
		t.Errorf("the answers (-want +got):\n%s", diff)
	}
}

// The parent waits for three moments: all that it ordered is sent, a client ended that should wait, and
// all have ended. Each is reported at once, whatever was reported a moment before.
func TestWhatTheParentWaitsForIsReportedAtOnce(t *testing.T) {
	var out bytes.Buffer
	c := newTally(&assignment{Share: Share{Clients: 3}}, &out)
	c.open = 2
	steps := []struct {
		do   func()
		want report
	}{
		{func() { c.connects(); c.sends(); c.connects(); c.sends() }, report{Connected: 2, Sent: 2}},
		{func() { c.lost("reset", true) }, report{Connected: 2, Sent: 2, Ended: 1}},
		{func() { c.open = 3; c.connects(); c.sends(); c.answered(1); c.answered(2) }, report{Connected: 3, Sent: 3, Ended: 3}},
	}
	for _, step := range steps {
		out.Reset()
		step.do()
		got := reports(t, &out)
		if len(got) == 0 {
			t.Fatalf("nothing was reported; want %+v", step.want)
		}
		if diff := cmp.Diff(step.want, got[len(got)-1]); diff != "" {
			t.Errorf("the newest report (-want +got):\n%s", diff)
		}
	}
}

// A connection that fails before its request is sent does not let the parent wait for that request.
func TestAFailedConnectIsNotWaitedFor(t *testing.T) {
	var out bytes.Buffer
	c := newTally(&assignment{Share: Share{Clients: 2}}, &out)
	c.open = 2
	c.lost("connect: refused", false)
	out.Reset()
	c.connects()
	c.sends()
	if got := reports(t, &out); len(got) != 1 || got[0].Sent != 1 || got[0].Ended != 1 {
		t.Errorf("reported %+v; want one report that all is settled", got)
	}
}

func TestOutcomesAreJoined(t *testing.T) {
	var all outcome
	all.add(&outcome{LastConnect: 7, Lost: 1, Wrong: 2, Faults: faults.Counts{"a": 3}})
	all.add(&outcome{LastConnect: 5, Lost: 10, Wrong: 20, Faults: faults.Counts{"a": 30, "b": 1}})
	if diff := cmp.Diff(outcome{LastConnect: 7, Lost: 11, Wrong: 22, Faults: faults.Counts{"a": 33, "b": 1}}, all); diff != "" {
		t.Errorf("two outcomes together (-want +got):\n%s", diff)
	}
}
