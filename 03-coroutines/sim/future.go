package sim

import (
	"container/heap"
	"time"
)

// A happening is something that the future holds: a packet arrives, a connection is decided, it breaks.
type happening interface{ happen(*World) }

// An action is a happening that a scenario planned.
type action func()

func (a action) happen(*World) { a() }

// future is what will happen, the earliest first; of two at the same time the one that was planned first.
type future struct {
	entries []entry
	planned uint64
}

type entry struct {
	at    time.Duration
	order uint64
	what  happening
}

// plan has something happen after d.
func (w *World) plan(d time.Duration, what happening) { w.planAt(w.now+d, what) }

func (w *World) planAt(at time.Duration, what happening) {
	w.future.planned++
	heap.Push(&w.future, entry{at, w.future.planned, what})
}

// catchUp lets everything happen whose time has come.
func (w *World) catchUp() {
	for len(w.future.entries) > 0 && w.future.entries[0].at <= w.now {
		heap.Pop(&w.future).(entry).what.happen(w)
	}
}

func (f *future) first() (at time.Duration, some bool) {
	if len(f.entries) == 0 {
		return 0, false
	}
	return f.entries[0].at, true
}

// The five methods of heap.Interface.

func (f *future) Len() int { return len(f.entries) }
func (f *future) Less(i, j int) bool {
	a, b := &f.entries[i], &f.entries[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}
func (f *future) Swap(i, j int) { f.entries[i], f.entries[j] = f.entries[j], f.entries[i] }
func (f *future) Push(e any)    { f.entries = append(f.entries, e.(entry)) }
func (f *future) Pop() any {
	last := len(f.entries) - 1
	e := f.entries[last]
	f.entries[last] = entry{}
	f.entries = f.entries[:last]
	return e
}
