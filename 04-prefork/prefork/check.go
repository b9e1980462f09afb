package prefork

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// checkVariable asks a program to say whether it could take over, and to do nothing else.
const checkVariable = "C10K_CHECK"

// speaks is what it says.
var speaks = fmt.Sprintf("c10k prefork %d\n", Version)

const (
	// checkTime is ample for a program that reads its flags and ends.
	checkTime = 10 * time.Second

	// checkOutput is how much is kept of what a checked program writes, in bytes: enough for its last words.
	checkOutput = 4096
)

// Listener is the listener of a master: the one that the program before this one has left, if this program
// has taken over in an upgrade, and otherwise what open opens. Call it when everything else that can be
// wrong has been looked at: a program that is only being checked ends here with status 0, which says that
// it can start.
func Listener(open func() (fd int, err error)) (fd int, err error) {
	if os.Getenv(checkVariable) != "" {
		os.Stdout.WriteString(speaks)
		os.Exit(0)
	}
	s, err := handedDown()
	if err != nil {
		return 0, err
	}
	if s != nil {
		return s.Listener, nil
	}
	return open()
}

// errNoListener is what Run says in a program that is being checked and has come so far: it would open
// another listener, and leave the one that was handed down unused.
var errNoListener = errors.New("it opens its listener by itself: have prefork.Listener call what opens it")

// Check starts the program on disk, once, to be told by it that it can start. That is as much as can be
// known beforehand: it has the flags, the libraries and the architecture that it needs, and speaks our
// language. What it does with the listener and the workers, it shows afterwards.
func (s *system) Check(then func(error)) {
	go func() {
		err := check(s.onDisk)
		s.Post(func() { then(err) })
	}()
}

func check(program string) error {
	late, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	command := exec.CommandContext(late, program, os.Args[1:]...)
	command.Args[0] = os.Args[0]
	command.Env = append(os.Environ(), checkVariable+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.WaitDelay = time.Second // for pipes that a process of its own keeps open
	var said, complained output
	command.Stdout, command.Stderr = &said, &complained
	err := command.Start()
	if err == nil {
		err = command.Wait()
	}
	switch {
	case late.Err() != nil:
		return fmt.Errorf("it did not end within %v when it was asked with %s=1", checkTime, checkVariable)
	case err != nil:
		if words := strings.TrimSpace(complained.String()); words != "" {
			return fmt.Errorf("%w: %s", err, words)
		}
		return err
	case said.String() != speaks:
		return fmt.Errorf("it says %q, and what was to come is %q: it is another program, or another version", said.String(), speaks)
	}
	return nil
}

// output keeps the first of what is written to it.
type output struct{ bytes.Buffer }

func (o *output) Write(b []byte) (int, error) {
	o.Buffer.Write(b[:min(len(b), checkOutput-o.Len())])
	return len(b), nil
}

// programOnDisk is what an upgrade executes: the file that was asked for by name when this program was
// started, whatever that name leads to by then. It is not the file that runs: that one may be gone.
func programOnDisk() string {
	name, err := exec.LookPath(os.Args[0])
	if err == nil || errors.Is(err, exec.ErrDot) {
		if name, err = filepath.Abs(name); err == nil {
			return name
		}
	}
	name, _ = os.Executable() // if there is none either, the check says so
	return name
}
