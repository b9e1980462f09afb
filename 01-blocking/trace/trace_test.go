package trace_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/01-blocking/trace"
)

// A ticking clock is a second later each time that it is asked.
func ticking() func() time.Time {
	now := time.Unix(0, 0)
	return func() time.Time { now = now.Add(time.Second); return now }
}

// story records one client that connects, is accepted, asks, waits in a handler and is answered. Each event
// is a second after the one before.
func story(r *trace.Recorder) {
	const strand = 7
	r.Connect() // 1
	c := r.Accept()
	c.Begin(strand)
	c.Park(trace.ForRead) // 3
	c.Resume()
	c.Read(20)                     // 5
	r.Park(strand, trace.ForWake)  // 6
	r.Resume(strand)               // 7
	c.Write(100)                   // 8
	c.Write(50)                    // 9
	c.Close()                      // 10
	r.Park(strand, trace.ForWrite) // 11: the strand carries nobody any more
}

func TestALifeBecomesALane(t *testing.T) {
	r := trace.New(ticking(), 0)
	story(r)
	const s = time.Second
	want := []*trace.Lane{{Connection: 1, Strand: 7, Connected: 1 * s, Accepted: 2 * s, Answered: 8 * s, Closed: 10 * s,
		Spans: []trace.Span{
			{From: 1 * s, To: 2 * s, State: trace.Queued},
			{From: 2 * s, To: 3 * s, State: trace.Running},
			{From: 3 * s, To: 4 * s, State: trace.Waiting, For: trace.ForRead},
			{From: 4 * s, To: 6 * s, State: trace.Running},
			{From: 6 * s, To: 7 * s, State: trace.Waiting, For: trace.ForWake},
			{From: 7 * s, To: 10 * s, State: trace.Running},
		}}}
	if diff := cmp.Diff(want, r.Recording("story").Lanes()); diff != "" {
		t.Error(diff)
	}
}

// What has not ended when the recording is taken goes on until then.
func TestWhatIsOpenLastsToTheEnd(t *testing.T) {
	r := trace.New(ticking(), 0)
	r.Connect()
	r.Connect()
	r.Accept().Park(trace.ForRead)
	lanes := r.Recording("open").Lanes() // at 5 s
	if len(lanes) != 2 {
		t.Fatalf("%d lanes of 2 clients", len(lanes))
	}
	for i, want := range []trace.State{trace.Waiting, trace.Queued} {
		last := lanes[i].Spans[len(lanes[i].Spans)-1]
		if last.State != want || last.To != 5*time.Second {
			t.Errorf("client %d ends %s at %v, and was %s until the end, at 5s", i+1, last.State, last.To, want)
		}
	}
	if lanes[1].Accepted != trace.Never || lanes[0].Closed != trace.Never {
		t.Error("what did not happen has a time")
	}
}

// A server may accept before the client has heard that it is connected.
func TestAcceptedBeforeConnected(t *testing.T) {
	r := trace.New(ticking(), 0)
	c := r.Accept()
	r.Connect()
	c.Close()
	want := []trace.Span{{From: time.Second, To: 3 * time.Second, State: trace.Running}}
	if diff := cmp.Diff(want, r.Recording("quick").Lanes()[0].Spans); diff != "" {
		t.Error(diff)
	}
}

func TestTheBoundKeepsTheFirstAndCountsTheRest(t *testing.T) {
	r := trace.New(ticking(), 3)
	story(r)
	recording := r.Recording("bounded")
	if n := len(recording.Events); n != 3 || recording.Events[0].Kind != trace.Connect {
		t.Errorf("%d events are kept, from %v on; the first 3 were wanted", n, recording.Events[0])
	}
	if recording.Dropped != 8 {
		t.Errorf("it says that %d events were dropped, and 8 were", recording.Dropped)
	}
}

func TestAFileIsReadAsItWasWritten(t *testing.T) {
	r := trace.New(ticking(), 5)
	story(r)
	written := r.Recording("file")
	var file bytes.Buffer
	if err := written.Write(&file); err != nil {
		t.Fatal(err)
	}
	read, err := trace.ReadRecording(&file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(written, read); diff != "" {
		t.Error(diff)
	}
	if _, err := trace.ReadRecording(bytes.NewBufferString(`{"title": "x", "evnets": []}`)); err == nil {
		t.Error("a misspelt key was taken")
	}
}

// nil is a recorder: nothing is recorded, nothing is allocated, nothing fails.
func TestNilCostsNothing(t *testing.T) {
	var r *trace.Recorder
	if n := testing.AllocsPerRun(100, func() { story(r) }); n != 0 {
		t.Errorf("a nil recorder allocates %v times", n)
	}
	if recording := r.Recording("nothing"); len(recording.Events) != 0 {
		t.Errorf("a nil recorder has %d events", len(recording.Events))
	}
}

func TestManyStrandsRecord(t *testing.T) {
	const strands, reads = 8, 2000
	r := trace.New(time.Now, 0)
	var all sync.WaitGroup
	for range strands {
		all.Go(func() {
			c := r.Accept()
			for range reads {
				c.Read(1)
			}
			c.Close()
		})
	}
	all.Wait()
	recording := r.Recording("many")
	if n := len(recording.Events); n != strands*(reads+2) {
		t.Errorf("%d events of %d", n, strands*(reads+2))
	}
	for i := 1; i < len(recording.Events); i++ {
		if recording.Events[i].At < recording.Events[i-1].At {
			t.Fatalf("event %d is before the one before it", i)
		}
	}
}

func BenchmarkNil(b *testing.B) {
	var c *trace.Connection
	for b.Loop() {
		c.Park(trace.ForRead)
	}
}
