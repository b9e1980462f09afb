package hub_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
	"example.com/c10k/05-comet/hub"
	"example.com/c10k/05-comet/sequencer"
)

// A network is some hubs and their sequencer, on one scheduler, joined by queues that a coroutine empties.
type network struct {
	*testing.T
	scheduler *coro.Scheduler
	order     *sequencer.Sequencer[int]
	hubs      []*hub.Hub
	mail      *strand.Chan[func()]
	silent    map[int]bool // whose frames are held back
	held      []func()
}

const epoch = 7

// on runs a test with some hubs. How many messages the sequencer keeps, beyond what is usual, may be said.
func on(t *testing.T, hubs int, test func(n *network), keep ...int) {
	t.Helper()
	p, err := poll.New(poll.Names()[0])
	if err != nil {
		t.Fatal(err)
	}
	k, err := system.New(p)
	if err != nil {
		t.Fatal(err)
	}
	s := coro.New(k, coro.Options{Poison: true})
	n := &network{T: t, scheduler: s, mail: strand.NewChan[func()](s, 1000), silent: map[int]bool{}}
	limits := sequencer.DefaultLimits
	if len(keep) > 0 {
		limits.Messages = keep[0]
	}
	n.order = sequencer.New(sequencer.Config[int]{Epoch: epoch, Limits: limits, Send: n.toHub, After: n.after, Now: s.Now})
	for i := range hubs {
		n.hubs = append(n.hubs, hub.New(s, func(f sequencer.Frame) error {
			if n.silent[i] {
				n.held = append(n.held, func() { n.order.Frame(i, f) })
				return nil
			}
			return n.mail.Send(func() { n.order.Frame(i, f) })
		}))
		n.order.Joined(i)
	}
	ended := make(chan error, 1)
	main := func() {
		s.Daemon("mail", func() {
			for {
				deliver, err := n.mail.Recv()
				if err != nil {
					return
				}
				deliver()
			}
		})
		test(n)
	}
	go func() { ended <- s.Run(main) }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
		k.End()
	case <-time.After(standstill):
		t.Fatalf("the hubs and their clients have not ended within %v: somebody waits for what does not come, or is woken again and again", standstill)
	}
}

// standstill is when a test is given up; only a fault takes as long.
const standstill = 30 * time.Second

func (n *network) toHub(i int, f sequencer.Frame) {
	n.mail.Send(func() { n.hubs[i].Receive(f) })
}

func (n *network) after(d time.Duration, fn func()) func() {
	stopped := false
	n.scheduler.Daemon("alarm", func() {
		if n.scheduler.Sleep(d) == nil && !stopped {
			n.mail.Send(fn)
		}
	})
	return func() { stopped = true }
}

// park starts waiters on a hub and returns when they wait; what each was told comes out of the channel.
func (n *network) park(i, waiters int) *strand.Chan[int] {
	told := strand.NewChan[int](n.scheduler, waiters)
	for range waiters {
		n.scheduler.Go("waiter", func() {
			v, err := n.hubs[i].Wait()
			if err != nil {
				v = -1
			}
			told.Send(v)
		})
	}
	n.scheduler.Yield()
	return told
}

func (n *network) count(want int) {
	n.Helper()
	if got, err := n.hubs[0].Count(); got != want || err != nil {
		n.Errorf("count: %d, %v; want %d", got, err, want)
	}
}

func (n *network) all(told *strand.Chan[int], waiters, want int) {
	n.Helper()
	for range waiters {
		if got, err := told.RecvUntil(n.scheduler.Now().Add(10 * time.Second)); got != want || err != nil {
			n.Errorf("a waiter was told %d, %v; want %d", got, err, want)
		}
	}
}

func TestNotifyReachesTheWaitersOfAllHubs(t *testing.T) {
	on(t, 3, func(n *network) {
		a, b := n.park(0, 5), n.park(2, 4)
		n.count(9)
		if got, err := n.hubs[1].Notify(); got != 9 || err != nil {
			t.Errorf("%d, %v", got, err)
		}
		n.all(a, 5, 9)
		n.all(b, 4, 9)
		n.count(0)
		if got, err := n.hubs[1].Notify(); got != 0 || err != nil {
			t.Errorf("with nobody: %d, %v", got, err)
		}
	})
}

// Who comes while a round runs belongs to the next one.
func TestALateWaiterBelongsToTheNextRound(t *testing.T) {
	on(t, 2, func(n *network) {
		early := n.park(0, 2)
		n.silent[1] = true // the round stays open
		first := strand.NewChan[int](n.scheduler, 1)
		n.scheduler.Go("notifier", func() { v, _ := n.hubs[0].Notify(); first.Send(v) })
		for len(n.held) == 0 {
			n.scheduler.Yield()
		}
		late := n.park(0, 3)
		n.silent[1] = false
		n.held[0]()
		if v, err := first.Recv(); v != 2 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
		n.all(early, 2, 2)
		n.count(3)
		n.hubs[1].Notify()
		n.all(late, 3, 3)
	})
}

// A hub that answers too late gets its list back, and the next round takes it.
func TestAListThatCameTooLateIsPutBack(t *testing.T) {
	on(t, 2, func(n *network) {
		told := n.park(1, 4)
		n.silent[1] = true
		if v, err := n.hubs[0].Notify(); v != 0 || err != nil {
			t.Errorf("without the silent one: %d, %v", v, err)
		}
		n.silent[1] = false
		n.held[0]()
		n.count(4)
		if v, err := n.hubs[0].Notify(); v != 4 || err != nil {
			t.Errorf("then: %d, %v", v, err)
		}
		n.all(told, 4, 4)
	})
}

func TestAWaiterThatIsCancelledIsForgotten(t *testing.T) {
	on(t, 1, func(n *network) {
		n.park(0, 2)
		ended := strand.NewChan[error](n.scheduler, 1)
		leave := canceled(n.scheduler, func() { _, err := n.hubs[0].Wait(); ended.Send(err) })
		n.count(3)
		leave()
		if err, _ := ended.Recv(); err != strand.ErrCanceled {
			t.Errorf("its wait ended with %v", err)
		}
		n.count(2)
		if v, _ := n.hubs[0].Notify(); v != 2 {
			t.Errorf("notify woke %d", v)
		}
	})
}

// Who leaves while a round has the list is counted by it, and waits no more; the others are told.
func TestAWaiterMayLeaveWhileItIsAside(t *testing.T) {
	on(t, 2, func(n *network) {
		leave := canceled(n.scheduler, func() { n.hubs[0].Wait() })
		n.count(1)
		told := n.park(0, 2)
		n.silent[1] = true // the round stays open
		first := strand.NewChan[int](n.scheduler, 1)
		n.scheduler.Go("notifier", func() { v, _ := n.hubs[0].Notify(); first.Send(v) })
		for len(n.held) == 0 {
			n.scheduler.Yield()
		}
		late := n.park(0, 1)
		leave()
		n.scheduler.Sleep(time.Millisecond) // its handler is told in the next turn
		n.silent[1] = false
		n.held[0]()
		if v, err := first.Recv(); v != 3 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
		n.all(told, 2, 3)
		n.count(1)
		n.hubs[0].Notify()
		n.all(late, 1, 1)
	})
}

// canceled runs fn for a client that leaves when the returned function is called.
func canceled(s *coro.Scheduler, fn func()) (leave func()) {
	l, _ := s.Listen("127.0.0.1:0", coro.ListenOptions{Backlog: 1})
	s.Go("handler", func() {
		c, _ := l.Accept()
		l.Close()
		c.Handle()
		fn()
		c.Close()
	})
	c, _ := s.Dial(l.At().String(), time.Time{})
	return func() { c.Close() }
}

func TestTheListKeepsItsOrderOfIndices(t *testing.T) {
	on(t, 1, func(n *network) {
		var leaves []func()
		for range 5 {
			leaves = append(leaves, canceled(n.scheduler, func() { n.hubs[0].Wait() }))
		}
		n.count(5)
		var counts []int
		for _, i := range []int{1, 4, 0, 3, 2} { // from the middle, the end, the beginning
			leaves[i]()
			for {
				c, err := n.hubs[0].Count()
				if err != nil || c == 4-len(counts) {
					counts = append(counts, c)
					break
				}
			}
		}
		if d := cmp.Diff([]int{4, 3, 2, 1, 0}, counts); d != "" {
			t.Error(d)
		}
	})
}
