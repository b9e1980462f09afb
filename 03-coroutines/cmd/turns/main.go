// Command turns lets three clients use one server of this stage, and tells from a recording what happened to
// each: the first waits in /wait, the second asks for the count meanwhile, the third notifies. One thread
// serves them, so their turns never overlap.
//
// With -out it writes the recording too, turns.trace.json, from which docs/cmd/draw makes a picture.
//
// What it does not do: it is no load, and its times are of one run.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/trace"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/server"
	"example.com/c10k/03-coroutines/system"
)

// title is what the picture is called.
const title = "Three clients on one thread: 1 waits, 2 asks for the count, 3 notifies"

// patience is how long a step of the story may take, on a machine that does other things too.
const patience = 20 * time.Second

func main() {
	tool := command.NewTool("turns", "three clients take turns on one thread")
	out := tool.String("out", "", "write the recording into `DIR`")
	tool.Parse()
	recording, err := play()
	if err == nil && *out != "" {
		err = save(filepath.Join(*out, "turns.trace.json"), recording)
	}
	if err != nil {
		tool.Failed(err)
	}
	tell(os.Stdout, recording)
}

// tell prints what happened, a line for each event.
func tell(w io.Writer, r *trace.Recording) {
	for _, e := range r.Events {
		what := string(e.Kind)
		switch e.Kind {
		case trace.Park:
			what += ", for " + e.For
		case trace.Read, trace.Write:
			what += fmt.Sprintf(" %d bytes", e.Bytes)
		}
		fmt.Fprintf(w, "%9.3f ms  %s%d  %s\n", float64(e.At)/float64(time.Millisecond), strings.Repeat("        ", e.Connection-1), e.Connection, what)
	}
}

func save(name string, r *trace.Recording) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(r.Write(file), file.Close())
}

// play runs the server and the story, and returns what was recorded when all three have gone.
func play() (*trace.Recording, error) {
	poller, err := poll.New(poll.Names()[0])
	if err != nil {
		return nil, err
	}
	kernel, err := system.New(poller)
	if err != nil {
		return nil, err
	}
	defer kernel.End()
	recorder := trace.New(time.Now, 0)
	s := coro.New(kernel, coro.Options{Trace: recorder})
	l, err := s.Listen("127.0.0.1:0", coro.ListenOptions{Backlog: 8})
	if err != nil {
		return nil, err
	}
	serving := &server.Server{Scheduler: s, Listener: l, Most: 8,
		Options: serve.Options{Handler: app.NewComet(s).Handle, Timeouts: serve.DefaultTimeouts, Now: s.Now}}
	told := make(chan error, 1)
	go func() {
		told <- story(l.At().String(), recorder)
		s.Post(serving.Drain)
	}()
	err = s.Run(func() { serving.Serve() }) // it returns when it has drained
	if err := errors.Join(err, <-told); err != nil {
		return nil, err
	}
	return recorder.Recording(title), nil
}

// story is the clients' side. Each step waits for the one before to be over in the server.
func story(address string, r *trace.Recorder) error {
	waits, err := connect(address)
	if err != nil {
		return err
	}
	defer waits.Close()
	fmt.Fprintf(waits, "GET /wait HTTP/1.1\r\nHost: %s\r\n\r\n", address)
	if err := until(r, 1, func(e trace.Event) bool { return e.Kind == trace.Park && e.For == trace.ForWake }); err != nil {
		return err
	}
	for i, path := range []string{"/", "/notify"} {
		c, err := connect(address)
		if err != nil {
			return err
		}
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, address)
		if err := expect(c, "1"); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		c.Close()
		if err := until(r, i+2, closed); err != nil {
			return err
		}
	}
	if err := expect(waits, "1"); err != nil {
		return fmt.Errorf("/wait: %w", err)
	}
	waits.Close()
	return until(r, 1, closed)
}

func closed(e trace.Event) bool { return e.Kind == trace.Close }

func connect(address string) (net.Conn, error) {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	return c, c.SetDeadline(time.Now().Add(patience))
}

// expect reads one answer.
func expect(c net.Conn, body string) error {
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err == nil && string(got) != body {
		err = fmt.Errorf("answered %q instead of %q", got, body)
	}
	return err
}

// until looks at the recording until the event is in it.
func until(r *trace.Recorder, connection int, event func(trace.Event) bool) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Microsecond) {
		if slices.ContainsFunc(r.Recording("").Events, func(e trace.Event) bool { return e.Connection == connection && event(e) }) {
			return nil
		}
	}
	return fmt.Errorf("connection %d did not come so far in %v", connection, patience)
}
