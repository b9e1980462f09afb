package wall

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/blocking"
	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
)

// childVariable in the environment makes a process the server of an experiment: "locked 0", "unlocked 10000";
// the model, and the number of threads at which the runtime gives up.
const childVariable = "C10K_WALL_CHILD"

// Child serves, and never returns, if this process was started by Crowd.Run; otherwise it returns at once.
// Call it first in main or TestMain of a program that gives itself to Run.
func Child() {
	words := strings.Fields(os.Getenv(childVariable))
	if len(words) != 2 {
		return
	}
	if most, err := strconv.Atoi(words[1]); err == nil && most > 0 {
		debug.SetMaxThreads(most)
	}
	fmt.Fprintln(os.Stderr, serveComet(words[0] == "unlocked"))
	os.Exit(1)
}

// prepare tells the child what to be. The pipe that it returns is the child's standard input: when it is
// closed, also because this process is gone, the child ends.
func (c Crowd) prepare(child *exec.Cmd) (io.Closer, error) {
	model := "locked"
	if c.Unlocked {
		model = "unlocked"
	}
	// Without GOTRACEBACK=none a runtime that gives up prints the stack of every goroutine, megabytes of them.
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", childVariable, model, c.Most), "GOTRACEBACK=none")
	return child.StdinPipe()
}

func serveComet(unlocked bool) error {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	command.OnStop(func() { os.Exit(0) })
	most, err := sock.ConnectionLimit()
	if err != nil {
		return err
	}
	listener, at, err := sock.ListenBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		return err
	}
	model := &blocking.Threads{Unlocked: unlocked}
	s := &blocking.Server{Listener: listener, Model: model, Most: most,
		Options: serve.Options{Handler: app.NewComet(model).Handle, Now: time.Now}}
	command.Listening(at)
	return s.Serve()
}

// beginning keeps the first bytes that are written to it, because a runtime that gives up says why first.
type beginning struct {
	mutex sync.Mutex
	text  []byte
}

// keptBytes is how much is kept of what a server says: more than where it listens, and what it died of.
const keptBytes = 4 << 10

func (b *beginning) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.text = append(b.text, p[:min(len(p), keptBytes-len(b.text))]...)
	return len(p), nil
}

func (b *beginning) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return string(b.text)
}
