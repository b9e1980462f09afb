package audience

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"example.com/c10k/05-comet/usage"
)

// A server that runs for long must not grow. What it holds is looked at all the time, and judged by one rule:
// a column is flat if its median in the last third of the time is at most flatShare and the column's slack above
// its median in the second third. The first third is for what fills: histories, stacks that are kept, the
// collector's aim. Medians, because a reload doubles everything for a moment, and the collector's heap breathes.
const flatShare = 0.05

// The columns of a look.
const (
	processes        = iota // of the server, all that are not reaped
	memory                  // of all of them, as the system counts it
	masterOpen              // descriptors
	masterGoroutines        //
	masterMemory            // as the Go runtime counts it
	workersOpen             // of all workers together, from here on
	workersGoroutines
	workersMemory
	columns
)

// slack is what may come and go without a meaning: a client more or less in the moment of the look, a thread of
// the runtime's, a heap that the collector visits a little later.
var slack = [columns]struct {
	name  string
	much  float64
	bytes bool
}{
	processes:         {"processes", 1, false},
	memory:            {"memory of all (Pss)", 4 << 20, true},
	masterOpen:        {"the master's descriptors", 5, false},
	masterGoroutines:  {"the master's goroutines", 5, false},
	masterMemory:      {"the master's memory (Go)", 4 << 20, true},
	workersOpen:       {"the workers' descriptors", 20, false},
	workersGoroutines: {"the workers' goroutines", 20, false},
	workersMemory:     {"the workers' memory (Go)", 4 << 20, true},
}

// A look is what a server held at one moment.
type look [columns]float64

// third is the median of each column in the nth third, from 0.
func third(looks []look, nth int) (medians look) {
	part := looks[len(looks)*nth/3 : len(looks)*(nth+1)/3]
	for column := range medians {
		values := make([]float64, len(part))
		for i := range part {
			values[i] = part[i][column]
		}
		slices.Sort(values)
		medians[column] = values[len(values)/2]
	}
	return medians
}

// looksMin are too few to say anything of.
const looksMin = 9

// judgeFlat writes a table of what a server held, and returns the names of what has grown.
func judgeFlat(looks []look) (table string, grown []string) {
	if len(looks) < looksMin {
		return fmt.Sprintf("%d looks at the server are too few to judge by", len(looks)), []string{"unknown: too few looks"}
	}
	first, second, last := third(looks, 0), third(looks, 1), third(looks, 2)
	var text strings.Builder
	rows := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(rows, "medians of\tfirst third\tsecond\tlast\tat most\t\t\n")
	for column, s := range slack {
		most := second[column]*(1+flatShare) + s.much
		verdict := "flat"
		if last[column] > most {
			verdict = "GROWN"
			grown = append(grown, s.name)
		}
		number := func(v float64) string {
			if s.bytes {
				return fmt.Sprintf("%.1f MB", v/1e6)
			}
			return fmt.Sprintf("%.0f", v)
		}
		fmt.Fprintf(rows, "%s\t%s\t%s\t%s\t%s\t%s\t\n", s.name, number(first[column]), number(second[column]),
			number(last[column]), number(most), verdict)
	}
	rows.Flush()
	fmt.Fprintf(&text, "%d looks; flat: the last third's median is at most the second's, and %.0f %% of that, and what may come and go\n",
		len(looks), 100*flatShare)
	return text.String(), grown
}

// statistics is as much of /stats as tests here look at.
type statistics struct {
	Waiting int
	Master  usage.Own
	Workers []struct {
		usage.Own
		Pid      int
		Draining bool
		Slow     uint64
	}
}

// ask asks a server for its statistics. A client with a connection of its own gets an answer from a server that
// has no descriptor left.
func (s *realServer) ask(client *http.Client) (all statistics, err error) {
	answer, err := client.Get(s.URL + "/stats")
	if err != nil {
		return all, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return all, fmt.Errorf("/stats answers %s", answer.Status)
	}
	return all, json.NewDecoder(answer.Body).Decode(&all)
}

const (
	// looksMost is how often a server is looked at in the whole time.
	looksMost = 300

	// leastTick is between two looks: each asks all workers, and reads all of /proc.
	leastTick = 200 * time.Millisecond
)

// watch looks at a server until its time is over.
func (s *realServer) watch(d time.Duration) <-chan []look {
	done := make(chan []look, 1)
	over := time.After(d)
	tick := time.NewTicker(max(d/looksMost, leastTick))
	client := &http.Client{Timeout: acknowledgedWithin, Transport: &http.Transport{}}
	go func() {
		defer tick.Stop()
		var looks []look
		for {
			select {
			case <-over:
				client.CloseIdleConnections()
				done <- looks
				return
			case <-tick.C:
				if l, err := s.lookAt(client); err == nil { // a worker that was killed in this moment answers nobody
					looks = append(looks, l)
				}
			}
		}
	}()
	return done
}

func (s *realServer) lookAt(client *http.Client) (l look, err error) {
	all, err := s.ask(client)
	if err != nil {
		return l, err
	}
	if u, err := usage.Of(s.PID()); err == nil { // elsewhere than on Linux: unknown, and 0 all the time
		l[processes], l[memory] = float64(u.Processes), float64(u.Memory)
	}
	l[masterOpen], l[masterGoroutines] = float64(all.Master.Descriptors), float64(all.Master.Goroutines)
	l[masterMemory] = float64(all.Master.Memory)
	for _, w := range all.Workers {
		l[workersOpen] += float64(w.Descriptors)
		l[workersGoroutines] += float64(w.Goroutines)
		l[workersMemory] += float64(w.Memory)
	}
	return l, nil
}

// What grows by a little with every look is found, in each column alone; what jumps, breathes or fills is not.
func TestGrowthIsFound(t *testing.T) {
	server := func(i int) (l look) {
		l = look{3, 60e6, 14, 12, 12e6, 420, 450, 30e6}
		for column := range l {
			switch {
			case i < 90: // it fills
				l[column] *= 0.5
			case i%10 == 0: // a reload
				l[column] *= 2
			}
			l[column] *= 1 + 0.02*float64(i%3)
		}
		return l
	}
	var looks []look
	for i := range looksMost {
		looks = append(looks, server(i))
	}
	if table, grown := judgeFlat(looks); len(grown) > 0 {
		t.Errorf("a server that stays as it is has grown in %v:\n%s", grown, table)
	}
	for column := range columns {
		leaking := slices.Clone(looks)
		for i := range leaking {
			leaking[i][column] += float64(i) * max(0.005*looks[looksMost-1][column], slack[column].much/50)
		}
		if table, grown := judgeFlat(leaking); !slices.Equal(grown, []string{slack[column].name}) {
			t.Errorf("%s grows, and found is %v:\n%s", slack[column].name, grown, table)
		}
	}
	if _, grown := judgeFlat(looks[:looksMin-1]); len(grown) == 0 {
		t.Error("nothing is flat of which nothing is known")
	}
}
