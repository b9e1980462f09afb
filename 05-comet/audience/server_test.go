package audience

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A tinyServer is a comet server on net/http that can be told to be wrong.
type tinyServer struct {
	*httptest.Server
	fault string

	mu      sync.Mutex
	log     []told
	changed chan struct{} // closed and replaced with each message
	erred   bool          // the fault that happens once has happened
}

type told struct {
	ID    uint64 `json:"id"`
	Topic string `json:"topic"`
	Data  string `json:"data"`
}

// What can be wrong.
const (
	right       = "right"
	loses       = "loses a message in one answer"
	doubles     = "tells a message twice in one answer"
	nextIsAfter = "next is the number after the last"
	replays     = "since= is answered with that number too"
	mixes       = "tells topics to others"
	denies      = "publishes, and says that it did not"
	breaksOff   = "ends a stream without its last chunk"
)

func newTinyServer(t *testing.T, fault string) *tinyServer {
	s := &tinyServer{fault: fault, changed: make(chan struct{})}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

const tinyEpoch = 7

func (s *tinyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; path {
	case "/events":
		s.events(w, r)
	case "/stream":
		s.stream(w, r)
	default:
		text, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		id := uint64(len(s.log) + 1)
		s.log = append(s.log, told{id, strings.TrimPrefix(path, "/topics/"), string(text)})
		close(s.changed)
		s.changed = make(chan struct{})
		if s.once(denies, id > 10) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, `{"epoch":%d,"id":%d}`, tinyEpoch, id)
	}
}

// once tells whether a fault that happens once happens now. The caller holds mu.
func (s *tinyServer) once(fault string, may bool) bool {
	if s.fault != fault || s.erred || !may {
		return false
	}
	s.erred = true
	return true
}

// after waits for what comes after a number, and returns the next one to ask with. A client that leaves gets nothing.
func (s *tinyServer) after(r *http.Request, since uint64) (news []told, next uint64) {
	topic := r.URL.Query().Get("topic")
	for {
		s.mu.Lock()
		changed := s.changed
		for _, m := range s.log {
			if (m.Topic == topic || s.fault == mixes) && m.ID > since {
				news = append(news, m)
			}
		}
		next = uint64(len(s.log))
		if len(news) > 0 {
			if s.once(loses, next > 10) {
				news = news[1:]
			}
			if s.once(doubles, next > 10) {
				news = append(news, news[0])
			}
			s.mu.Unlock()
			return news, next
		}
		s.mu.Unlock()
		select {
		case <-changed:
		case <-r.Context().Done():
			return nil, since
		}
	}
}

func (s *tinyServer) events(w http.ResponseWriter, r *http.Request) {
	var epoch, since uint64
	a := struct {
		Epoch  uint64 `json:"epoch"`
		Next   uint64 `json:"next"`
		Events []told `json:"events"`
	}{Epoch: tinyEpoch, Events: []told{}}
	if n, _ := fmt.Sscanf(r.URL.Query().Get("since"), "%d-%d", &epoch, &since); n == 2 {
		if s.fault == replays && since > 0 {
			since--
		}
		a.Events, a.Next = s.after(r, since)
		if s.fault == nextIsAfter {
			a.Next++
		}
	}
	json.NewEncoder(w).Encode(a)
}

func (s *tinyServer) stream(w http.ResponseWriter, r *http.Request) {
	var epoch, since uint64
	fmt.Sscanf(r.Header.Get("Last-Event-ID"), "%d-%d", &epoch, &since)
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "retry: 10\n\nid: %d-%d\n\n", tinyEpoch, since)
	end := time.Now().Add(300 * time.Millisecond) // so that clients have to come back
	if s.fault == replays && since > 0 {
		since--
	}
	for time.Now().Before(end) && r.Context().Err() == nil {
		w.(http.Flusher).Flush()
		var news []told
		news, since = s.after(r, since)
		for _, m := range news {
			fmt.Fprintf(w, "id: %d-%d\ndata: %s\n\n", tinyEpoch, m.ID, m.Data)
		}
	}
	if s.fault == breaksOff {
		panic(http.ErrAbortHandler)
	}
}
