package http1

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"weak"
)

func mustNext(t *testing.T, p *Parser) *Request {
	t.Helper()
	r, err := p.Next()
	if r == nil || err != nil {
		t.Fatalf("Next: %v, %v; want a request", r, err)
	}
	return r
}

func mustNeedMore(t *testing.T, p *Parser) {
	t.Helper()
	if r, err := p.Next(); r != nil || err != nil {
		t.Fatalf("Next: %v, %v; want neither", r, err)
	}
}

// While a handler waits, the scheduler feeds what arrives. The handler's request must survive that, if
// it lies in the parser's memory; and what arrives must be the next requests.
func TestFedWhileARequestIsInUse(t *testing.T) {
	var request Request
	parser := NewParser(&request, nil)
	parser.Feed([]byte("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe"))
	mustNeedMore(t, &parser)
	parser.Feed([]byte("lloGET /b HTTP/1.1\r\n"))
	first := mustNext(t, &parser)
	parser.Keep()
	_ = append(first.Body, "\x00"...) // what a handler appends goes to memory of its own
	for _, piece := range []string{"Ho", "st: h\r\n", "\r\n", string(wrkRequest)} {
		lent := []byte(piece)
		parser.Feed(lent)
		parser.Keep()
		spoil(lent)
	}
	if string(first.Target) != "/a" || string(first.Body) != "hello" {
		t.Errorf("the request in use became %q with body %q", first.Target, first.Body)
	}
	for _, want := range []string{"/b", "/"} {
		if got := mustNext(t, &parser); string(got.Target) != want {
			t.Errorf("got %q, want %q", got.Target, want)
		}
	}
	mustNeedMore(t, &parser)
}

// Ten thousand clients wait between two requests: for them a parser must hold nothing at all.
func TestNothingIsHeldWhenNothingIsPending(t *testing.T) {
	var request Request
	parser := NewParser(&request, nil)
	for _, pieces := range [][]string{
		{string(wrkRequest)},
		strings.Split(string(wrkRequest), ""),
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe", "llo"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe", "\r\n0\r\n\r\n\r\n"},
	} {
		for _, piece := range pieces {
			parser.Feed([]byte(piece))
			if r, err := parser.Next(); err != nil {
				t.Fatal(err)
			} else if r != nil {
				mustNeedMore(t, &parser)
			}
		}
		if parser.Stage() != Idle || parser.bytes != nil {
			t.Errorf("after %q the parser is at stage %d and holds %d bytes", pieces, parser.Stage(), cap(parser.bytes))
		}
	}
}

// A few bytes of the next request must not keep the memory of the one before.
func TestASmallRestIsMovedOutOfALargeBuffer(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 1<<20)
	limits := DefaultLimits
	limits.Bodies = NewBudget(2 << 20)
	var request Request
	parser := NewParser(&request, &limits)
	const head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1048576\r\n\r\n"
	parser.Feed([]byte(head))
	mustNeedMore(t, &parser)
	for n := 0; n < len(body); n += 16 << 10 {
		parser.Feed(body[n : n+16<<10])
		if n+16<<10 < len(body) {
			mustNeedMore(t, &parser)
			if held := limits.Bodies.Held(); held != cap(parser.bytes) || held > len(head)+len(body) {
				t.Fatalf("after %d bytes %d are counted and %d held", n, held, cap(parser.bytes))
			}
		}
	}
	parser.Feed([]byte("GET "))
	r := mustNext(t, &parser)
	if !bytes.Equal(r.Body, body) {
		t.Fatal("the body is not what was sent")
	}
	memory := weak.Make(&r.Body[0])
	if limits.Bodies.Held() == 0 {
		t.Error("a body in use is not counted")
	}
	mustNeedMore(t, &parser)
	request = Request{}
	runtime.GC()
	if memory.Value() != nil {
		t.Errorf("%d bytes that are pending keep a body of 1 MiB", parser.Buffered())
	}
	runtime.KeepAlive(&parser)
	if held := limits.Bodies.Held(); held != 0 {
		t.Errorf("%d bytes are counted after the request", held)
	}
}

func TestBudget(t *testing.T) {
	limits := &Limits{Head: 1 << 10, Fields: 10, Body: 1 << 10, Bodies: NewBudget(1500)}
	const head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n"
	half := strings.Repeat("x", 500)
	var request Request
	first, second, whole := NewParser(&request, limits), NewParser(&request, limits), NewParser(&request, limits)

	first.Feed([]byte(head + half))
	mustNeedMore(t, &first)
	first.Feed([]byte(half[1:]))
	mustNeedMore(t, &first)
	second.Feed([]byte(head + half))
	if r, err := second.Next(); r != nil || err != errBudget {
		t.Fatalf("beyond the budget: %v, %v; want %v", r, err, errBudget)
	}
	whole.Feed([]byte(head + half + half)) // it lies in the caller's buffer and counts nothing
	mustNext(t, &whole)

	first.Feed([]byte("x"))
	mustNext(t, &first)
	first.Release()
	if held := limits.Bodies.Held(); held != 0 {
		t.Fatalf("%d bytes are counted and nobody holds any", held)
	}
	third := NewParser(&request, limits)
	third.Feed([]byte(head + half))
	mustNeedMore(t, &third)
	third.Release() // in the middle of a body
	if held := limits.Bodies.Held(); held != 0 {
		t.Fatalf("%d bytes are counted after Release", held)
	}
	faulty := NewParser(&request, limits)
	faulty.Feed([]byte("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"))
	mustNeedMore(t, &faulty)
	faulty.Feed([]byte("x\r\n"))
	if _, err := faulty.Next(); err != errChunkSize || limits.Bodies.Held() != 0 {
		t.Fatalf("after %v %d bytes are counted", err, limits.Bodies.Held())
	}
}

func TestBudgetOfAClient(t *testing.T) {
	limits := &Limits{Head: 1 << 10, Fields: 10, Body: 1 << 10, Bodies: NewBudget(1500)}
	var answer Answer
	client := NewResponseParser(&answer, limits)
	for _, piece := range []string{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "hi", ""} {
		client.Feed([]byte(piece))
		a, err := client.Next()
		if err != nil || (a != nil) != (piece == "hi") || (limits.Bodies.Held() == 0) != (piece == "") {
			t.Fatalf("after %q: %v, %v, and %d bytes are counted", piece, a, err, limits.Bodies.Held())
		}
	}
}

// A head that comes byte by byte is searched once, and its memory grows by doubling.
func TestByteByByteIsLinear(t *testing.T) {
	head := []byte("GET / HTTP/1.1\r\nHost: h\r\nA: " + strings.Repeat("a", 16000) + "\r\n\r\n")
	var request Request
	feed := func() {
		parser := NewParser(&request, nil)
		for i := range head[1:] {
			request.Method = nil
			parser.Feed(head[i : i+1])
			mustNeedMore(t, &parser)
			if i > 0 && request.Method != nil {
				t.Fatalf("at byte %d the head was parsed from its beginning", i)
			}
			if behind := i + 1 - int(parser.searched); behind > 1 {
				t.Fatalf("at byte %d, %d bytes would be searched again", i, behind)
			}
		}
		parser.Feed(head[len(head)-1:])
		mustNext(t, &parser)
	}
	if n := testing.AllocsPerRun(1, feed); n > 16 {
		t.Errorf("%.0f allocations for a head of 16 KiB", n)
	}
}

func TestNoAllocations(t *testing.T) {
	var date Date
	var second int64
	out := make([]byte, 0, 1024)
	post := []byte("POST /notify HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello")
	parse := func(fed []byte, requests int) func() {
		var request Request
		parser := NewParser(&request, nil)
		return func() {
			parser.Feed(fed)
			for range requests {
				mustNext(t, &parser)
			}
			mustNeedMore(t, &parser)
		}
	}
	refused := []byte("GET / HTTP/1.1\nHost: h\n\n")
	var request Request
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"wrk's request", parse(wrkRequest, 1)},
		{"a browser's", parse(browserRequest, 1)},
		{"with a body", parse(post, 1)},
		{"sixteen of them", parse(bytes.Repeat(post, 16), 16)},
		{"a refusal", func() {
			parser := NewParser(&request, nil)
			parser.Feed(refused)
			if _, err := parser.Next(); err != errBareLF {
				t.Fatal(err)
			}
		}},
		{"an answer, with a new date", func() {
			second++
			out = AppendResponse(out[:0], Framing{}, everything, date.At(time1994.Add(seconds(second))))
		}},
		{"a client's request", func() {
			out = AppendRequest(out[:0], "POST", "/notify", "h:80", everything.Header, post)
		}},
	} {
		if n := testing.AllocsPerRun(100, c.run); n != 0 {
			t.Errorf("%s: %.0f allocations, want 0", c.name, n)
		}
	}
}

// What a handler appends to a slice of the request must not be written over the bytes behind it.
func TestWhatIsAppendedGoesElsewhere(t *testing.T) {
	var request Request
	parser := NewParser(&request, nil)
	fed := "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi" + string(wrkRequest)
	lent := []byte(fed)
	parser.Feed(lent)
	r := mustNext(t, &parser)
	for _, b := range [][]byte{r.Method, r.Target, r.Body, r.Header[0].Name, r.Header[0].Value, r.Header[1].Name, r.Header[1].Value} {
		if _ = append(b, 0); string(lent) != fed {
			t.Fatalf("a byte appended to %q made it %q", b, lent)
		}
	}
}
