package hub

import (
	"time"

	"example.com/c10k/01-blocking/strand"
)

// fanSlice is how many clients are woken before everybody else has a turn. Each writes an answer, some 5 to 10
// microseconds, so that a slice keeps others waiting for 10 to 20 ms. Smaller ones cost: between two of them the
// kernel is asked, and those who have their answer begin to close or to ask again, a few at a time. With slices
// of 512 a notify of 4,000 took about a tenth more processor time in all.
const fanSlice = 2048

// A fan is what remains to be woken of those whose wait has ended.
type fan struct {
	queue   [][]*waiter
	running bool
	began   time.Time
	woken   int
}

// wake wakes strands whose wait has ended: a slice at once, the rest by and by.
func (h *Hub) wake(ended []*waiter) {
	if len(ended) == 0 {
		return
	}
	h.fan.queue = append(h.fan.queue, ended)
	if h.fan.running {
		return
	}
	h.fan.running, h.fan.began, h.fan.woken = true, h.model.Now(), 0
	h.wakeSlice(fanSlice)
	h.model.Go("fan-out", h.fanOut)
}

// fanOut wakes the others. A wait whose time has come is how a strand lets all others go first: those that
// were woken, and what the network has brought meanwhile.
func (h *Hub) fanOut() {
	turn := h.model.NewWaiter()
	for {
		slice := fanSlice
		if turn.Wait(h.model.Now()) != strand.ErrTimeout {
			slice = 1 << 30 // no more turns: the server stops
		}
		h.model.Lock()
		if len(h.fan.queue) == 0 {
			h.fan.running = false
			h.counters.Fan.add(h.fan.woken, h.model.Now().Sub(h.fan.began))
			h.model.Unlock()
			return
		}
		h.wakeSlice(slice)
		h.model.Unlock()
	}
}

func (h *Hub) wakeSlice(most int) {
	for most > 0 && len(h.fan.queue) > 0 {
		list := h.fan.queue[0]
		n := min(most, len(list))
		for i, w := range list[:n] {
			w.place.Wake()
			list[i] = nil
		}
		h.fan.woken += n
		most -= n
		if h.fan.queue[0] = list[n:]; n == len(list) {
			h.fan.queue = h.fan.queue[1:]
		}
	}
}
