package main

import (
	"os"
	"runtime"
	"strings"
	"time"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/05-comet/comet"
	"example.com/c10k/05-comet/sequencer"
)

// mostWorkers is far above any useful number: one for each core is enough.
const mostWorkers = 1024

// Limits of what the flags may say.
const (
	mostHistory  = 1 << 30 // bytes, in each worker
	mostDuration = 24 * time.Hour
)

// drainGrace is how much longer the master waits for a worker than the worker for its clients, so that
// those who are cut off can still be told.
const drainGrace = 10 * time.Second

// options are what the command line says.
type options struct {
	*command.Flags
	workers int
	debug   bool
	demo    bool
	face    comet.Config // what the flags say of it
	limits  sequencer.Limits

	drainDelay, drainWindow, drainTime time.Duration
}

func parse() *options {
	o := &options{Flags: command.New("a comet server: coroutines in prefork workers, one order for all: stage 05", []string{"comet"}, true)}
	o.IntVar(&o.workers, "workers", runtime.NumCPU(), "run `N` worker processes")
	o.BoolVar(&o.debug, "debug", false, "log what the workers say to the master")

	o.BoolVar(&o.demo, "demo", false, "the page may start a swarm of 10,000 clients on this machine; on loopback only")

	o.DurationVar(&o.face.Wait, "wait", comet.DefaultWait, "/events answers after `TIME` (± 10 %) even if there is nothing")
	o.DurationVar(&o.face.Heartbeat, "heartbeat", comet.DefaultHeartbeat, "/stream sends something every `TIME` at the latest")
	o.DurationVar(&o.face.StreamAge, "stream-age", comet.DefaultStreamAge, "a stream ends after `TIME` at the latest, and its client comes back")
	o.IntVar(&o.face.Most, "most", 0, "at most `N` clients in /events and /stream in each worker; 0: as many as descriptors allow")
	tokenFile := o.String("token-file", "", "publishers must send the token that is in `FILE`, which is read again at every reload")
	origins := o.String("origins", "", "pages of these `SITES` may use the server, as in https://a.example,https://b.example; * is all")

	l := sequencer.DefaultLimits
	o.IntVar(&o.limits.Messages, "history", l.Messages, "keep the last `N` messages, in each worker")
	o.IntVar(&o.limits.Bytes, "history-bytes", l.Bytes, "keep messages of at most `N` bytes")
	o.DurationVar(&o.limits.Age, "history-age", l.Age, "keep messages for `TIME`")

	o.DurationVar(&o.drainDelay, "drain-delay", 0, "on TERM fail /readyz for `TIME`, and serve on, until whoever balances the load has seen it")
	o.DurationVar(&o.drainWindow, "drain-window", 5*time.Second, "before a worker ends, send its clients to the others over `TIME`")
	o.DurationVar(&o.drainTime, "drain-time", 20*time.Second, "and cut off after `TIME` who is still in /wait")
	o.Parse()

	if o.demo && !o.Loopback() {
		o.Misused("-demo on %s: it lets the page start ten thousand clients here, so it is served on loopback only (127.0.0.1)", o.Addr)
	}
	if o.workers < 1 || o.workers > mostWorkers {
		o.Misused("-workers %d: choose from 1 to %d", o.workers, mostWorkers)
	}
	if o.limits.Messages < 0 || o.limits.Bytes < 0 || o.limits.Bytes > mostHistory || o.face.Most < 0 {
		o.Misused("-history, -history-bytes and -most are 0 or more, and -history-bytes at most %d", mostHistory)
	}
	for name, d := range map[string]time.Duration{"-wait": o.face.Wait, "-heartbeat": o.face.Heartbeat, "-stream-age": o.face.StreamAge,
		"-history-age": o.limits.Age, "-drain-window": o.drainWindow, "-drain-time": o.drainTime} {
		if d <= 0 || d > mostDuration {
			o.Misused("%s %v: choose more than 0 and at most %v", name, d, mostDuration)
		}
	}
	if o.drainDelay < 0 || o.drainDelay > mostDuration {
		o.Misused("-drain-delay %v: choose 0, which is none, or at most %v", o.drainDelay, mostDuration)
	}
	if *origins != "" {
		o.face.Origins = strings.Split(*origins, ",")
	}
	if *tokenFile != "" {
		o.face.Token = o.token(*tokenFile)
	}
	return o
}

// token reads the token from a file: on the command line everybody on the machine could read it.
func (o *options) token(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		o.Misused("-token-file: %v", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		o.Misused("-token-file %s: the file is empty: put a token into it, as from openssl rand -hex 32", file)
	}
	return token
}
