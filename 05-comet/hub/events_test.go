package hub_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/05-comet/hub"
)

// at is a cursor of this epoch.
func at(n uint64) hub.Cursor { return hub.Cursor{Epoch: epoch, Number: n} }

func soon(n *network) time.Time { return n.scheduler.Now().Add(10 * time.Second) }

func (n *network) publish(i int, topic, text string) {
	n.Helper()
	if _, err := n.hubs[i].Publish(topic, text); err != nil {
		n.Errorf("publish: %v", err)
	}
}

// gets asks a hub, and compares: the texts, then the cursor and what else the batch says.
func (n *network) gets(i int, topics string, c hub.Cursor, want string) {
	n.Helper()
	b, err := n.hubs[i].Events(hub.Topics(topics), c, n.scheduler.Now().Add(time.Millisecond))
	if got := inWords(b, err); got != want {
		n.Errorf("%s after %d: %s; want %s", topics, c.Number, got, want)
	}
}

func inWords(b *hub.Batch, err error) string {
	if b == nil {
		return err.Error()
	}
	text := ""
	for _, m := range b.Messages {
		text += m.Text + " "
	}
	text += fmt.Sprint("→ ", b.Number)
	if b.More {
		text += " more"
	}
	if b.Reset {
		text += fmt.Sprint(" reset from ", b.From)
	}
	if err != nil {
		text += " " + err.Error()
	}
	return text
}

func TestEventsAreWhatCameAfterACursor(t *testing.T) {
	on(t, 2, func(n *network) {
		n.gets(0, "a", hub.Cursor{}, "→ 0")
		n.publish(0, "a", "one")
		n.publish(1, "b", "two")
		n.publish(0, "a", "three")
		for i := range n.hubs {
			n.gets(i, "a", hub.Cursor{}, "→ 3") // where to begin
			n.gets(i, "a", at(0), "one three → 3")
			n.gets(i, "a,b", at(1), "two three → 3")
			n.gets(i, "b", at(1), "two → 3") // 3 was considered too
			n.gets(i, "b", at(2), "→ 2")     // and here the time was over
			n.gets(i, "nobody's", at(1), "→ 1")
			n.gets(i, "a", at(3), "→ 3")
		}
	})
}

// A gap is told, and only a gap.
func TestAResetIsToldWhenSomethingIsMissing(t *testing.T) {
	on(t, 1, func(n *network) {
		for i, topic := range []string{"a", "b", "a", "b", "b"} { // 1 and 2 are dropped
			n.publish(0, topic, fmt.Sprint(i+1))
		}
		n.gets(0, "a", at(0), "3 → 5 reset from 1")
		n.gets(0, "a", at(1), "3 → 5")
		n.gets(0, "b", at(1), "4 5 → 5 reset from 2")
		n.gets(0, "a,b", at(2), "3 4 5 → 5")
		n.gets(0, "c", at(0), "→ 0") // nothing of it was ever there
		n.gets(0, "a", at(6), "3 → 5 reset from 1")
		n.gets(0, "a", hub.Cursor{Epoch: epoch + 1, Number: 4}, "3 → 5 reset from 1")
		n.gets(0, "c", hub.Cursor{Epoch: epoch + 1, Number: 4}, "→ 5 reset from 0")
	}, 3)
}

func TestALongBatchSaysThatThereIsMore(t *testing.T) {
	on(t, 1, func(n *network) {
		for range hub.BatchMessages + 10 {
			n.publish(0, "a", "x")
		}
		b, _ := n.hubs[0].Events("a", at(0), soon(n))
		if len(b.Messages) != hub.BatchMessages || !b.More || b.Number != hub.BatchMessages {
			t.Errorf("%d messages, more %v, up to %d", len(b.Messages), b.More, b.Number)
		}
		if b, _ = n.hubs[0].Events("a", b.Cursor, soon(n)); len(b.Messages) != 10 || b.More {
			t.Errorf("then %d messages, more %v", len(b.Messages), b.More)
		}
	})
}

// until waits for something that only looking can show.
func (n *network) until(what string, happened func() bool) {
	n.Helper()
	for end := soon(n); !happened(); {
		if n.scheduler.Sleep(time.Millisecond); n.scheduler.Now().After(end) {
			n.Errorf("it does not come about that %s", what)
			return
		}
	}
}

// listen starts clients in Events; what each of them gets comes out of the channel.
func (n *network) listen(i, clients int, topics hub.Topics, c hub.Cursor) *strand.Chan[*hub.Batch] {
	got := strand.NewChan[*hub.Batch](n.scheduler, clients)
	for range clients {
		n.scheduler.Go("listener", func() {
			b, _ := n.hubs[i].Events(topics, c, soon(n))
			got.Send(b)
		})
	}
	n.scheduler.Yield()
	return got
}

// Everybody who waits for a topic is woken, once, at every hub; who waits for others is not. All who have
// the same cursor share one batch, and each form of it.
func TestAMessageWakesThoseWhoAskForIt(t *testing.T) {
	on(t, 2, func(n *network) {
		n.publish(0, "z", "so that there is a number")
		early := n.hubs[1].Counters().Begun
		several := hub.NewTopics([]string{"b", "a", "b"})
		one, two, other := n.listen(0, 3, "a", at(1)), n.listen(1, 3, several, at(1)), n.listen(1, 3, "c", at(1))
		if c := n.hubs[1].Counters(); c.Listening != 6 || c.Topics != 3 || c.Begun-early != 6 {
			t.Errorf("while they wait: %+v", c)
		}
		n.publish(1, "a", "hello")
		shared := map[*hub.Batch]int{}
		for _, got := range []*strand.Chan[*hub.Batch]{one, two} {
			for range 3 {
				b, err := got.RecvUntil(soon(n))
				if err != nil || inWords(b, nil) != "hello → 2" {
					t.Errorf("%s, %v", inWords(b, err), err)
					return
				}
				shared[b]++
			}
		}
		if len(shared) != 2 {
			t.Errorf("%d batches for 2 groups", len(shared))
		}
		for b := range shared {
			made := 0
			for range 3 {
				b.In(hub.JSON, func(*hub.Batch) []byte { made++; return []byte("{}") })
			}
			if made != 1 {
				t.Errorf("one form was made %d times", made)
			}
		}
		if c := n.hubs[1].Counters(); c.Listening != 3 || c.Ended.Notified < 3 {
			t.Errorf("then: %+v", c)
		}
		n.publish(1, "c", "bye")
		for range 3 {
			b, err := other.RecvUntil(soon(n))
			if err != nil || inWords(b, nil) != "bye → 3" {
				t.Errorf("%s, %v", inWords(b, err), err)
			}
		}
		if c := n.hubs[1].Counters(); c.Listening != 0 || c.Topics != 0 {
			t.Errorf("in the end: %+v", c)
		}
	})
}

// A client that polls again while others are still being woken waits for the next message.
func TestWhoComesBackDuringAFanOutIsNotWokenTwice(t *testing.T) {
	on(t, 1, func(n *network) {
		const clients = 1500
		n.publish(0, "z", "0")
		rounds := strand.NewChan[uint64](n.scheduler, 2*clients)
		for range clients {
			n.scheduler.Go("poller", func() {
				for c := at(1); c.Number < 3; {
					b, err := n.hubs[0].Events("a", c, soon(n))
					if err != nil || len(b.Messages) != 1 {
						t.Errorf("after %d: %s", c.Number, inWords(b, err))
						return
					}
					c = b.Cursor
					rounds.Send(c.Number)
				}
			})
		}
		n.scheduler.Yield()
		for _, want := range []uint64{2, 3} {
			n.publish(0, "a", "x")
			for range clients {
				if got, err := rounds.RecvUntil(soon(n)); got != want || err != nil {
					t.Errorf("got %d, %v; want %d", got, err, want)
					return
				}
			}
		}
	})
}

// While many are woken others have their turn: once for each slice.
func TestAFanOutLetsOthersIn(t *testing.T) {
	on(t, 1, func(n *network) {
		const clients, slice = 10_000, 2048
		n.publish(0, "z", "0")
		got := n.listen(0, clients, "a", at(1))
		turns, over := 0, false
		n.scheduler.Go("another", func() {
			for !over {
				turns++
				n.scheduler.Yield()
			}
		})
		n.scheduler.Yield()
		before, fans := turns, n.hubs[0].Counters().Fan
		n.publish(0, "a", "x")
		for range clients {
			got.RecvUntil(soon(n))
		}
		over = true
		if turns-before < clients/slice {
			t.Errorf("%d turns while %d were woken", turns-before, clients)
		}
		n.scheduler.Sleep(time.Millisecond) // the strand that measures is the last one
		if f := n.hubs[0].Counters().Fan; f.Times-fans.Times != 1 || f.Woken-fans.Woken != clients {
			t.Errorf("fan-outs: %+v", f)
		}
	})
}

// Who leaves, or whose time is over, is not counted any more, and is not woken.
func TestAListenerThatEndsIsForgotten(t *testing.T) {
	on(t, 1, func(n *network) {
		n.publish(0, "z", "0")
		leave := canceled(n.scheduler, func() {
			if _, err := n.hubs[0].Events("a,b", at(1), time.Time{}); err != strand.ErrCanceled {
				t.Errorf("its wait ended with %v", err)
			}
		})
		stays := n.listen(0, 1, "a", at(1))
		n.gets(0, "a", at(1), "→ 1")
		leave()
		n.until("the one that left is counted so", func() bool { return n.hubs[0].Counters().Ended.Left == 1 })
		c := n.hubs[0].Counters()
		if c.Listening != 1 || c.Topics != 1 {
			t.Errorf("%+v", c)
		}
		n.publish(0, "a", "x")
		if b, err := stays.RecvUntil(soon(n)); err != nil || inWords(b, nil) != "x → 2" {
			t.Errorf("%s, %v", inWords(b, err), err)
		}
		c = n.hubs[0].Counters()
		if d := cmp.Diff(c.Begun, c.Ended.Notified+c.Ended.Expired+c.Ended.Left+c.Ended.Drained); d != "" {
			t.Errorf("waits begun and ended: %s", d)
		}
	})
}

// A drain sends listeners away over a window, with their cursor; those of 2009 stay, and are counted.
func TestADrainSendsAwayThoseWhoCanComeBack(t *testing.T) {
	on(t, 1, func(n *network) {
		n.publish(0, "z", "0")
		const clients = 100
		gone, window := 0, 200*time.Millisecond
		var first, last time.Time
		for i := range clients {
			n.scheduler.Go("listener", func() {
				b, err := n.hubs[0].Events(hub.NewTopics([]string{fmt.Sprint("t", i%7)}), at(1), time.Time{})
				if err != hub.ErrDraining || b.Cursor != at(1) || len(b.Messages) > 0 {
					t.Errorf("%s", inWords(b, err))
				}
				if last = n.scheduler.Now(); gone == 0 {
					first = last
				}
				gone++
			})
		}
		told := n.park(0, 3)
		n.hubs[0].Drain(window)
		n.until("all are sent away", func() bool { return gone == clients })
		if took := last.Sub(first); took < window/2 {
			t.Errorf("all were sent away within %v of a window of %v", took, window)
		}
		n.gets(0, "a", at(1), "→ 1 "+hub.ErrDraining.Error())
		n.gets(0, "z", at(0), "0 → 1") // what there is, is given
		if n.hubs[0].Current() {
			t.Error("it still asks for clients")
		}
		n.count(3)
		n.hubs[0].Notify()
		n.all(told, 3, 3)
	})
}
