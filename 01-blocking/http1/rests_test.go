package http1

import "testing"

// A parser that rests can be replaced by another one: so what a message, or the way to it, has left behind must
// be gone. Each piece is fed after the one before was parsed.
func TestRests(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	const post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"
	for _, c := range []struct {
		name   string
		pieces []string
		last   bool // look after the last piece's request, and not only when more is needed
		rests  bool
	}{
		{"nothing yet", nil, false, true},
		{"a request", []string{get}, true, true},
		{"a request, and more is needed", []string{get}, false, true},
		{"a request in two pieces", []string{get[:9], get[9:]}, false, true},
		{"a part of a head", []string{get[:9]}, false, false},
		{"a head without its body", []string{post}, false, false},
		{"a part of a body", []string{post, "he"}, false, false},
		{"a body that is charged while it is lent", []string{post, "hello"}, true, false},
		{"a body that is lent no longer", []string{post, "hello"}, false, true},
		{"a byte of the next request", []string{get + "G"}, true, false},
		{"an empty line, of which there may be four", []string{"\r\n"}, false, false},
		{"a fault", []string{"GET\r\n\r\n"}, false, false},
	} {
		var request Request
		p := NewParser(&request, &Limits{Head: 1 << 10, Fields: 10, Body: 10, Bodies: NewBudget(100)})
		for i, piece := range c.pieces {
			p.Feed([]byte(piece))
			for {
				r, err := p.Next()
				if r == nil || err != nil || c.last && i == len(c.pieces)-1 {
					break
				}
			}
		}
		if rests := p.Rests(); rests != c.rests {
			t.Errorf("after %s it rests: %v", c.name, rests)
		}
	}
}
