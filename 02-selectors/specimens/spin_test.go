package specimens

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/loop"
)

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// duplicate is what a forked process has: another number for the same open listener.
func duplicate(l sock.NonBlocking) (sock.NonBlocking, error) {
	fd, err := unix.FcntlInt(uintptr(l), unix.F_DUPFD_CLOEXEC, 0)
	return sock.NonBlocking(fd), err
}

// exhaust takes all descriptors that this process may still open, but so many; the limit is lowered first.
func exhaust(t *testing.T, but int) (release func()) {
	t.Helper()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	few := before
	few.Cur = min(before.Cur, 256)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	var taken []int
	release = func() {
		for _, fd := range taken {
			unix.Close(fd)
		}
		taken = nil
		unix.Setrlimit(unix.RLIMIT_NOFILE, &before)
	}
	t.Cleanup(release)
	for {
		fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
		if errors.Is(err, unix.EMFILE) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, fd)
	}
	for _, fd := range taken[len(taken)-but:] {
		unix.Close(fd)
	}
	taken = taken[:len(taken)-but]
	return release
}

func TestAcceptSpin(t *testing.T) {
	s := newSpecimen(t, "forgetful", Options{})
	release := exhaust(t, 1) // the one is the client's
	c := dial(t, s.at)
	const spins = 1000
	s.turns(t, spins) // a turn that found nobody ready would fail
	if len(s.complaints) != spins {
		t.Errorf("%d complaints in %d turns", len(s.complaints), spins)
	}
	for _, err := range s.complaints {
		if !errors.Is(err, sock.ErrNoDescriptors) {
			t.Fatal(err)
		}
	}
	release()
	c.send(t, get)
	s.turns(t, 3)
	c.expect(t, 200)

	r := newRepaired(t, []byte("ok"), loop.Options{})
	old := dial(t, r.at)
	old.send(t, get)
	old.expect(t, 200)
	before := r.poller.waits.Load()
	release = exhaust(t, 1)
	refused := dial(t, r.at)
	refused.expectEnd(t) // through the descriptor in reserve
	for range 20 {
		old.send(t, get)
		old.expect(t, 200)
	}
	if waits := r.poller.waits.Load() - before; waits > 30 {
		t.Errorf("loop: looked %d times for one connection and twenty requests", waits)
	}
	release()
}

// Every fault has the test that it names, and is told of where it is in the source.
func TestFaults(t *testing.T) {
	tests, sources := map[string]bool{}, ""
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range files {
		text, err := os.ReadFile(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(entry.Name(), "_test.go") {
			sources += string(text)
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), entry.Name(), text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok {
				tests[function.Name.Name] = true
			}
		}
	}
	for _, fault := range Faults {
		if !tests[fault.Test] {
			t.Errorf("%s is shown by no test: there is no %s", fault.Name, fault.Test)
		}
		if !strings.Contains(sources, "Fault "+fault.Name) {
			t.Errorf("no comment explains %s", fault.Name)
		}
	}
	if told := strings.Count(sources, "// Fault "); told != len(Faults) {
		t.Errorf("comments tell of %d faults, and Faults lists %d", told, len(Faults))
	}
}
