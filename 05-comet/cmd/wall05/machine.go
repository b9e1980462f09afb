package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/05-comet/swarm"
)

// A machine is what clients use up.
type machine struct {
	cores       int
	memory      int64 // bytes that are free or can be freed; 0: unknown
	descriptors int   // that one process may have
	ports       int   // that one address has for connections to the same server; 0: unknown
}

func thisMachine() machine {
	limits := swarm.MachineLimits(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	return machine{cores: runtime.NumCPU(), memory: limits.Memory, descriptors: sock.DescriptorLimit(), ports: limits.Ports}
}

// spared is how many descriptors kernelMemory leaves to the rest of this process.
const spared = 200

// enough connections that what a machine does beside is small against them.
const enough = 4000

// kernelMemory is how much of the kernel's memory one end of a connection takes: what its slabs (proc(5), Slab of
// /proc/meminfo) grow by when connections are opened to this process itself, divided by their two ends. Bytes
// that wait to be sent or read come on top; a client that waits has none. It is the least that it can be: objects
// that were freed before are used again, and slabs do not grow by them.
func kernelMemory() (float64, error) {
	n := min(enough, (sock.DescriptorLimit()-spared)/2)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	before, err := slab()
	if err != nil {
		return 0, err
	}
	var open []net.Conn
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	for range n {
		client, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			return 0, err
		}
		open = append(open, client)
		server, err := listener.Accept()
		if err != nil {
			return 0, err
		}
		open = append(open, server)
	}
	after, err := slab()
	if err != nil {
		return 0, err
	}
	if after <= before {
		return 0, fmt.Errorf("the kernel's memory did not grow with %d connections: something else gave some back; run it again", n)
	}
	return float64(after-before) / float64(2*n), nil
}

// slab is the memory that the kernel's objects take, in bytes.
func slab() (int64, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(text), "\nSlab:")
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		return 0, fmt.Errorf("/proc/meminfo has no Slab")
	}
	kilobytes, err := strconv.ParseInt(fields[0], 10, 64)
	return kilobytes << 10, err
}
