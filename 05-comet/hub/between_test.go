package hub_test

import (
	"testing"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/05-comet/hub"
	"example.com/c10k/05-comet/sequencer"
)

// A watched model tells of each Unlock before a wait. Coroutines have no other strand in the midst of a step;
// on threads any number of them may have their turn as soon as the lock is free, and here one does.
type watched struct {
	strand.Model
	unlocked func()
	waits    bool
}

func (m *watched) Unlock() {
	m.Model.Unlock()
	if !m.waits {
		m.unlocked()
	}
}

func (m *watched) NewWaiter() strand.Waiter { return &watchedWaiter{m.Model.NewWaiter(), m} }

type watchedWaiter struct {
	strand.Waiter
	model *watched
}

func (w *watchedWaiter) Wait(until time.Time) error {
	w.model.waits = true
	return w.Waiter.Wait(until)
}

// A message reaches a client whenever it comes: before the client is registered, and it is found; afterwards, and
// the client is woken. So there is a run for each moment in which the lock is free between the question and the
// wait. A hub that checks first and registers then has a moment too many, and the client of that run gets
// nothing before its time is over. It loses nothing by it, as its cursor is unchanged: whoever counts messages
// does not see the fault.
func TestAMessageMayComeAtAnyMomentBeforeTheWait(t *testing.T) {
	const most = 20 // moments; more than there are
	for moment := 1; moment <= most; moment++ {
		came := false
		on(t, 1, func(n *network) {
			model := &watched{n.scheduler, func() {}, false}
			n.hubs = append(n.hubs, hub.New(model, func(f sequencer.Frame) error {
				return n.mail.Send(func() { n.order.Frame(1, f) })
			}))
			n.order.Joined(1)
			n.publish(0, "z", "before")
			n.gets(1, "z", at(0), "before → 1")

			passed := 0
			model.unlocked, model.waits = func() {
				if passed++; passed == moment {
					came = true
					n.publish(0, "a", "hello")
				}
			}, false
			b, err := n.hubs[1].Events("a", at(1), n.scheduler.Now().Add(50*time.Millisecond))
			if got := inWords(b, err); came && got != "hello → 2" {
				t.Errorf("a message came at moment %d, and the client got %s", moment, got)
			}
		})
		if !came {
			if moment == 1 {
				t.Error("the lock was never free before a wait: nothing was tested")
			}
			return
		}
	}
	t.Error("a client takes more moments than it should")
}
