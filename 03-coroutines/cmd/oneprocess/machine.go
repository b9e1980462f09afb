package main

import (
	"fmt"
	"net/netip"
	"runtime"
	"runtime/debug"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/system"
)

const (
	// spare descriptors are no client's: those that every server needs (sock.Reserved), and the
	// connections that ask for the count, some of which are not closed yet while the next one asks.
	spare = 200

	// portsPerSource is how many clients connect from one address. It has some 28,000 ports for one
	// destination (ip_local_port_range, ip(7)), and connections of a minute ago may still hold some.
	portsPerSource = 20_000

	// mostSources: 127.0.0.1 to 127.0.0.254 are this machine, without configuration, on Linux.
	mostSources = 254

	// seldom is the growth of the heap, in percent, after which it is collected. Nothing that a client
	// holds is garbage while it waits; with the usual 100 the heap would be marked four times on its way
	// up, and that was a fifth of all user time.
	seldom = 400
)

// onMachine runs the test on this machine's kernel, with as many clients as fit.
func onMachine(o options, _ int64) (round, error) {
	clients, limit := fit(o.clients, descriptors(o.poller))
	if clients < 1 {
		return round{}, fmt.Errorf("%d clients fit: %s", clients, limit)
	}
	c := newCrowd(clients, "127.0.0.1:0")
	c.source = func(i int) netip.Addr { return source(i, clients) }
	return playOn(o.poller, c)
}

// playOn runs a crowd with a poller, on a kernel of its own.
func playOn(name string, c *crowd) (round, error) {
	poller, err := poll.New(name)
	if err != nil {
		return round{}, err
	}
	kernel, err := system.New(poller)
	if err != nil {
		return round{}, err
	}
	defer kernel.End()
	debug.SetGCPercent(seldom)
	return timed(c, func() error { return c.run(kernel) })
}

// descriptors are how many this process may have, on that poller.
func descriptors(poller string) int { return min(sock.DescriptorLimit(), poll.Most(poller)) }

// fit is how many clients there can be, and if they are fewer than asked for, what would have to change.
func fit(asked, descriptors int) (clients int, limit string) {
	clients = asked
	if most := max(0, (descriptors-spare)/2); most < clients {
		clients = most
		limit = fmt.Sprintf("each takes two descriptors, and there are %d for this process and poller: raise ulimit -n", descriptors)
	}
	sources := 1
	if runtime.GOOS == "linux" {
		sources = mostSources
	}
	if most := sources * portsPerSource; most < clients {
		clients, limit = most, fmt.Sprintf("each takes a port, and there are %d addresses to connect from", sources)
	}
	return clients, limit
}

// source is what client i of so many connects from: if one address suffices, whatever the kernel chooses.
func source(i, of int) netip.Addr {
	if of <= portsPerSource {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, byte(1 + i/portsPerSource)})
}
