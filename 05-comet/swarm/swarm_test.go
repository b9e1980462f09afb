package swarm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/05-comet/faults"
)

// The swarm's children are this test program again.
func TestMain(m *testing.M) {
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0") // or each child takes a second more to end, under -race
	switch {
	case IsChild():
		os.Exit(Child(os.Stdin, os.Stdout))
	case os.Getenv(roleVariable) != "":
		playRole(os.Getenv(roleVariable))
	}
	os.Exit(m.Run())
}

// patience is the time-out of runs that must not need it.
const patience = 2 * time.Minute

// A testRun is a run whose time is over when the test says so, and not before.
type testRun struct {
	*run
	mu       sync.Mutex
	over     context.CancelFunc // ends the phase that is under way
	notified chan struct{}      // closed when the notifier has its answer
	text     strings.Builder    // the progress
}

func newTestRun(t *testing.T, server *cometServer, n, processes int, limits Limits) *testRun {
	t.Helper()
	target, err := resolve(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := NewPlan(n, processes, limits)
	if err != nil {
		t.Fatal(err)
	}
	r := &testRun{notified: make(chan struct{})}
	r.run = newRun(Options{Clients: n, Timeout: patience, Progress: r}, target, plan)
	r.limit = func(ctx context.Context) (context.Context, context.CancelFunc) {
		r.mu.Lock()
		defer r.mu.Unlock()
		ctx, r.over = context.WithTimeout(ctx, patience)
		return ctx, r.over
	}
	return r
}

// Write takes the progress.
func (r *testRun) Write(b []byte) (int, error) {
	if string(b) == "swarm: notified\n" {
		close(r.notified)
	}
	return r.text.Write(b)
}

// timeIsOver ends the phase that is under way.
func (r *testRun) timeIsOver() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over()
}

func TestEveryClientIsAnswered(t *testing.T) {
	for _, test := range []struct{ clients, processes int }{{1, 1}, {300, 1}, {2500, 3}} {
		t.Run(fmt.Sprintf("%d in %d", test.clients, test.processes), func(t *testing.T) {
			server := newCometServer(t)
			var progress strings.Builder
			r, err := Run(t.Context(), Options{URL: server.URL, Clients: test.clients, Processes: test.processes, Timeout: patience, Progress: &progress})
			if err != nil {
				t.Fatalf("%v\n%s", err, progress.String())
			}
			if !r.OK() || r.Lost != 0 || r.Wrong != 0 {
				t.Errorf("lost %d, wrong %d: %s", r.Lost, r.Wrong, Describe(r.Faults))
			}
			if r.Clients != test.clients || r.Processes != test.processes || r.Notified != fmt.Sprint(test.clients) {
				t.Errorf("%d clients in %d processes, and the notifier got %s", r.Clients, r.Processes, r.Notified)
			}
			steps := []float64{0, r.Connect, r.Park, r.Park + r.First, r.Park + r.Median, r.Park + r.P99, r.Park + r.Last, r.Total}
			for i := range steps[1:] {
				if steps[i] > steps[i+1] {
					t.Errorf("step %d of %.3f ms comes before the one before it", i+1, steps)
				}
			}
			if r.First <= 0 || r.Connect <= 0 {
				t.Errorf("the steps take %.3f ms: nothing is for nothing", steps)
			}
		})
	}
}

// Every way to be wrong is seen, counted, and called by its name.
func TestWrongServersAreFound(t *testing.T) {
	const n = 20
	only := func(nth int, body string) func(int, int) string {
		return func(i, of int) string {
			if i == nth {
				return body
			}
			return fmt.Sprint(of)
		}
	}
	for _, test := range []struct {
		name        string
		breaks      func(*cometServer)
		lost, wrong int
		faults      faults.Counts
	}{
		{"loses one", func(s *cometServer) { s.answer = only(7, silence) }, 1, 0, faults.Counts{"no answer in time": 1}},
		{"answers nobody", func(s *cometServer) { s.answer = func(int, int) string { return silence } }, n, 0,
			faults.Counts{"no answer in time": n}},
		{"hangs up on one", func(s *cometServer) { s.answer = only(0, hangUp) }, 1, 0, faults.Counts{"closed without an answer": 1}},
		{"tells one something else", func(s *cometServer) { s.answer = only(n-1, "19") }, 0, 1, faults.Counts{`the body is "19" instead of "20"`: 1}},
		{"tells one nothing", func(s *cometServer) { s.answer = only(3, "") }, 0, 1, faults.Counts{`the body is "" instead of "20"`: 1}},
		{"miscounts to all", func(s *cometServer) { s.answer = func(_, n int) string { return fmt.Sprint(n + 1) } }, 0, n,
			faults.Counts{`the body is "21" instead of "20"`: n}},
		{"tells the notifier something else", func(s *cometServer) { s.notified = func(int) string { return "0" } }, 0, 0,
			faults.Counts{`the notifier got "0" instead of "20"`: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := newCometServer(t, test.breaks)
			run := newTestRun(t, server, n, 2, Limits{})
			if silent := test.faults[faultSilent]; silent > 0 {
				go func() { // the time is over when all others have their answer
					<-run.notified
					server.untilRead(n - silent)
					run.timeIsOver()
				}()
			}
			r, err := run.whole(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if r.OK() {
				t.Error("the result is called good")
			}
			if r.Lost != test.lost || r.Wrong != test.wrong {
				t.Errorf("lost %d and wrong %d, want %d and %d", r.Lost, r.Wrong, test.lost, test.wrong)
			}
			if diff := cmp.Diff(test.faults, r.Faults); diff != "" {
				t.Errorf("the faults (-want +got):\n%s", diff)
			}
		})
	}
}

// A right answer is right in every framing that HTTP/1 has, and half of one is not.
func TestAnswersInEveryFraming(t *testing.T) {
	answers := []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n6",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n6\r\n0\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\n6",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n6",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n6",
		"HTTP/1.1 200",
	}
	server := newCometServer(t, func(s *cometServer) {
		s.answer = func(nth, _ int) string { return answers[nth] }
	})
	r, err := Run(t.Context(), Options{URL: server.URL, Clients: len(answers), Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	if r.Wrong != 2 || r.Lost != 0 || !strings.Contains(Describe(r.Faults), "2: the answer is not good HTTP") {
		t.Errorf("wrong %d, lost %d (%s); want the two that end too early", r.Wrong, r.Lost, Describe(r.Faults))
	}
}

// When parking fails there is no result, and the error names what is missing.
func TestParkingThatFailsSaysWhatIsMissing(t *testing.T) {
	for _, test := range []struct {
		name   string
		breaks func(*cometServer)
		want   string
	}{
		{"does not let wait", func(s *cometServer) { s.wait = func() string { return "20" } }, "before anybody notified"},
		{"refuses", func(s *cometServer) {
			s.wait = func() string { return "HTTP/1.1 503 Full\r\nContent-Length: 0\r\n\r\n" }
		}, "the status is 503"},
		{"hangs up", func(s *cometServer) { s.wait = func() string { return hangUp } }, "closed without an answer"},
		{"forgets one", func(s *cometServer) { s.count = func(n int) int { return min(n, 19) } }, "1 waiter missing"},
		{"knows one too many", func(s *cometServer) {
			s.count = func(n int) int { return n + n/20 }
		}, "somebody else uses this server"},
		{"counts others", func(s *cometServer) { s.count = func(int) int { return 3 } }, "3 clients wait"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := newCometServer(t, test.breaks)
			run := newTestRun(t, server, 20, 1, Limits{})
			if test.name == "forgets one" {
				go func() { // the time is over when the server was asked again, and said the same
					server.untilCounted(19, 3)
					run.timeIsOver()
				}()
			}
			r, err := run.whole(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the result is %+v, and the error %v; want one line with %q", r, err, test.want)
			}
		})
	}
}

// More clients than one address has ports for cannot be run here in a test; connecting from two can.
func TestClientsConnectFromSeveralAddresses(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only on Linux is every 127.0.0.x an address without configuration: run this there")
	}
	server := newCometServer(t)
	r, err := newTestRun(t, server, 30, 0, Limits{Ports: PortReserve + 12, Sources: 5}).whole(t.Context())
	if err != nil || !r.OK() || r.Sources != 3 {
		t.Fatalf("%+v, %v", r, err)
	}
	if diff := cmp.Diff(map[string]int{"127.0.0.1": 12, "127.0.0.2": 12, "127.0.0.3": 6}, server.from); diff != "" {
		t.Errorf("clients by address (-want +got):\n%s", diff)
	}
}

func TestTimeoutIsKept(t *testing.T) {
	server := newCometServer(t)
	if r, err := Run(t.Context(), Options{URL: server.URL, Clients: 1, Timeout: 1}); err == nil || !strings.Contains(err.Error(), "in time") {
		t.Errorf("%+v, %v; want an error after a nanosecond", r, err)
	}
}

func TestInterruptEndsTheRun(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	// It goes on until it is interrupted, because one is never counted.
	server := newCometServer(t, func(s *cometServer) { s.count = func(n int) int { return min(n, 19) } })
	go func() {
		server.untilParked(20)
		interrupt()
	}()
	if r, err := Run(ctx, Options{URL: server.URL, Clients: 20, Timeout: patience}); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v; want the context's error", r, err)
	}
}
