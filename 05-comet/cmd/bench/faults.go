package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.com/c10k/01-blocking/measure"
	"example.com/c10k/05-comet/swarm"
	"example.com/c10k/05-comet/usage"
)

// A fault is what one client does to a server that others use too. The applications of all stages cause it
// when they are asked to (app.Faults): it is always the same, and what differs is who suffers.
type fault struct {
	name  string // of its quantities
	title string
	cause func(o *offender) error // it returns when the fault has begun
}

var allFaults = []fault{
	{"slow", "a client that sends half of a request", (*offender).hesitate},
	{"hog", "a handler that computes for a second", (*offender).hog},
	{"crash", "a handler that crashes its process", (*offender).crash},
	{"leak", "a handler that keeps 32 MiB for ever", (*offender).leak},
}

// models are the servers, under these faults. Prefork and comet have two workers, so that there is another one.
var models = []subject{
	{name: "sequential", command: "{bin}/blocking -model sequential -app faults -addr {addr}"},
	{name: "threads", command: "{bin}/blocking -model threads -app faults -addr {addr}"},
	{name: "selectors", command: "{bin}/selectors -app faults -addr {addr}"},
	{name: "coroutines", command: "{bin}/coroutines -app faults -addr {addr}"},
	{name: "prefork", command: "{bin}/prefork -workers 2 -app faults -addr {addr}"},
	{name: cometModel, command: "{bin}/comet -workers 2 -addr {addr}"},
	{name: "net-http", command: "{bench} -server net-http -app faults -addr {addr}"},
}

// The command comet has no application that computes or leaks when it is asked to, so those two faults are not
// caused there; and as no request crashes it, a worker is killed, which is the same to everybody else.
const cometModel = "comet"

// causeUnder is how the fault comes about under a model; nil: not at all.
func (f *fault) causeUnder(model string) func(*offender) error {
	switch {
	case model != cometModel || f.name == "slow":
		return f.cause
	case f.name == "crash":
		return (*offender).kill
	}
	return nil
}

const (
	bystanders = 8 // that are connected before, and as many that come after

	// unharmed is how soon a bystander must have its answer: hundreds of times what one takes, and a tenth of
	// what the hog computes.
	unharmed = 100 * time.Millisecond

	// bystanderPatience ends a bystander's wait, and is longer than the hog's second.
	bystanderPatience = 2 * time.Second

	// spinning is how long the hog computes; its bystanders are asked meanwhile.
	spinning = time.Second
	leaks    = 32 // of 1 MiB
)

// faultRounds are enough to see what is by chance: on which worker a client came to be.
const faultRounds = 5

// measureFaults causes each fault under each model, and writes and prints who suffered.
func measureFaults(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if o.run != "" || o.only != "" || o.add != nil {
		return fmt.Errorf("%w: -faults measures all faults and all models: leave -run, -only and -add out", errUsage)
	}
	show := newProgress(stderr)
	defer show.end()
	bin, self, err := o.programs()
	if err != nil {
		return err
	}
	rounds := faultRounds
	if o.quick {
		rounds = 1
	}
	if o.rounds > 0 {
		rounds = o.rounds
	}
	load := fmt.Sprintf("%d clients that are connected and %d that come, wherever the system puts them", bystanders, bystanders)
	r := &result{Schema: measure.Schema, Title: "Who suffers from one client's fault", Command: o.command, Environment: describe(load)}
	for done, all := 0, rounds*len(allFaults)*len(models); done < all; done++ {
		f, m := allFaults[done%len(allFaults)], models[done/len(allFaults)%len(models)]
		if f.causeUnder(m.name) == nil {
			continue
		}
		show.show(m.name+", "+f.title, done, all)
		command, err := m.fill(bin, self, "faults")
		if err != nil {
			return err
		}
		if err := f.measure(ctx, m.name, command, r); err != nil {
			return fmt.Errorf("%s, %s: %w", m.name, f.title, err)
		}
	}
	if o.out != "" {
		if err := r.write(o.out, "faults"); err != nil {
			return fmt.Errorf("cannot write the results (%w): choose another -out", err)
		}
	}
	faultTable(stdout, r)
	return nil
}

// measure is one fault under one model: some connect, one misbehaves, and then the connected ask, and others come.
func (f *fault) measure(ctx context.Context, model, command string, into *result) error {
	var words lastWords
	server, err := swarm.StartServer(ctx, command, &words)
	if err != nil {
		return words.add(err)
	}
	defer server.Stop() // it may have crashed, as it was asked to
	o := &offender{server: server, address: strings.TrimPrefix(server.URL, "http://")}
	defer o.leave()
	var connected []*bystander
	if model != "sequential" { // there a second connection waits for the end of the first, with no fault at all
		for range bystanders {
			b, err := arrive(o.address)
			if err == nil {
				err = b.ask()
			}
			if err != nil {
				return words.add(fmt.Errorf("a bystander before the fault: %w", err))
			}
			defer b.Close()
			connected = append(connected, b)
		}
	}
	before, _ := usage.Of(server.PID())
	if err := f.causeUnder(model)(o); err != nil {
		return words.add(err)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	well, slowest := watch(o.address, connected)
	if connected != nil {
		into.enter(model, f.name+"-connected", "%", 0, 100*float64(well.connected)/bystanders)
	}
	into.enter(model, f.name+"-new", "%", 0, 100*float64(well.new)/bystanders)
	into.enter(model, f.name+"-slowest", "ms", 0, float64(slowest)/float64(time.Millisecond))
	if f.name == "leak" {
		if after, err := usage.Of(server.PID()); err == nil {
			into.enter(model, "leak-memory", "MiB", 0, float64(after.Anonymous-before.Anonymous)/(1<<20))
		}
	}
	return nil
}

// An offender is the client at fault.
type offender struct {
	server  *swarm.ServerProcess
	address string
	conns   []net.Conn
}

func (o *offender) send(text string) (net.Conn, error) {
	conn, err := net.Dial("tcp", o.address)
	if err != nil {
		return nil, err
	}
	o.conns = append(o.conns, conn)
	_, err = io.WriteString(conn, text)
	return conn, err
}

func (o *offender) leave() {
	for _, conn := range o.conns {
		conn.Close()
	}
}

func get(target string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
}

// hesitate sends half of a request, and no more. Whoever comes afterwards is accepted afterwards.
func (o *offender) hesitate() error {
	_, err := o.send("GET / HTTP/1.1\r\nHos")
	return err
}

// begun is how much CPU time shows that the hog computes; no server needs as much to read its request.
const begun = 20 * time.Millisecond

func (o *offender) hog() error {
	before, err := usage.Of(o.server.PID())
	if err != nil {
		return err
	}
	if _, err := o.send(get(fmt.Sprintf("/spin?us=%d", spinning.Microseconds()))); err != nil {
		return err
	}
	for limit := time.Now().Add(bystanderPatience); time.Now().Before(limit); time.Sleep(time.Millisecond) {
		now, err := usage.Of(o.server.PID())
		if err != nil {
			return err
		}
		if user, system := now.Since(before); user+system > begun {
			return nil
		}
	}
	return fmt.Errorf("nothing computes within %v after it was asked to", bystanderPatience)
}

// crash waits for the end of its connection, which is the end of the process.
func (o *offender) crash() error {
	conn, err := o.send(get("/crash"))
	if err != nil {
		return err
	}
	conn.SetReadDeadline(time.Now().Add(swarm.StopTimeout))
	if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("the process did not crash: %w", err)
	}
	return nil
}

// kill ends one of the server's workers by a signal that nothing can catch, and waits until it is gone.
func (o *offender) kill() error {
	var workers []int
	for limit := time.Now().Add(swarm.StopTimeout); len(workers) == 0 && time.Now().Before(limit); time.Sleep(time.Millisecond) {
		workers = usage.Tree(o.server.PID())[1:] // without the master
	}
	if len(workers) == 0 {
		return errors.New("the server has no workers: none can be killed")
	}
	if err := syscall.Kill(workers[0], syscall.SIGKILL); err != nil {
		return err
	}
	for limit := time.Now().Add(swarm.StopTimeout); time.Now().Before(limit); time.Sleep(time.Millisecond) {
		if !slices.Contains(usage.Tree(o.server.PID()), workers[0]) {
			return nil
		}
	}
	return fmt.Errorf("the worker %d is still there %v after it was killed", workers[0], swarm.StopTimeout)
}

func (o *offender) leak() error {
	for range leaks {
		conn, err := o.send(get("/leak"))
		if err != nil {
			return err
		}
		if err := answered(bufio.NewReader(conn)); err != nil {
			return err
		}
	}
	return nil
}

// answered reads one answer to its end.
func answered(from *bufio.Reader) error {
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
