package comet

import (
	"fmt"
	"strconv"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/05-comet/hub"
)

// A metric is a number that each worker has, as Prometheus wants it named.
type metric struct {
	name, kind, help string
	of               func(*worker) any
}

var metrics = []metric{
	{"comet_waiting", "gauge", "Clients in /wait.", func(w *worker) any { return w.Waiting }},
	{"comet_listening", "gauge", "Clients in /events and /stream that wait.", func(w *worker) any { return w.Listening }},
	{"comet_streams", "gauge", "Open streams.", func(w *worker) any { return w.Streams }},
	{"comet_topics", "gauge", "Topics for which somebody waits.", func(w *worker) any { return w.Topics }},
	{"comet_head", "gauge", "The highest number of a message.", func(w *worker) any { return w.Head }},
	{"comet_history_messages", "gauge", "Messages that are kept.", func(w *worker) any { return w.Kept }},
	{"comet_history_bytes", "gauge", "Memory that they hold.", func(w *worker) any { return w.Bytes }},
	{"comet_waits_begun_total", "counter", "Waits that have begun.", func(w *worker) any { return w.Begun }},
	{"comet_waits_notified_total", "counter", "Waits that ended with news.", func(w *worker) any { return w.Ended.Notified }},
	{"comet_waits_expired_total", "counter", "Waits whose time was over.", func(w *worker) any { return w.Ended.Expired }},
	{"comet_waits_left_total", "counter", "Waits whose client left.", func(w *worker) any { return w.Ended.Left }},
	{"comet_waits_drained_total", "counter", "Waits that a drain ended.", func(w *worker) any { return w.Ended.Drained }},
	{"comet_published_total", "counter", "Messages published.", func(w *worker) any { return w.Published }},
	{"comet_slow_closed_total", "counter", "Streams whose client took nothing.", func(w *worker) any { return w.Slow }},
	{"comet_resets_total", "counter", "Clients that were told of a gap.", func(w *worker) any { return w.Resets }},
	{"comet_refused_total", "counter", "Clients that were turned away.", func(w *worker) any { return w.Refused }},
}

// What every process has, the master too, which is a worker of the name master here.
var holdings = []struct {
	name, help string
	of         func(*process) any
}{
	{"comet_descriptors", "Descriptors that are open.", func(p *process) any { return p.Descriptors }},
	{"comet_goroutines", "Goroutines, and the coroutines that are made of them.", func(p *process) any { return p.Goroutines }},
	{"comet_memory_bytes", "Memory that the Go runtime holds.", func(p *process) any { return p.Memory }},
}

// metrics answers with the statistics as Prometheus reads them (its text format, 0.0.4).
func (f *face) metrics(*http1.Request) *http1.Response {
	all, err := f.survey()
	if err != nil {
		return f.refused(err)
	}
	var out []byte
	for _, m := range metrics {
		out = fmt.Appendf(out, "# HELP %s %s\n# TYPE %s %s\n", m.name, m.help, m.name, m.kind)
		for i := range all.Workers {
			w := &all.Workers[i]
			out = fmt.Appendf(out, "%s{worker=%q} %v\n", m.name, w.Name, m.of(w))
		}
	}
	out = appendHoldings(out, &all)
	return &http1.Response{Type: "text/plain; version=0.0.4", Header: noStore, Body: appendFans(out, all.Workers)}
}

func appendHoldings(out []byte, all *statistics) []byte {
	for _, h := range holdings {
		out = fmt.Appendf(out, "# HELP %s %s\n# TYPE %s gauge\n", h.name, h.help, h.name)
		if all.Master != nil {
			out = fmt.Appendf(out, "%s{worker=%q} %v\n", h.name, all.Master.Name, h.of(all.Master))
		}
		for i := range all.Workers {
			w := &all.Workers[i].process
			out = fmt.Appendf(out, "%s{worker=%q} %v\n", h.name, w.Name, h.of(w))
		}
	}
	return out
}

// appendFans writes how long fan-outs took as a histogram, whose buckets contain those below them.
func appendFans(out []byte, workers []worker) []byte {
	const name = "comet_fan_out_seconds"
	out = fmt.Appendf(out, "# HELP %s From the news to the last answer.\n# TYPE %s histogram\n", name, name)
	for i := range workers {
		w := &workers[i]
		below := uint64(0)
		for j, bound := range hub.FanBounds {
			below += w.Fan.Within[j]
			out = fmt.Appendf(out, "%s_bucket{worker=%q,le=%q} %d\n", name, w.Name, strconv.FormatFloat(bound, 'g', -1, 64), below)
		}
		out = fmt.Appendf(out, "%s_bucket{worker=%q,le=\"+Inf\"} %d\n", name, w.Name, w.Fan.Times)
		out = fmt.Appendf(out, "%s_sum{worker=%q} %g\n%s_count{worker=%q} %d\n", name, w.Name, w.Fan.Seconds, name, w.Name, w.Fan.Times)
	}
	return out
}
