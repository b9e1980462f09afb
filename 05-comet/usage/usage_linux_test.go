package usage

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// roleVariable makes this test program a process to be measured.
const roleVariable = "C10K_USAGE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "busy": // uses 100 ms of CPU, 50 of them in a thread that ends, and 32 MB, and says so
		memory := make([]byte, 32<<20)
		for i := range memory {
			memory[i] = 1
		}
		ended := make(chan bool)
		go func() {
			runtime.LockOSThread() // not unlocked: the thread ends with the goroutine
			compute(50 * time.Millisecond)
			close(ended)
		}()
		<-ended
		compute(50 * time.Millisecond)
		fmt.Println("busy")
		io.Copy(io.Discard, os.Stdin)
		runtime.KeepAlive(memory)
	case "parent":
		beParentOf("busy")
	case "grandparent":
		beParentOf("parent")
	default:
		os.Exit(m.Run())
	}
}

// beParentOf starts a process that plays another role, and waits for its end and then for that of the input.
func beParentOf(role string) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), roleVariable+"="+role)
	child.Stdin, child.Stdout = os.Stdin, os.Stdout
	child.Run()
	fmt.Println("reaped")
	io.Copy(io.Discard, os.Stdin)
}

// compute uses up so much CPU time of this thread.
func compute(d time.Duration) {
	for until := threadTime() + d; threadTime() < until; {
		for i := range 10_000 {
			work += i ^ work
		}
	}
}

func threadTime() time.Duration {
	var used unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Nano())
}

var work int

// A parent with a child that has used 100 ms and holds 32 MB: both are found while the child lives, and the
// time, to a tick, when it has ended and was waited for.
func TestTreeIsMeasuredTogether(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), roleVariable+"=parent")
	stdin, _ := parent.StdinPipe()
	stdout, _ := parent.StdoutPipe()
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer parent.Wait()
	defer stdin.Close()
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || lines.Text() != "busy" {
		t.Fatalf("the busy process said %q", lines.Text())
	}
	tree := Tree(parent.Process.Pid)
	if len(tree) != 2 || tree[0] != parent.Process.Pid {
		t.Fatalf("the tree of %d is %v, want it and its child", parent.Process.Pid, tree)
	}
	u, err := Of(parent.Process.Pid)
	if err != nil || u.MemoryUnknown != nil {
		t.Fatal(err, u.MemoryUnknown)
	}
	user, system := u.Since(Usage{})
	if u.Processes != 2 || user+system < 100*time.Millisecond || user < 80*time.Millisecond || u.Memory < 32<<20 {
		t.Errorf("%d processes used %v and %v and hold %d bytes; want 2, 100 ms (at least 80 of them user time) and 32 MB", u.Processes, user, system, u.Memory)
	}
	if u.Anonymous < 32<<20 || u.Anonymous >= u.Memory {
		t.Errorf("of %d bytes %d are no file's, want 32 MB and less than all", u.Memory, u.Anonymous)
	}
	alone, err := Of(tree[1])
	if err != nil || alone.Memory < 32<<20 || alone.Memory >= u.Memory {
		t.Errorf("the child alone holds %d bytes (%v), with its parent %d", alone.Memory, err, u.Memory)
	}
	syscall.Kill(tree[1], syscall.SIGKILL)
	if !lines.Scan() || lines.Text() != "reaped" {
		t.Fatalf("the parent said %q", lines.Text())
	}
	after, err := Of(parent.Process.Pid)
	if err != nil || after.Processes != 1 || after.Memory > 32<<20 || after.cpu < 80*time.Millisecond {
		t.Errorf("with the child gone %d processes used %v and hold %d bytes (%v)", after.Processes, after.cpu, after.Memory, err)
	}
	if user, system := after.Since(Usage{}); user < 50*time.Millisecond {
		t.Errorf("the child that is gone computed for 100 ms, and of its time %v are user's and %v the system's", user, system)
	}
	if _, err := Of(tree[1]); err == nil {
		t.Error("a process that has ended can be measured")
	}
}

// A worker's own children belong to the server too.
func TestTreeHasGrandchildren(t *testing.T) {
	top := exec.Command(os.Args[0])
	top.Env = append(os.Environ(), roleVariable+"=grandparent")
	stdin, _ := top.StdinPipe()
	stdout, _ := top.StdoutPipe()
	if err := top.Start(); err != nil {
		t.Fatal(err)
	}
	defer top.Wait()
	defer stdin.Close()
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || lines.Text() != "busy" {
		t.Fatalf("the busy process said %q", lines.Text())
	}
	if tree := Tree(top.Process.Pid); len(tree) != 3 || tree[0] != top.Process.Pid {
		t.Errorf("the tree of %d is %v, want it, its child and its grandchild", top.Process.Pid, tree)
	}
	if u, err := Of(top.Process.Pid); err != nil || u.Processes != 3 || u.Memory < 32<<20 {
		t.Errorf("%d processes hold %d bytes (%v); want 3, and the grandchild's 32 MB", u.Processes, u.Memory, err)
	}
}

// Half a millisecond is seen each time, though the kernel's ticks, and stat's, are longer.
func TestLessThanATickIsSeen(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const little = 500 * time.Microsecond
	for range 20 {
		before, err := Of(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		compute(little)
		after, err := Of(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if user, system := after.Since(before); user+system < little {
			t.Fatalf("%v of work were measured as %v", little, user+system)
		}
	}
}

func TestDivisionFollowsTheSamples(t *testing.T) {
	before := Usage{cpu: 10, user: 100, system: 100}
	if user, system := (Usage{cpu: 50, user: 103, system: 101}).Since(before); user != 30 || system != 10 {
		t.Errorf("40 ns with samples 3 to 1 are %d user and %d system, want 30 and 10", user, system)
	}
	if user, system := (Usage{cpu: 50, user: 100, system: 100}).Since(before); user != 40 || system != 0 {
		t.Errorf("40 ns without samples are %d user and %d system, want 40 and 0", user, system)
	}
}

func TestStatOfAProgramWithAStrangeName(t *testing.T) {
	const line = "4711 (a) (b 1 2) S 42 4711 4711 0 -1 4194560 1500 200 0 0 11 22 300 4000 20 0 5 0 100 1 1"
	got, err := parseStat([]byte(line))
	if want := (stat{42, 11 * tick, 22 * tick, 300 * tick, 4000 * tick}); err != nil || got != want {
		t.Errorf("parsed %+v, %v; want %+v", got, err, want)
	}
	for _, bad := range []string{"", "4711 (x) S 42", "no parenthesis at all"} {
		if got, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q parsed as %+v", bad, got)
		}
	}
}
