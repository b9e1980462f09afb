package hub_test

import (
	"fmt"
	"testing"
	"time"

	"example.com/c10k/05-comet/hub"
)

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
