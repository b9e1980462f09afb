package page

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/blocking"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
)

// patience is how long anything here is waited for.
const patience = 20 * time.Second

// One page too many is told to come back, and so is every page of a process that is about to end; when one has left,
// there is room again.
func TestAPageTooManyComesBackLater(t *testing.T) {
	model := &blocking.Threads{}
	draining := false
	l := &live{model: model, draining: func() bool { return draining }}
	var viewers []strand.Waiter
	for range mostViewers {
		if l.answer().Stream == nil {
			t.Fatalf("with %d viewers the next one is sent away", len(viewers))
		}
		viewers = append(viewers, model.NewWaiter())
		l.enter(viewers[len(viewers)-1])
	}
	if a := l.answer(); a.Stream != nil || !strings.HasPrefix(string(a.Body), "retry: ") || a.Status != 0 {
		t.Errorf("with %d viewers the next one is answered %+v", mostViewers, a)
	}
	l.leave(viewers[0])
	if l.answer().Stream == nil {
		t.Error("one has left, and the next is sent away")
	}
	draining = true
	if a := l.answer(); a.Stream != nil || !strings.HasPrefix(string(a.Body), "retry: ") {
		t.Errorf("the process is about to end, and a page is answered %+v", a)
	}
}

// However many look, one strand asks; it ends with the last of them, and the next one begins another.
func TestOneAsksForAll(t *testing.T) {
	model := &blocking.Threads{}
	l := &live{model: model}
	a, b := model.NewWaiter(), model.NewWaiter()
	if !l.enter(a) {
		t.Error("nobody asks for the first viewer")
	}
	if l.enter(b) {
		t.Error("a second strand asks for the second viewer")
	}
	l.leave(a)
	numbers := &http1.Response{Body: []byte("{}\n")}
	if !l.tell(numbers) || string(l.newest()) != "data: {}\n\n" {
		t.Errorf("somebody looks, and the asking ends, or tells %q", l.newest())
	}
	if err := b.Wait(time.Now().Add(patience)); err != nil {
		t.Errorf("there is something new, and its viewer was not woken: %v", err)
	}
	l.leave(b)
	if l.tell(numbers) {
		t.Error("nobody looks, and the asking goes on")
	}
	if !l.enter(a) {
		t.Error("nobody asks for who came after all had left")
	}
	if l.tell(&http1.Response{Close: true}) || l.newest() != nil {
		t.Error("the server has answered for the last time, and the streams go on")
	}
}

// A gone is a client who has left.
type gone struct{ http1.Sender }

var errGone = errors.New("gone")

func (gone) Send([]byte) error { return errGone }

// A page that goes takes its swarm with it.
func TestADemoEndsWithItsPage(t *testing.T) {
	ended := make(chan bool)
	p := &page{Config: Config{
		Offload: func(f func()) error { f(); return nil },
		Swarm: func(ctx context.Context, _ string, _ int, progress io.Writer) (any, error) {
			io.WriteString(progress, "it begins\n")
			<-ctx.Done()
			close(ended)
			return nil, ctx.Err()
		},
	}}
	r := &http1.Request{Method: []byte("POST"), Target: []byte(Path + "demo"), Minor: 1, Body: []byte("10"), Header: []http1.Field{
		{Name: []byte("host"), Value: []byte("127.0.0.1:80")}, {Name: []byte("origin"), Value: []byte("http://127.0.0.1:80")}}}
	a := p.handle(r)
	if a.Stream == nil {
		t.Fatalf("the demo is answered %d: %s", a.Status, a.Body)
	}
	if err := a.Stream(gone{}); !errors.Is(err, errGone) {
		t.Errorf("the client left, and the stream ended with %v", err)
	}
	select {
	case <-ended:
	case <-time.After(patience):
		t.Errorf("the page is gone, and its swarm runs on after %v", patience)
	}
}
