package http1

import "sync/atomic"

// Limits bound what one message may make a program hold. They are read only, and shared by all parsers.
// Each is at least 1 and at most 1 GiB.
type Limits struct {
	Head   int     // bytes of a head, from the first line to the empty line, both included; beyond it 431
	Fields int     // header lines; beyond it 431
	Body   int     // bytes of a body, decoded; beyond it 413
	Bodies *Budget // for the bodies of all connections together; beyond it 503. nil: no bound
}

// DefaultLimits are a server's. 16 KiB is what browsers with many cookies need and twice what Apache
// and nginx allow one line; 100 fields is Apache's LimitRequestFields; 1 MiB is nginx's
// client_max_body_size. All parsers that use it share one budget of 64 MiB.
var DefaultLimits = Limits{Head: 16 << 10, Fields: 100, Body: 1 << 20, Bodies: NewBudget(64 << 20)}

// DefaultClientLimits are a client's. It asked for what it gets, so a body may be larger; and it must
// not take from the server's budget when both live in one process, as they do in tests.
var DefaultClientLimits = Limits{Head: 16 << 10, Fields: 100, Body: 64 << 20}

// A Budget bounds the memory of all bodies that are held together, because ten thousand clients with
// 1 MiB each are 10 GB. A body counts from the moment when a part of it has to be kept until the request
// after it, or Release. A body that arrives whole in one Feed lies in the caller's buffer and counts
// nothing. Any goroutine may use a Budget.
type Budget struct {
	most int64
	held atomic.Int64
}

// NewBudget makes a budget of so many bytes.
func NewBudget(bytes int) *Budget { return &Budget{most: int64(bytes)} }

// Held is how many bytes are taken now.
func (b *Budget) Held() int { return int(b.held.Load()) }

// take reserves n bytes, or none and says so.
func (b *Budget) take(n int) bool {
	if b.held.Add(int64(n)) <= b.most {
		return true
	}
	b.held.Add(int64(-n))
	return false
}

func (b *Budget) give(n int) { b.held.Add(int64(-n)) }
