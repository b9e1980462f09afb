package swarm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/c10k/05-comet/usage"
)

// roleVariable makes this test program play another: a server, a swarm, a process to be measured.
const roleVariable = "C10K_SWARM_TEST_ROLE"

func playRole(role string) {
	switch role {
	case "swarm": // against the server in the first argument, for ever
		_, err := Run(context.Background(), Options{URL: os.Args[1], Clients: 20, Processes: 2})
		fmt.Fprintln(os.Stderr, err)
	case "server": // that says what it is asked to say, and ends with the given status when it is told to
		told := make(chan os.Signal, 1)
		signal.Notify(told, syscall.SIGTERM)
		fmt.Fprintln(os.Stderr, "this is a server")
		if os.Args[1] == "listens" {
			fmt.Fprintln(os.Stderr, "listening on http://127.0.0.1:1 (for the test)")
		}
		if os.Args[1] != "ends" {
			<-told
		}
		fmt.Fprintln(os.Stderr, "the server ends")
		os.Exit(len(os.Args[2]) - 1) // "0" is one character
	case "busy": // uses 100 ms of CPU and 32 MB, and says so
		memory := make([]byte, 32<<20)
		for i := range memory {
			memory[i] = 1
		}
		useCPU()
		fmt.Println("busy")
		io.Copy(io.Discard, os.Stdin)
		runtime.KeepAlive(memory)
	case "parent": // of a busy one, and busy before
		useCPU()
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), roleVariable+"=busy")
		child.Stdin, child.Stdout = os.Stdin, os.Stdout
		child.Run()
		fmt.Println("reaped")
		io.Copy(io.Discard, os.Stdin)
	}
	os.Exit(0)
}

// useCPU uses 100 ms outside the kernel.
func useCPU() {
	var usage syscall.Rusage
	for usage.Utime.Nano() < int64(100*time.Millisecond) {
		for i := range len(busywork) {
			busywork[i] += byte(i)
		}
		syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	}
}

var busywork [1 << 18]byte

// role prepares a process that plays one.
func role(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.Command(os.Args[0], args...)
	command.Env = append(os.Environ(), roleVariable+"="+name)
	command.Stderr = os.Stderr
	return command
}

// When the parent dies, however it dies, its client processes end and their connections with them.
func TestClientsEndWithTheirParent(t *testing.T) {
	// It goes on until it is killed, because one is never counted.
	server := newCometServer(t, func(s *cometServer) { s.count = func(n int) int { return min(n, 19) } })
	swarm := role(t, "swarm", server.URL)
	if err := swarm.Start(); err != nil {
		t.Fatal(err)
	}
	server.untilParked(20)
	swarm.Process.Kill()
	swarm.Wait()
	server.untilGone(20)
}

func TestServerIsStartedAndStopped(t *testing.T) {
	t.Setenv(roleVariable, "server")
	var messages strings.Builder
	server, err := StartServer(t.Context(), os.Args[0]+" listens 0 {addr}", &messages)
	if err != nil {
		t.Fatal(err)
	}
	if server.URL != "http://127.0.0.1:1" {
		t.Errorf("the URL is %q", server.URL)
	}
	if err := syscall.Kill(server.PID(), 0); err != nil {
		t.Errorf("its pid %d: %v", server.PID(), err)
	}
	if group, err := syscall.Getpgid(server.PID()); err != nil || group != server.PID() {
		t.Errorf("its process group is %d (%v): ^C would reach it", group, err)
	}
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
	if got, want := messages.String(), "this is a server\nthe server ends\n"; got != want {
		t.Errorf("passed on %q, want %q", got, want)
	}
	var r Result
	if server.MeasureWhole(&r); r.Server == nil || r.Server.User+r.Server.System <= 0 {
		t.Errorf("its whole life took %+v", r.Server)
	}
}

func TestServerThatFailsIsExplained(t *testing.T) {
	t.Setenv(roleVariable, "server")
	for _, test := range []struct{ command, want string }{
		{"", "the server's command is empty"},
		{"/nowhere/comet -addr {addr}", "is it built (make build)?"},
		{os.Args[0] + " ends 22", "the server ended (exit status 1) before it listened: run it by hand: " + os.Args[0] + " ends 22"},
	} {
		server, err := StartServer(t.Context(), test.command, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %+v, %v; want …%s…", test.command, server, err, test.want)
		}
	}
	server, err := StartServer(t.Context(), os.Args[0]+" listens 333", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(); err == nil || !strings.Contains(err.Error(), "exit status 2") {
		t.Errorf("a server that ended with status 2 was stopped with %v", err)
	}
	if err := server.Stop(); err == nil || !strings.Contains(err.Error(), "ended by itself") {
		t.Errorf("a server that had ended was stopped with %v", err)
	}
}

func TestStartingAServerCanBeInterrupted(t *testing.T) {
	t.Setenv(roleVariable, "server")
	ctx, interrupt := context.WithCancel(t.Context())
	heard := writerFunc(func(b []byte) { interrupt() }) // it runs, and does not listen
	if server, err := StartServer(ctx, os.Args[0]+" waits 0", heard); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", server, err)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

func TestMeasureOfNobody(t *testing.T) {
	gone := role(t, "none")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	server := newCometServer(t)
	r, err := Run(t.Context(), Options{URL: server.URL, Clients: 1, PID: gone.Process.Pid, Timeout: patience})
	if err != nil || r.Server != nil || r.Note == "" || !r.OK() {
		t.Errorf("%+v, %v; want a good result that says why nothing is measured", r, err)
	}
}

// The limits of this machine let one client run against a server here, and are those of the kernel.
func TestMachineLimits(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	limits := MachineLimits(listener.Addr().(*net.TCPAddr).AddrPort().Addr())
	if limits.Descriptors != int(min(uint64(files.Cur), 1<<30)) {
		t.Errorf("%d descriptors, and the limit is %d", limits.Descriptors, files.Cur)
	}
	if limits.Ports < 1000 || limits.Ports > 65_535 {
		t.Errorf("%d ports", limits.Ports)
	}
	if runtime.GOOS == "linux" && (limits.Sources != MaxSources || limits.Memory < 1<<20) {
		t.Errorf("%+v: want %d sources, and some memory", limits, MaxSources)
	}
}

func TestCostIsTheDifference(t *testing.T) {
	before := usage.Usage{Memory: 1000, Anonymous: 500, Processes: 3}
	parked := usage.Usage{Memory: 51_000, Anonymous: 40_500, Processes: 3}
	after := usage.Usage{Memory: 2000, Processes: 3}
	want := &Server{MemoryBefore: 1000, MemoryParked: 51_000, PerClient: 4000, Processes: 3}
	if got, note := cost(before, parked, after, 10); *got != *want || note != "" {
		t.Errorf("the cost is %+v (%s), want %+v", got, note, want)
	}
	parked.MemoryUnknown = os.ErrPermission
	want.MemoryBefore, want.MemoryParked, want.PerClient = 0, 0, 0
	if got, note := cost(before, parked, after, 10); *got != *want || !strings.Contains(note, "permission denied") {
		t.Errorf("with a memory that cannot be read the cost is %+v (%s), want %+v", got, note, want)
	}
}
