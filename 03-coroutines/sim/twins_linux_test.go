package sim_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/sim"
	"example.com/c10k/03-coroutines/system"
)

// The two kernels are twins: one story, told to both of them, must be answered in the same words. (It is
// told on Linux only, because systems differ in which of two errors comes first.)
func TestTheTwoKernelsAnswerAlike(t *testing.T) {
	p, err := poll.New(poll.Names()[0])
	if err != nil {
		t.Fatal(err)
	}
	real, err := system.New(p)
	if err != nil {
		t.Fatal(err)
	}
	defer real.End()
	here := tell(real)

	var there []string
	w := sim.New(sim.Options{Seed: 1})
	w.Start("twin", func(k *sim.Kernel) error { there = tell(k); return nil })
	if err := w.Run(); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff(here, there); d != "" {
		t.Error("(-this machine +the simulated one):\n", d)
	}
}

// A teller does one thing after the other with a kernel, and writes down the answers.
type teller struct {
	kernel coro.Kernel
	said   []string
}

func tell(k coro.Kernel) []string {
	t := &teller{kernel: k}
	l, at, err := k.Listen("127.0.0.1:0", coro.ListenOptions{Backlog: 8})
	t.say("listen", err)

	c, s := t.pair(l, at)
	t.read("fresh", s)
	t.write("hello", c)
	t.wait("hello", s, poll.Read)
	t.read("hello", s)
	t.read("emptied", s)
	t.say("half-close", k.Shutdown(c))
	t.wait("half-close", s, poll.Read)
	t.read("after the end", s)
	t.read("after the end, again", s)
	t.write("answer", s)
	t.wait("answer", c, poll.Read)
	t.read("answer", c)
	t.write("after our own half-close", c)
	t.close("server", s)
	t.wait("close", c, poll.Read)
	t.read("after both ends", c)
	t.close("client", c)

	c, s = t.pair(l, at)
	t.write("unread", c)
	t.wait("unread", s, poll.Read)
	t.close("server, with unread bytes", s)
	t.wait("reset", c, poll.Read)
	t.read("reset", c)
	t.read("after a reset", c)
	t.write("after a reset", c)
	t.close("client", c)

	c, s = t.pair(l, at)
	t.close("client", c)
	t.wait("client's close", s, poll.Read)
	t.read("client's close", s)
	t.write("to nobody", s)
	t.writeUntil("to nobody, until the reset comes", s)
	t.close("server", s)

	c, s = t.pair(l, at)
	t.finish("last answer", s)
	t.wait("last answer", c, poll.Read)
	t.read("last answer", c)
	t.wait("end", c, poll.Read)
	t.read("after the last answer", c)
	t.write("after our own end", s)
	t.write("to whoever has said all", c)
	t.wait("to whoever has said all", s, poll.Read)
	t.read("to whoever has said all", s)
	t.close("client", c)
	t.close("server", s)

	t.close("listener", l)
	c, err = k.Connect(netip.Addr{}, at)
	t.say("connect", err)
	t.wait("refusal", c, poll.Write)
	t.say("refusal", k.Connected(c))
	t.close("client", c)
	return t.said
}

// say writes an answer down, in words that both kernels have.
func (t *teller) say(what string, err error) {
	word := fmt.Sprint(err)
	for name, errs := range map[string][]error{
		"reset":       {sock.ErrReset, sim.ErrReset},
		"broken pipe": {sock.ErrBrokenPipe, sim.ErrBrokenPipe},
		"refused":     {sock.ErrRefused, sim.ErrRefused},
	} {
		if errors.Is(err, errs[0]) || errors.Is(err, errs[1]) {
			word = name
		}
	}
	t.said = append(t.said, what+": "+word)
}

// pair makes a connection.
func (t *teller) pair(l int, at netip.AddrPort) (client, server int) {
	client, err := t.kernel.Connect(netip.Addr{}, at)
	t.say("connect", err)
	t.wait("connected", client, poll.Write)
	t.say("connected", t.kernel.Connected(client))
	t.wait("to be accepted", l, poll.Read)
	server, err = t.kernel.Accept(l)
	t.say("accept", err)
	_, err = t.kernel.Accept(l)
	t.say("accept when nobody waits", err)
	return client, server
}

// wait waits until a descriptor is ready, and says for what.
func (t *teller) wait(what string, fd int, want poll.Interest) {
	t.kernel.Set(fd, want)
	var events [8]poll.Event
	for range 1000 {
		n, err := t.kernel.Wait(events[:], 10*time.Second)
		if n > 0 || err != nil {
			t.say(fmt.Sprintf("%s: %d ready for %b", what, n, events[0].Ready), err)
			break
		}
	}
	t.kernel.Set(fd, 0)
}

func (t *teller) read(what string, fd int) {
	var b [64]byte
	n, err := t.kernel.Read(fd, b[:])
	t.say(fmt.Sprintf("read %s: %q", what, b[:n]), err)
}

func (t *teller) write(what string, fd int) {
	n, err := t.kernel.Write(fd, []byte(what))
	t.say(fmt.Sprintf("write %s: %d", what, n), err)
}

func (t *teller) finish(what string, fd int) {
	n, err := t.kernel.Finish(fd, []byte(what))
	t.say(fmt.Sprintf("finish with %s: %d", what, n), err)
}

// writeUntil writes a byte after the other until that fails.
func (t *teller) writeUntil(what string, fd int) {
	var err error
	for until := t.kernel.Now().Add(10 * time.Second); err == nil && t.kernel.Now().Before(until); {
		_, err = t.kernel.Write(fd, []byte("x"))
	}
	t.say("write "+what, err)
}

func (t *teller) close(what string, fd int) { t.say("close "+what, t.kernel.Close(fd)) }
