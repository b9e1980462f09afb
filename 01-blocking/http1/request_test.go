package http1

import "testing"

func TestPathAndQuery(t *testing.T) {
	for _, c := range []struct{ target, path, query string }{
		{"/", "/", ""},
		{"/wait", "/wait", ""},
		{"/wait?", "/wait", ""},
		{"/wait?a=1&b=2?c", "/wait", "a=1&b=2?c"},
		{"/?http://h/x", "/", "http://h/x"},
		{"//h/x", "//h/x", ""},
		{"/%77ait", "/%77ait", ""},
		{"http://h/wait?x", "/wait", "x"},
		{"hTTps://h:80/wait", "/wait", ""},
		{"http://h", "/", ""},
		{"http://h?x/y", "/", "x/y"},
		{"*", "*", ""},
	} {
		r := Request{Target: []byte(c.target)}
		if path, query := string(r.Path()), string(r.Query()); path != c.path || query != c.query {
			t.Errorf("%s: path %q, query %q; want %q, %q", c.target, path, query, c.path, c.query)
		}
	}
}

func TestGet(t *testing.T) {
	r := Request{Header: []Field{{[]byte("Content-TYPE"), []byte("a")}, {[]byte("content-type"), []byte("b")}, {[]byte("Empty"), nil}}}
	if v, ok := r.Get("content-type"); string(v) != "a" || !ok {
		t.Errorf("content-type: %q, %v", v, ok)
	}
	if v, ok := r.Get("empty"); len(v) != 0 || !ok {
		t.Errorf("empty: %q, %v", v, ok)
	}
	for _, name := range []string{"content-typ", "content-type2", "content_type", ""} {
		if v, ok := r.Get(name); ok {
			t.Errorf("%s: %q, %v", name, v, ok)
		}
	}
}

func TestFraming(t *testing.T) {
	for _, c := range []struct {
		r    Request
		want Framing
	}{
		{Request{Method: []byte("GET"), Minor: 1}, Framing{Minor: 1}},
		{Request{Method: []byte("HEAD"), Minor: 1, Close: true}, Framing{Minor: 1, Head: true, Close: true}},
		{Request{Method: []byte("head")}, Framing{}},
	} {
		if got := c.r.Framing(); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.r.Method, got, c.want)
		}
	}
}

func TestEqualFold(t *testing.T) {
	const bytes = "abcdefghijklmnopqrstuvwxyz0123456789-:/."
	for c := rune(0x20); c < 0x100; c++ {
		for _, lower := range []byte(bytes) {
			want := byte(c) == lower || 'a' <= lower && lower <= 'z' && byte(c) == lower-'a'+'A'
			if got := equalFold([]byte{byte(c)}, string(lower)); got != want {
				t.Errorf("equalFold(%q, %q) is %v", c, lower, got)
			}
		}
	}
	if equalFold([]byte("Host"), "hos") || equalFold([]byte("Hos"), "host") {
		t.Error("the length does not count")
	}
}

func TestControl(t *testing.T) {
	for c := range 256 {
		want := c < 0x20 && c != '\t' || c == 0x7f
		for at := range 20 { // before, in, and after the eight bytes that are looked at together
			b := make([]byte, 20)
			for i := range b {
				b[i] = "\x80\xffa\t ~"[i%6]
			}
			b[at] = byte(c)
			for from := range at + 1 {
				if got := control(b, from); (got == at) != want || !want && got != len(b) {
					t.Fatalf("control(%q, %d) is %d", b, from, got)
				}
			}
		}
	}
	if got := control([]byte("a\x00bcdefg\x01\x00"), 2); got != 8 {
		t.Errorf("the first control character behind one is at %d, want 8", got)
	}
}
