package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// Ninety times as many idle descriptors make a Wait of poll and select dear and leave that of epoll and kqueue
// alone. The bounds lie far from both: a line gives a factor of thirty and more, a flat one gives 1. The least
// of the rounds is compared, as a busy machine only ever adds to a time.
func TestTwoLinesAndOneFlatOne(t *testing.T) {
	const short, long, bound = 10, 900, 6
	if sock.DescriptorLimit() < long+few {
		t.Skip("this process may open too few descriptors to tell a line from a flat one: raise ulimit -n to 1024")
	}
	costs, err := run([]int{short, long}, 5)
	if err != nil {
		t.Fatal(err)
	}
	least := map[string]map[int]float64{}
	for _, c := range costs {
		if least[c.poller] == nil {
			least[c.poller] = map[int]float64{}
		}
		least[c.poller][c.idle] = slices.Min(c.microseconds)
	}
	for _, name := range poll.Names() {
		factor := least[name][long] / least[name][short]
		t.Logf("%s: %.2f µs, then %.2f µs", name, least[name][short], least[name][long])
		if line := name == "poll" || name == "select"; line != (factor > bound) {
			t.Errorf("%s: a Wait costs %.1f times as much beside %d idle descriptors as beside %d", name, factor, long, short)
		}
	}
}

func TestCommand(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/02-selectors/cmd/waitcost")
	file := filepath.Join(t.TempDir(), "wait.json")
	said, err := exec.Command(program, "-rounds", "1", "-json", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if !strings.Contains(string(said), "beyond its end") {
		t.Errorf("the table does not show select's end:\n%s", said)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var result struct {
		Measurements []struct {
			Subject string
			At      float64
			Values  []float64
		}
	}
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	subjects := map[string]bool{}
	for _, m := range result.Measurements {
		subjects[m.Subject] = true
		if len(m.Values) != 1 || m.Values[0] <= 0 || m.Subject == "select" && m.At >= poll.SelectLimit {
			t.Errorf("%+v", m)
		}
	}
	if len(subjects) != len(poll.Names()) {
		t.Errorf("measured %v, want %v", subjects, poll.Names())
	}
	for _, args := range [][]string{{"-rounds", "0"}, {"-round"}, {"now"}} {
		said, err := exec.Command(program, args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || strings.Count(string(said), "\n") != 1 {
			t.Errorf("%v: %v, %q; want one line and exit status 2", args, err, said)
		}
	}
}

func BenchmarkWait(b *testing.B) {
	for _, name := range poll.Names() {
		for _, idle := range counts {
			b.Run(fmt.Sprintf("%s/%d", name, idle), func(b *testing.B) {
				if idle+few > poll.Most(name) {
					b.Skip("select's sets end at descriptor 1023")
				}
				p, closeAll, err := watch(name, idle)
				if err != nil {
					b.Fatal(err)
				}
				defer closeAll()
				events := make([]poll.Event, 8)
				for b.Loop() {
					if n, err := p.Wait(events, -1); n != 1 || err != nil {
						b.Fatal(n, err)
					}
				}
			})
		}
	}
}
