package swarm

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// statistics is as much as is wanted here of what comet's /stats says. The servers of other stages have no /stats.
type statistics struct {
	Workers []workerStatistics `json:"workers"`
}

type workerStatistics struct {
	Pid      int  `json:"pid"`
	Draining bool `json:"draining"` // it is about to end
	Fan      struct {
		Times uint64  `json:"times"`
		Woken uint64  `json:"woken"`
		Last  float64 `json:"last"` // seconds, from the news to the last answer written
	} `json:"fan"`
}

// ask asks for them, on a connection of its own: the next one may reach another process.
func (t target) ask(ctx context.Context) (all statistics, err error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, "GET", t.url()+"stats", nil)
	if err != nil {
		return all, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return all, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return all, fmt.Errorf("GET /stats was answered with %s", answer.Status)
	}
	return all, json.NewDecoder(answer.Body).Decode(&all)
}

// fanOutWait is how long a server is asked for the time of a fan-out that its clients have seen the end of.
const fanOutWait = time.Second

// idle is what a server says before the fan-out; one of another stage says nothing, and that is all right.
func (t target) idle(ctx context.Context) statistics {
	ctx, cancel := context.WithTimeout(ctx, fanOutWait)
	defer cancel()
	all, _ := t.ask(ctx)
	return all
}

// fanOut is how long the server took by its own clock to wake n clients since an earlier survey: the longest of
// its processes, in milliseconds. 0 is unknown: it says nothing of the kind, or a process that woke some has ended.
func (t target) fanOut(ctx context.Context, before statistics, n int) float64 {
	ctx, cancel := context.WithTimeout(ctx, fanOutWait)
	defer cancel()
	earlier := map[int]workerStatistics{}
	for _, w := range before.Workers {
		earlier[w.Pid] = w
	}
	for {
		now, err := t.ask(ctx)
		if err != nil {
			return 0
		}
		woken, longest := 0, 0.0
		for _, w := range now.Workers {
			if was := earlier[w.Pid]; w.Fan.Times > was.Fan.Times {
				woken += int(w.Fan.Woken - was.Fan.Woken)
				longest = max(longest, w.Fan.Last)
			}
		}
		if woken >= n { // a process notes it in the turn after its last answer
			return longest * 1000
		}
	}
}
