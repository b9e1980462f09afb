package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"example.com/c10k/01-blocking/conform"
)

const (
	waiters  = 20
	mostTry  = 1000             // connections until every worker has accepted what is needed of it
	patience = 20 * time.Second // for anything that must come
)

// outcome is what one of the workers saw of all the waiters.
type outcome struct{ counted, notified, left int }

// roles are the servers, in the order of the story.
var roles = []role{{1, "model"}, {2, "model"}, {2, "socket"}}

// channels says what the handler waits in.
var channels = map[string]string{
	"model":  "a channel of its model",
	"socket": "a channel that crosses processes",
}

// A client is a connection, which is one worker's for as long as it lasts.
type client struct {
	net.Conn
	answers *bufio.Reader
	worker  int // the number of the process that accepted it
}

// play parks clients at all workers, equally many at each, and then asks one worker.
func play(r role) (outcome, error) {
	var seen outcome
	program, err := os.Executable()
	if err != nil {
		return seen, err
	}
	child := exec.Command(program)
	child.Env = append(os.Environ(), roleVariable+"="+r.String())
	server, err := conform.Start(child, "", nil)
	if err != nil {
		return seen, err
	}
	defer server.Stop()
	asking, waiting, err := gather(strings.TrimPrefix(server.URL, "http://"), r.workers)
	for _, c := range append(asking, waiting...) {
		defer c.Close()
	}
	if err != nil {
		return seen, err
	}
	for _, c := range waiting {
		if err := c.send("/wait"); err != nil {
			return seen, err
		}
	}
	if err := settled(asking, waiters); err != nil {
		return seen, err
	}
	if seen.counted, err = asking[0].number("/"); err != nil {
		return seen, err
	}
	if seen.notified, err = asking[0].number("/notify"); err != nil {
		return seen, err
	}
	seen.left, err = total(asking)
	for _, c := range asking[1:] { // or their waiters would be cut off by the stop
		c.number("/notify")
	}
	return seen, err
}

// gather connects until it has a connection to ask each worker, and equally many at each to wait.
func gather(address string, workers int) (asking, waiting []*client, err error) {
	have := map[int]int{} // connections of each worker
	for range mostTry {
		c, err := dial(address)
		if err != nil {
			return asking, waiting, err
		}
		switch n := have[c.worker]; {
		case n == 0:
			asking = append(asking, c)
		case n <= waiters/workers:
			waiting = append(waiting, c)
		default:
			c.Close()
			continue
		}
		have[c.worker]++
		if len(asking) == workers && len(waiting) == waiters {
			return asking, waiting, nil
		}
	}
	return asking, waiting, fmt.Errorf("after %d connections the workers have accepted %v: %d workers were expected", mostTry, have, workers)
}

// settled waits until the counts of all workers together are n.
func settled(asking []*client, n int) error {
	for began := time.Now(); ; {
		sum, err := total(asking)
		if err != nil || sum == n {
			return err
		}
		if time.Since(began) > patience {
			return fmt.Errorf("%d wait, and the workers count %d together", n, sum)
		}
	}
}

func total(asking []*client) (sum int, err error) {
	for _, c := range asking {
		n, err := c.number("/")
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func dial(address string) (*client, error) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	c := &client{Conn: conn, answers: bufio.NewReader(conn)}
	if c.worker, err = c.number("/pid"); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

func (c *client) send(path string) error {
	c.SetDeadline(time.Now().Add(patience))
	_, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	return err
}

// number asks for a path whose answer is a number.
func (c *client) number(path string) (int, error) {
	if err := c.send(path); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return 0, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(body))
}
