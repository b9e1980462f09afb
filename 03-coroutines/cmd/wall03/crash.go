package main

import (
	"fmt"
	"strconv"
	"time"
)

// A fate is what became of clients who waited when something else went wrong.
type fate struct {
	lost int // their connection ended without an answer
	told int // they were answered, by a notify that came later
}

// strike has clients wait, at one process or some at each of several, and one more client ask the first of
// them for a fault. Then whoever is still there is notified.
func strike(fault string, processes, clients int) (fate, error) {
	var f fate
	servers, stopAll, err := startAll("coroutines", processes)
	if err != nil {
		return f, err
	}
	defer stopAll()
	var all [][]*client // by process
	for i, s := range servers {
		waiters, err := park(address(s), clients*(i+1)/processes-clients*i/processes)
		for _, w := range waiters {
			defer w.Close()
		}
		if err != nil {
			return f, err
		}
		all = append(all, waiters)
	}
	culprit, err := dial(address(servers[0]))
	if err != nil {
		return f, err
	}
	defer culprit.Close()
	if err := culprit.send("/" + fault); err != nil {
		return f, err
	}
	culprit.receive() // 500 after a panic; after a crash nobody answers any more
	for i, s := range servers {
		survived := notify(address(s), len(all[i])) == nil
		for _, w := range all[i] {
			switch _, body, err := w.receive(); {
			case err != nil:
				f.lost++
			case body != strconv.Itoa(len(all[i])):
				return f, fmt.Errorf("a client was told %q, and %d waited", body, len(all[i]))
			case !survived:
				return f, fmt.Errorf("a client was told something by a server that cannot be reached")
			default:
				f.told++
			}
		}
	}
	return f, nil
}

// park has n clients wait, and returns when the server counts all of them.
func park(at string, n int) (waiters []*client, err error) {
	for range n {
		c, err := dial(at)
		if err != nil {
			return waiters, err
		}
		waiters = append(waiters, c)
		if err := c.send("/wait"); err != nil {
			return waiters, err
		}
	}
	asking, err := dial(at)
	if err != nil {
		return waiters, err
	}
	defer asking.Close()
	for late := time.Now().Add(patience); ; {
		counted, err := asking.number("/")
		if counted == n || err != nil {
			return waiters, err
		}
		if time.Now().After(late) {
			return waiters, fmt.Errorf("%d of %d clients wait after %v", counted, n, patience)
		}
	}
}

// notify tells all who wait there, and says how it went.
func notify(at string, want int) error {
	c, err := dial(at)
	if err != nil {
		return err
	}
	defer c.Close()
	told, err := c.number("/notify")
	if err == nil && told != want {
		err = fmt.Errorf("/notify told %d of %d", told, want)
	}
	return err
}
