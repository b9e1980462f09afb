package experiment

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/blocking"
	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
)

// ChildVariable in the environment makes a process that calls Child a server: its value is the backlog.
const ChildVariable = "C10K_BACKLOG_CHILD"

// Child serves hello, one connection at a time, and never returns, if ChildVariable is set; otherwise it
// returns at once. Call it first in main or TestMain.
func Child() {
	backlog, err := strconv.Atoi(os.Getenv(ChildVariable))
	if err != nil {
		return
	}
	command.OnStop(func() { os.Exit(0) })
	listener, at, err := sock.ListenBlocking("127.0.0.1:0", sock.Options{Backlog: backlog})
	if err == nil {
		command.Listening(at)
		s := &blocking.Server{Listener: listener, Most: 1,
			Options: serve.Options{Handler: app.Hello, Timeouts: serve.DefaultTimeouts, Now: time.Now}}
		err = s.Serve()
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
