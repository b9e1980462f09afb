package wall

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/sock"
)

// A Crowd is a load that only waits: clients that ask for /wait and are parked, more at each step, against a
// server of the application comet that has a thread for each connection and runs in a process of its own.
type Crowd struct {
	Unlocked bool  // goroutines that are not bound to threads, to compare
	Most     int   // threads at which the Go runtime gives up; 0: its own 10,000 (debug.SetMaxThreads)
	Steps    []int // how many clients are parked when the process is measured, upwards
}

// A Point is what the server's process was like when so many clients were parked. Threads and Resident are 0
// where the system does not tell (they are read in /proc).
type Point struct {
	Clients  int
	Threads  int
	Resident int64 // bytes of memory
}

// A CrowdResult is how far the server came.
type CrowdResult struct {
	Points []Point

	// Died is how many clients had connected when the server's process ended; 0 if it never did. Said is what
	// it wrote to standard error then, from the beginning, at most a few kilobytes.
	Died int
	Said string
}

// ErrDescriptors is returned by Run before anything is started, if this machine does not allow so many clients.
var ErrDescriptors = errors.New("too few descriptors")

// Descriptors is the limit that a crowd of so many clients needs, here and in the server: one is for the
// connection that asks how many wait.
func Descriptors(clients int) int { return clients + 1 + sock.Reserved }

// MostClients is the largest crowd that this machine's limit on descriptors allows.
func MostClients() (int, error) {
	most := sock.DescriptorLimit() - Descriptors(0)
	if most < 1 {
		return 0, fmt.Errorf("%w for a crowd of any size: raise the limit, as with ulimit -n %d", ErrDescriptors, Descriptors(1000))
	}
	return most, nil
}

// Run starts the server from child, a command that calls Child, and parks the crowd.
func (c Crowd) Run(child *exec.Cmd) (*CrowdResult, error) {
	largest := c.Steps[len(c.Steps)-1]
	if most, err := MostClients(); err != nil {
		return nil, err
	} else if most < largest {
		return nil, fmt.Errorf("%w for %d clients: raise the limit, as with ulimit -n %d", ErrDescriptors, largest, Descriptors(largest))
	}
	held, err := c.prepare(child)
	if err != nil {
		return nil, err
	}
	defer held.Close()
	said := &beginning{}
	process, err := conform.Start(child, "", said)
	if err != nil {
		return nil, err
	}
	defer process.Stop()

	crowd := &crowd{address: strings.TrimPrefix(process.URL, "http://"), pid: child.Process.Pid}
	defer crowd.leave()
	result := &CrowdResult{}
	for _, n := range c.Steps {
		if err := crowd.grow(n); err != nil {
			select {
			case <-process.Ended():
				result.Died, result.Said = len(crowd.clients), said.String()
				return result, nil
			case <-time.After(bound):
				return nil, fmt.Errorf("the server runs, and does not take client %d: %w", len(crowd.clients), err)
			}
		}
		point := Point{Clients: n}
		point.Threads, point.Resident = size(crowd.pid)
		result.Points = append(result.Points, point)
	}
	return result, nil
}

// A crowd is the clients that are connected now, and one more that asks how many wait.
type crowd struct {
	address string
	pid     int
	clients []net.Conn
	control net.Conn
	answers *bufio.Reader
}

// grow parks clients until there are n, and returns when the server counts them all.
func (c *crowd) grow(n int) error {
	for len(c.clients) < n {
		client, err := net.DialTimeout("tcp", c.address, bound)
		if err != nil {
			return err
		}
		c.clients = append(c.clients, client)
		if _, err := io.WriteString(client, "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			return err
		}
	}
	for until := time.Now().Add(bound); ; {
		waiting, err := c.count(until)
		if err != nil {
			return err
		}
		if waiting == n {
			return nil
		}
	}
}

// count asks the server how many wait, on a connection that is kept: it is one thread too.
func (c *crowd) count(until time.Time) (int, error) {
	if c.control == nil {
		control, err := net.DialTimeout("tcp", c.address, bound)
		if err != nil {
			return 0, err
		}
		c.control, c.answers = control, bufio.NewReader(control)
	}
	c.control.SetDeadline(until)
	if _, err := io.WriteString(c.control, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, largestAnswer))
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(string(body))
	if err != nil {
		return 0, fmt.Errorf("the server counts %q", body)
	}
	return n, nil
}

func (c *crowd) leave() {
	for _, client := range c.clients {
		client.Close()
	}
	if c.control != nil {
		c.control.Close()
	}
}
