package page

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"net/url"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/http1"
)

// MostDemo is how many clients a demo may start: the number that this is all about.
const MostDemo = 10_000

// demo starts a swarm against this server and answers with lines of JSON, each as it is known: {"say":…}
// for a person, and at the end {"result":…} or {"error":…}.
//
// Whoever may do that can keep the machine busy, so it is for the one who sits at it: the command refuses
// -demo on any address but loopback, and here a request must come from the page itself. Its Origin has to be
// there and be that of its Host, and the Host a loopback name: a foreign page whose name was made to point
// to 127.0.0.1 sends its own name (DNS rebinding). It is a POST, which no link and no image can cause.
func (p *page) demo(r *http1.Request) *http1.Response {
	host, _ := r.Get("host")
	origin, _ := r.Get("origin")
	base := "http://" + string(host)
	if !loopback(base) || string(origin) != base {
		return refuse(403, "the demo is started by the page itself, opened as http://127.0.0.1:PORT"+Path)
	}
	n, err := strconv.Atoi(string(r.Body))
	if err != nil || n < 1 || n > MostDemo {
		return refuse(400, "send how many clients: 1 to "+strconv.Itoa(MostDemo))
	}
	return &http1.Response{Type: "application/x-ndjson", Close: true,
		Header: []http1.Pair{{Name: "Cache-Control", Value: "no-store"}, {Name: "X-Accel-Buffering", Value: "no"}},
		Stream: func(s http1.Sender) error {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel() // and so a page that goes takes its swarm with it
			lines, out := io.Pipe()
			defer lines.Close()
			go p.swarm(ctx, base, n, out)
			return p.copy(s, lines)
		}}
}

// loopback tells whether a URL's host is this machine, by number or as localhost.
func loopback(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// swarm runs on a goroutine, off the loop. Pipes have no buffer: who writes goes on when its reader does.
func (p *page) swarm(ctx context.Context, url string, n int, out *io.PipeWriter) {
	defer out.Close()
	release, err := alone()
	if err != nil {
		writeLine(out, "error", err.Error())
		return
	}
	defer release()
	says, progress := io.Pipe()
	told := make(chan struct{})
	go func() {
		defer close(told)
		for lines := bufio.NewScanner(says); lines.Scan(); {
			writeLine(out, "say", lines.Text())
		}
	}()
	result, err := p.Swarm(ctx, url, n, progress)
	progress.Close()
	<-told
	if err != nil {
		writeLine(out, "error", err.Error())
		return
	}
	writeLine(out, "result", result)
}

func writeLine(w io.Writer, name string, value any) {
	json.NewEncoder(w).Encode(map[string]any{name: value}) // a page that has gone needs no line
}

// copy sends on what a pipe brings. Reading blocks, so it is done off the loop.
func (p *page) copy(s http1.Sender, from io.Reader) error {
	buffer := make([]byte, 4<<10)
	for {
		var n int
		var failed error
		if err := p.Offload(func() { n, failed = from.Read(buffer) }); err != nil {
			return err
		}
		if n > 0 {
			if err := s.Send(buffer[:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(failed, io.EOF):
			return nil
		case failed != nil:
			return failed
		}
	}
}

// alone makes this the only demo of all workers, and of all servers of this program: it locks the program's
// file (flock(2)). The kernel takes the lock away when its process ends, however it ends.
func alone() (release func(), err error) {
	name, err := os.Executable()
	if err != nil {
		return nil, err
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = errors.New("a demo runs already: wait for its end")
		}
		return nil, err
	}
	return func() { file.Close() }, nil
}
