package swarm

import (
	"fmt"
	"net/netip"
)

// What limits a load is less the server than the machine: a process may have so many descriptors, a source
// address so many ports. A plan divides the clients so that no share meets a limit, and says which limit
// stands in the way when that cannot be done.

const (
	// DescriptorReserve is what a client process needs beside its connections: three standard streams,
	// poller, wake-up, what the runtime opens for itself. About ten; the rest is margin.
	DescriptorReserve = 64

	// ServerReserve is what each server process is taken to need beside its clients: listener, links,
	// poller, the connections of the notifier and of whoever counts.
	ServerReserve = 128

	// PortReserve is left to everybody else on this address, and to ports that a run of a minute ago
	// still holds in TIME_WAIT.
	PortReserve = 1000

	// MemoryOfClient is what one waiting client costs the machine, both ends: 9 KB in the kernel, at most
	// 8 KB in the server, 3 KB for the coroutine here, and as much again so that nothing has to swap.
	MemoryOfClient = 40 << 10

	// MaxSources is how many addresses 127.0.0.1, .2, … the clients connect from at most: the last number
	// of an address, without .0 and .255.
	MaxSources = 254

	// MaxProcesses bounds the client processes, each with a few threads and 10 MB. Where addresses run out
	// in the middle of a process's share there are some more, at most one for each address.
	MaxProcesses = 256
)

// Limits are what the machine allows. 0 is unknown, and no limit.
type Limits struct {
	Descriptors int   // of one process: RLIMIT_NOFILE
	Ports       int   // of one source address: ip_local_port_range
	Sources     int   // addresses to connect from
	Memory      int64 // bytes available
	Server      int   // clients that the server's processes have descriptors for
}

// A Share is what one client process does.
type Share struct {
	Clients int
	Source  netip.Addr // to connect from; the zero Addr lets the system choose
}

// A Plan divides clients among processes and source addresses.
type Plan struct {
	Asked   int
	Clients int    // the sum of the shares
	Limited string // which limit made Clients less than Asked, and what would lift it; "" if none
	Sources int
	Shares  []Share
}

// NewPlan divides n clients so that every limit is kept. There are at least so many processes as asked
// for (0: no matter), and no more than there are clients. The error says what to change.
func NewPlan(n, processes int, limits Limits) (Plan, error) {
	switch {
	case n < 1 || n > MaxClients:
		return Plan{}, fmt.Errorf("%w: the number of clients is %d, and should be 1 to %d", ErrUsage, n, MaxClients)
	case processes < 0 || processes > MaxProcesses:
		return Plan{}, fmt.Errorf("%w: the number of client processes is %d, and should be 0 to %d", ErrUsage, processes, MaxProcesses)
	}
	perProcess, perSource, sources := MaxClients, MaxClients, max(limits.Sources, 1)
	if limits.Descriptors > 0 {
		perProcess = max(limits.Descriptors-DescriptorReserve, 0)
	}
	if limits.Ports > 0 {
		perSource = max(limits.Ports-PortReserve, 0)
	}
	plan := Plan{Asked: n, Clients: n}
	plan.limit(perProcess*MaxProcesses, fmt.Sprintf("a process may have %d descriptors: raise `ulimit -n`", limits.Descriptors))
	plan.limit(perSource*sources, fmt.Sprintf("an address has %d ports, and there is %d to connect from: widen net.ipv4.ip_local_port_range",
		limits.Ports, sources))
	if limits.Memory > 0 {
		plan.limit(int(limits.Memory/MemoryOfClient), fmt.Sprintf("%d MB of memory are available, and a client takes %d KB with both its ends: free some",
			limits.Memory>>20, MemoryOfClient>>10))
	}
	if limits.Server > 0 {
		plan.limit(limits.Server, fmt.Sprintf("the server's processes have descriptors for %d clients: raise `ulimit -n` before it starts, or give it more workers",
			limits.Server))
	}
	if plan.Clients == 0 {
		return Plan{}, fmt.Errorf("not one client fits: %s", plan.Limited)
	}
	plan.divide(processes, perProcess, perSource)
	return plan, nil
}

// limit lowers the plan to n clients, and keeps the reason of the lowest.
func (p *Plan) limit(n int, reason string) {
	if n < p.Clients {
		p.Clients, p.Limited = max(n, 0), reason
	}
}

// divide makes the shares as equal as it can, and fills one source address after the other.
func (p *Plan) divide(processes, perProcess, perSource int) {
	processes = min(max(processes, ceil(p.Clients, perProcess)), p.Clients)
	for left, room := p.Clients, 0; left > 0; {
		if room == 0 {
			p.Sources, room = p.Sources+1, perSource
		}
		share := ceil(left, max(processes-len(p.Shares), 1))
		share = min(share, perProcess, room)
		left, room = left-share, room-share
		p.Shares = append(p.Shares, Share{Clients: share, Source: sourceAddress(p.Sources)})
	}
	if p.Sources == 1 { // nothing to choose: the system finds an address, and knows IPv6 and other machines too
		for i := range p.Shares {
			p.Shares[i].Source = netip.Addr{}
		}
	}
}

func ceil(n, by int) int { return (n + by - 1) / by }

// sourceAddress is the nth loopback address, from 1.
func sourceAddress(n int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, byte(n)}) }
