// Package trace records what a server did and when, so that a picture can be drawn from a run.
//
// A [Recorder] is given to an engine; nil is a recorder too, and records nothing. The engine says when it
// accepted a connection, and then through [Connection] when that connection's strand read, wrote, began to
// wait, went on, and closed. A load in the same process may add when its clients had connected: that is what
// nobody but the client knows while the server is busy elsewhere.
//
// The contract: any strand may call at any time. A nil Recorder or Connection costs a comparison. What is
// kept is bounded: the first events count, because a wall is seen at its beginning, and what comes after the
// bound is counted and dropped ([Recording].Dropped).
//
// What this package does not do: it draws nothing (docs/timeline does), it writes no file by itself, and it
// reads no clock but the one that it is given.
package trace

import (
	"sync"
	"time"
)

// A Kind is what happened.
type Kind string

const (
	Connect Kind = "connect" // a client's connection stands; recorded by the client
	Accept  Kind = "accept"  // the server took it from the listener's queue
	Read    Kind = "read"    // bytes arrived
	Park    Kind = "park"    // the connection's strand began to wait
	Resume  Kind = "resume"  // and went on
	Write   Kind = "write"   // bytes were handed to the kernel
	Close   Kind = "close"   // the server closed the connection
)

// What a strand waits for when it parks.
const (
	ForRead  = "read"  // the client's bytes
	ForWrite = "write" // room for an answer
	ForWake  = "wake"  // another strand: a handler's wait
)

// An Event is one thing that happened to one connection.
type Event struct {
	At         time.Duration `json:"at"` // nanoseconds since the recorder was made
	Kind       Kind          `json:"kind"`
	Connection int           `json:"connection,omitempty"` // from 1, in the order of Accept; 0: known by its strand
	Strand     int           `json:"strand,omitempty"`     // what carries it, in the engine's numbers; 0: not known
	Bytes      int           `json:"bytes,omitempty"`      // of Read and Write
	For        string        `json:"for,omitempty"`        // of Park
}

// DefaultEvents is the bound of a recorder that is not told another: 65,536 events are 5 MB, and the whole
// life of some eight thousand short connections, more than any picture can show.
const DefaultEvents = 1 << 16

// A Recorder keeps events. The zero value is not ready: use New. nil records nothing.
type Recorder struct {
	now  func() time.Time
	most int

	mutex               sync.Mutex
	start               time.Time
	events              []Event
	dropped             int
	connected, accepted int
}

// New makes a recorder that keeps the first events, at most that many; 0 means DefaultEvents. The clock is
// called while a lock is held, and must not wait.
func New(now func() time.Time, most int) *Recorder {
	if most <= 0 {
		most = DefaultEvents
	}
	return &Recorder{now: now, most: most, start: now()}
}

// Connect says that a client has connected. The nth to connect is taken for the nth that will be accepted,
// which is true when clients connect one after another: a listener's queue keeps their order.
func (r *Recorder) Connect() {
	if r == nil {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.connected++
	r.add(Event{Kind: Connect, Connection: r.connected})
}

// Accept says that the server took a connection, and returns the place to record the rest of its life.
func (r *Recorder) Accept() *Connection {
	if r == nil {
		return nil
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.accepted++
	r.add(Event{Kind: Accept, Connection: r.accepted})
	return &Connection{recorder: r, number: r.accepted}
}

// Park says that a strand waits in a handler, by the number that Begin was given: the handler does not know
// whose connection it serves. Number 0, an unknown strand, is not recorded.
func (r *Recorder) Park(strand int, waitsFor string) {
	if r != nil && strand != 0 {
		r.record(Event{Kind: Park, Strand: strand, For: waitsFor})
	}
}

// Resume says that a strand that waited in a handler goes on.
func (r *Recorder) Resume(strand int) {
	if r != nil && strand != 0 {
		r.record(Event{Kind: Resume, Strand: strand})
	}
}

func (r *Recorder) record(e Event) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.add(e)
}

// add is called with the lock held, so that the events are in the order of their times.
func (r *Recorder) add(e Event) {
	if len(r.events) >= r.most {
		r.dropped++
		return
	}
	e.At = r.now().Sub(r.start)
	r.events = append(r.events, e)
}

// A Connection records the life of one connection. It is used by one strand at a time; nil records nothing.
type Connection struct {
	recorder       *Recorder
	number, strand int
}

// Begin says which strand carries the connection from here on.
func (c *Connection) Begin(strand int) {
	if c != nil {
		c.strand = strand
	}
}

// Read says that so many bytes arrived.
func (c *Connection) Read(bytes int) {
	if c != nil {
		c.record(Event{Kind: Read, Bytes: bytes})
	}
}

// Write says that so many bytes were handed to the kernel.
func (c *Connection) Write(bytes int) {
	if c != nil {
		c.record(Event{Kind: Write, Bytes: bytes})
	}
}

// Park says that the strand is about to wait; whether it really has to, a blocking call does not tell.
func (c *Connection) Park(waitsFor string) {
	if c != nil {
		c.record(Event{Kind: Park, For: waitsFor})
	}
}

// Resume says that the wait is over.
func (c *Connection) Resume() {
	if c != nil {
		c.record(Event{Kind: Resume})
	}
}

// Close says that the server closes the connection.
func (c *Connection) Close() {
	if c != nil {
		c.record(Event{Kind: Close})
	}
}

// record is called by methods that have compared with nil themselves, and are small enough to be inlined.
func (c *Connection) record(e Event) {
	e.Connection, e.Strand = c.number, c.strand
	c.recorder.record(e)
}
