package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// patience is how long anything here is waited for.
const patience = 20 * time.Second

// A client has one connection.
type client struct {
	net.Conn
	answers *bufio.Reader
}

func dial(at string) (*client, error) {
	c, err := net.DialTimeout("tcp", at, patience)
	if err != nil {
		return nil, err
	}
	return &client{c, bufio.NewReader(c)}, c.SetDeadline(time.Now().Add(patience))
}

// send sends a request for a target.
func (c *client) send(target string) error {
	_, err := io.WriteString(c, "GET "+target+" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	return err
}

// receive reads a whole answer.
func (c *client) receive() (status int, body string, err error) {
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(b), err
}

// ask sends and receives; anything but 200 is an error.
func (c *client) ask(target string) (string, error) {
	if err := c.send(target); err != nil {
		return "", err
	}
	status, body, err := c.receive()
	if err == nil && status != 200 {
		err = fmt.Errorf("%s was answered %d", target, status)
	}
	return body, err
}

// number is ask for what is answered with a number.
func (c *client) number(target string) (int, error) {
	body, err := c.ask(target)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(body)
}
