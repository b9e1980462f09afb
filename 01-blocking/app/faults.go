package app

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/http1"
)

// Bounds of what a fault may be asked for: long enough to be seen, short enough to be waited for.
const (
	longestSpin  = 10 * time.Second
	longestBlock = time.Minute
	leakSize     = 1 << 20 // bytes that each /leak keeps
)

// Faults does what a program should not do, when asked to, so that the walls and tables can show who
// suffers from it:
//
//	/spin?us=N   computes for N microseconds
//	/block?ms=N  blocks its thread in a system call for N milliseconds
//	/panic       panics in the handler
//	/crash       panics where no recover can catch it: the process ends
//	/leak        keeps 1 MiB for ever
//
// It must be served on loopback only; the commands refuse anything else.
func Faults(r *http1.Request) *http1.Response {
	switch string(r.Path()) {
	case "/spin":
		us, err := parameter(r, "us")
		if err != nil {
			return badParameter("/spin?us=500")
		}
		spin(min(time.Duration(us)*time.Microsecond, longestSpin))
	case "/block":
		ms, err := parameter(r, "ms")
		if err != nil {
			return badParameter("/block?ms=250")
		}
		block(min(time.Duration(ms)*time.Millisecond, longestBlock))
	case "/panic":
		panic("a handler was asked to panic")
	case "/crash":
		crash()
	case "/leak":
		leak()
	default:
		return &http1.Response{Status: 404, Type: plainText, Body: []byte("faults: /spin?us=N /block?ms=N /panic /crash /leak\n")}
	}
	return &done
}

var done = http1.Response{Type: plainText, Body: []byte("done\n")}

func badParameter(example string) *http1.Response {
	return &http1.Response{Status: 400, Type: plainText, Body: []byte("give a whole number, as in " + example + "\n")}
}

// spin uses the processor. It reads the real clock, because it is real work that it stands for.
func spin(d time.Duration) {
	for start := time.Now(); time.Since(start) < d; {
	}
}

// block is a system call that the kernel does not return from for a while: poll(2) with no descriptor.
func block(d time.Duration) {
	for end := time.Now().Add(d); ; {
		left := time.Until(end)
		if left <= 0 {
			return
		}
		unix.Poll(nil, int(left.Milliseconds())+1) // EINTR: once more, with what is left
	}
}

// crash panics on a goroutine of its own: a recover catches panics of its own goroutine only.
func crash() {
	go panic("a handler was asked to crash the process")
	select {}
}

var leaked struct {
	sync.Mutex
	pages [][]byte
}

func leak() {
	page := make([]byte, leakSize)
	for i := 0; i < len(page); i += 4096 {
		page[i] = 1 // touched, or the kernel would not spend memory on it
	}
	leaked.Lock()
	defer leaked.Unlock()
	leaked.pages = append(leaked.pages, page)
}
