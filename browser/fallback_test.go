package browser

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A withholder is a proxy that passes an answer on when it has all of it, as one does that compresses, or looks for
// viruses. A stream has no end, so nothing of it arrives. nginx, told to buffer, is not one of them: it passes on what
// it has as soon as the client takes it.
type withholder struct {
	*httptest.Server
	held atomic.Int64 // streams that are being held back
}

func withholding(t *testing.T, s *server) *withholder {
	to, err := url.Parse(s.page)
	if err != nil {
		t.Fatal(err)
	}
	w := &withholder{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		onward := r.Clone(r.Context()) // when the browser leaves, so does the proxy
		onward.URL.Scheme, onward.URL.Host, onward.RequestURI = "http", to.Host, ""
		if r.URL.Path == "/stream" {
			w.held.Add(1)
			defer w.held.Add(-1)
		}
		answer, err := http.DefaultTransport.RoundTrip(onward)
		if err != nil {
			out.WriteHeader(http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		all, err := io.ReadAll(answer.Body)
		if err != nil {
			return
		}
		for name, values := range answer.Header {
			out.Header()[name] = values
		}
		out.WriteHeader(answer.StatusCode)
		out.Write(all)
	}))
	t.Cleanup(func() { w.CloseClientConnections(); w.Close() })
	return w
}

// tenTimes makes the page's time run faster: its patience with a stream is seconds.
const tenTimes = `window.setTimeout = (call => (what, after, ...rest) => call(what, after / 10, ...rest))(window.setTimeout)`

// Behind a proxy that holds streams back, a message of one's own that does not come back is how the page learns of
// it. It asks by long polls from then on, and has everything once: what was published before, meanwhile and after.
func TestAProxyThatHoldsStreamsBack(t *testing.T) {
	b := startBrowser(t)
	s := startServer(t, "-workers", "2", "-drain-window", "200ms")
	proxy := withholding(t, s)
	s.ask("POST", "/topics/chat", "before the page was there")
	tab := b.open(proxy.URL+"/ui/", first(tenTimes))
	s.await("the stream is asked for", `"streams":1,`) // of the statistics' stream, which is no topic, it is silent
	if held, seen := proxy.held.Load(), tab.texts(); held != 1 || len(seen) > 0 {
		t.Fatalf("%d streams are held back, and the page has %q", held, seen)
	}
	tab.say("my own")
	if way := value[string](tab, `document.getElementById('transport').value`); way != "poll" {
		t.Errorf("the page still listens by %s", way)
	}
	s.await("the stream is given up", `"streams":0,`)
	want := []string{"before the page was there", "my own"}
	for i := range 3 {
		want = append(want, fmt.Sprint("from a shell ", i))
		s.ask("POST", "/topics/chat", want[len(want)-1])
		if i == 1 {
			s.reload()
		}
	}
	tab.await(fmt.Sprintf(`document.querySelectorAll('#messages li').length >= %d`, len(want)))
	if d := cmp.Diff(want, tab.texts()); d != "" {
		t.Error("messages (-want +got):", d)
	}
	if state := value[string](tab, `document.getElementById('chat-state').textContent`); !strings.Contains(state, "live") {
		t.Errorf("the page says %q", state)
	}
	b.silent()
}
