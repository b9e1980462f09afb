package comet

import (
	"errors"
	"strconv"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/05-comet/hub"
)

// jittered is d, give or take a part of it. Whatever this server times is jittered: ten thousand clients
// that were answered in one moment, and were all told the same time, would all be back in one moment.
func (f *face) jittered(d time.Duration, part float64) time.Duration {
	return time.Duration(float64(d) * (1 + part*(2*f.Random()-1)))
}

// retryFrom and retryTo bound, in seconds, when a client that was refused should come back. A client that
// can shift its visits by ten seconds makes a storm of ten thousand into a thousand a second.
const retryFrom, retryTo = 1, 10

func (f *face) retryAfter() http1.Pair {
	seconds := retryFrom + int(f.Random()*(retryTo-retryFrom+1))
	return http1.Pair{Name: "Retry-After", Value: strconv.Itoa(seconds)}
}

// refused is the answer to what the hub could not do. If a client has left, nobody reads it.
func (f *face) refused(err error) *http1.Response {
	if errors.Is(err, hub.ErrBusy) {
		f.counters.Refused++
		return says(503, "too much is under way", f.retryAfter())
	}
	answer := says(503, "the server stops", f.retryAfter())
	answer.Close = true
	return answer
}

// full tells whether another client that listens would be one too many. It is turned away: to send away
// one that is here would make it come back, and send away another.
func (f *face) full() bool {
	if f.Most == 0 || f.counters.Listeners < f.Most {
		return false
	}
	f.counters.Refused++
	return true
}
