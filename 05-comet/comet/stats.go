package comet

import (
	"encoding/json"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/05-comet/hub"
	"example.com/c10k/05-comet/usage"
)

// counters are the face's own, beside the hub's.
type counters struct {
	Listeners int    `json:"-"`       // in /events and /stream; the hub knows those of them who wait
	Streams   int    `json:"streams"` // open
	Slow      uint64 `json:"slow"`    // streams that were ended because their client took nothing
	Resets    uint64 `json:"resets"`  // clients that were told of a gap
	Refused   uint64 `json:"refused"` // for want of room
}

// A process is what every process says of itself, and all that the master has to say.
type process struct {
	Name string `json:"name"`
	Pid  int    `json:"pid"`
	usage.Own
}

// A worker is what one process says of itself.
type worker struct {
	process
	Draining bool `json:"draining"`
	counters
	hub.Counters
}

// report is what the other processes are told when one of them is asked.
func (f *face) report(c hub.Counters) string {
	w := worker{process{Name: f.Name, Pid: f.Pid}, f.Hub.Draining(), f.counters, c}
	if f.Own != nil {
		w.Own = f.Own()
	}
	said, _ := json.Marshal(&w)
	return string(said)
}

// masterName tells the master from its workers, in a survey; see prefork for theirs.
const masterName = "master"

// MasterReport is what the master, which serves nobody, says in a survey: see Report of sequencer.Config.
func MasterReport(pid int, own usage.Own) string {
	said, _ := json.Marshal(&process{masterName, pid, own})
	return string(said)
}

// survey collects what all workers say. Numbers of a worker that has died are gone with it.
func (f *face) survey() (all statistics, err error) {
	said, err := f.Hub.Survey()
	if err != nil {
		return all, err
	}
	all.Workers = make([]worker, 0, len(said))
	for _, one := range said {
		var w worker
		switch {
		case json.Unmarshal([]byte(one), &w) != nil:
		case w.Name == masterName:
			all.Master = &w.process
		default:
			all.Workers = append(all.Workers, w)
			all.add(w)
		}
	}
	return all, nil
}

// statistics are the sums over all workers, and what each of them said.
type statistics struct {
	Waiting   int      `json:"waiting"`
	Listening int      `json:"listening"`
	Streams   int      `json:"streams"`
	Head      uint64   `json:"head"`
	Published uint64   `json:"published"`
	Woken     uint64   `json:"woken"`
	Master    *process `json:"master,omitempty"` // of a version that says nothing of itself: nil
	Workers   []worker `json:"workers"`
}

func (s *statistics) add(w worker) {
	s.Waiting += w.Waiting
	s.Listening += w.Listening
	s.Streams += w.Streams
	s.Head = max(s.Head, w.Head)
	s.Published += w.Published
	s.Woken += w.Fan.Woken
}

// stats answers with the statistics as JSON.
func (f *face) stats(*http1.Request) *http1.Response {
	all, err := f.survey()
	if err != nil {
		return f.refused(err)
	}
	return &http1.Response{Type: jsonType, Header: noStore, Body: encoded(all)}
}
