package conform

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// fewest is an answer to the exercise in one process: its workers are numbers, and fault is what is wrong with it.
type fewest struct {
	fault string

	sync.Mutex
	open []int // connections of each worker, as the master counts them
	next int
	has  map[net.Conn]int
}

type workerKey struct{}

// accepted chooses a worker for a connection.
func (f *fewest) accepted(ctx context.Context, c net.Conn) context.Context {
	f.Lock()
	defer f.Unlock()
	chosen := 0
	switch f.fault {
	case "first-that-rests": // when the next one comes, the last one was taken long ago
	case "in-turns":
		chosen, f.next = f.next, (f.next+1)%len(f.open)
	default:
		for worker, open := range f.open {
			if open < f.open[chosen] {
				chosen = worker
			}
		}
	}
	f.open[chosen]++
	f.has[c] = chosen
	return context.WithValue(ctx, workerKey{}, chosen)
}

// changed hears of the end of a connection.
func (f *fewest) changed(c net.Conn, state http.ConnState) {
	if state != http.StateClosed {
		return
	}
	f.Lock()
	defer f.Unlock()
	switch f.fault {
	case "never-over":
	case "over-twice":
		f.open[f.has[c]] -= 2
	default:
		f.open[f.has[c]]--
	}
}

// A master that counts right passes, and one that does not is seen.
func TestFewestConnections(t *testing.T) {
	for _, fault := range []string{"", "in-turns", "first-that-rests", "never-over", "over-twice"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			f := &fewest{fault: fault, open: make([]int, 3), has: map[net.Conn]int{}}
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, 1000+r.Context().Value(workerKey{}).(int))
			}))
			server.Config.ConnContext, server.Config.ConnState = f.accepted, f.changed
			server.Start()
			defer server.Close()
			patience := DefaultPatience
			if fault != "" {
				patience.Wait = 500 * time.Millisecond
			}
			results, err := Grade(Target{URL: server.URL, App: "pid", Groups: []string{"exercise"}, Patience: patience})
			if err != nil {
				t.Fatal(err)
			}
			cases := 0
			for result := range results {
				cases++
				if result.Failure != nil && fault == "" {
					t.Error(Report(result.Case, result.Failure))
				}
				if result.Failure == nil && fault != "" {
					t.Errorf("%s does not see it", result.Case.Title())
				}
			}
			if cases != 1 {
				t.Errorf("%d cases were played, want 1", cases)
			}
		})
	}
}
