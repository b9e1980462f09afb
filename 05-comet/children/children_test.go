package children

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/c10k/03-coroutines/coro"
)

// childVariable makes this test program a child.
const childVariable = "C10K_CHILDREN_TEST_CHILD"

// patience is how long anything here is waited for.
const patience = 30 * time.Second

type (
	assignment struct{ Name string }
	order      struct {
		Say string // report this
		End int    // end at once with this exit status
	}
	report struct{ Name, Said string }
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(Child(os.Stdin, assign))
	}
	os.Exit(m.Run())
}

// assign makes a child that reports that its first coroutine has run, and then says what it is ordered to say.
func assign(_ *coro.Scheduler, a assignment) (Duty[order], error) {
	out := json.NewEncoder(os.Stdout)
	return Duty[order]{
		Main: func() { out.Encode(report{a.Name, "runs"}) },
		Obey: func(o order) {
			if o.End > 0 {
				os.Exit(o.End)
			}
			out.Encode(report{a.Name, o.Say})
		},
	}, nil
}

func startTwo(t *testing.T) *Crowd[order, report] {
	t.Helper()
	c, err := Start[assignment, order, report](childVariable, []assignment{{"anna"}, {"berta"}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// heard waits for news that are as they are wanted, whatever comes before them.
func heard(t *testing.T, c *Crowd[order, report], what string, wanted func(News[report]) bool) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case n := <-c.News:
			if wanted(n) {
				return
			}
		case <-late:
			t.Fatalf("no news within %v: %s", patience, what)
		}
	}
}

// A child has its own assignment, and an order reaches the one that it is for, also when its coroutines have ended.
func TestOrdersAndReports(t *testing.T) {
	c := startTwo(t)
	defer c.Stop()
	names := []string{"anna", "berta"}
	said := map[string]int{}
	heard(t, c, "both run", func(n News[report]) bool {
		if n.End != nil || n.Report != (report{names[n.From], "runs"}) {
			t.Errorf("before any order the news is %+v", n)
		}
		said[n.Report.Name]++
		return len(said) == 2
	})
	c.Order(1, order{Say: "hello"})
	heard(t, c, "berta says hello", func(n News[report]) bool {
		if n != (News[report]{From: 1, Report: report{"berta", "hello"}}) {
			t.Errorf("berta was ordered to say hello, and the next news is %+v", n)
		}
		return true
	})
}

// A child's death is news, with its number and its status; the others live, and an order to the dead one does nothing.
func TestDeathIsNews(t *testing.T) {
	c := startTwo(t)
	defer c.Stop()
	c.Order(0, order{End: 7})
	heard(t, c, "anna ended", func(n News[report]) bool {
		if n.End != nil && (n.From != 0 || n.End.Error() != "exit status 7") {
			t.Errorf("anna was told to end with status 7, and the news is %+v", n)
		}
		return n.End != nil
	})
	c.Order(0, order{Say: "hello"})
	c.Order(1, order{Say: "still here"})
	heard(t, c, "berta is still here", func(n News[report]) bool { return n.From == 1 && n.Report.Said == "still here" })
}

// Stop ends the children even if nobody reads what they say, and leaves no process behind.
func TestStop(t *testing.T) {
	c := startTwo(t)
	for range 10 * newsBound {
		c.Order(0, order{Say: "nobody hears this"})
	}
	stopped := make(chan struct{})
	go func() { c.Stop(); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(patience):
		t.Fatalf("Stop did not return within %v", patience)
	}
	for number, kid := range c.children {
		if kid.command.ProcessState == nil {
			t.Errorf("child %d was not waited for", number)
		} else if !kid.command.ProcessState.Success() {
			t.Errorf("child %d ended with %v, and not by itself", number, kid.command.ProcessState)
		}
	}
}

// Who starts such a process by hand is told what to do.
func TestChildWithoutAnAssignment(t *testing.T) {
	if status := Child(strings.NewReader("hello\n"), assign); status != 2 {
		t.Errorf("without an assignment the exit status is %d, want 2", status)
	}
}
