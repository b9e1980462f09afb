package wall_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/01-blocking/wall"
)

func TestMain(m *testing.M) {
	wall.Child()
	if os.Getenv(limited) != "" {
		largest()
		return
	}
	os.Exit(m.Run())
}

// limited in the environment makes this program run the largest crowd that its limit on descriptors allows,
// and say how large that was.
const limited = "C10K_WALL_LIMITED"

func largest() {
	most, err := wall.MostClients()
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := wall.Crowd{Unlocked: true, Steps: []int{most}}.Run(exec.Command(os.Args[0]))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Points[0].Clients, "clients")
}

// What is said to fit does fit, to the last descriptor; and a limit that leaves room for nobody is told.
func TestTheLargestCrowdFits(t *testing.T) {
	for limit, want := range map[int]string{
		100:           "35 clients",
		sock.Reserved: "too few descriptors for a crowd of any size: raise the limit, as with ulimit -n 1065",
	} {
		program := exec.Command("sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0"`, limit), os.Args[0])
		program.Env = append(os.Environ(), limited+"=yes")
		said, err := program.CombinedOutput()
		if got := strings.TrimSpace(string(said)); err != nil || got != want {
			t.Errorf("ulimit -n %d: %q, %v; want %q", limit, got, err, want)
		}
	}
}

// park runs a crowd against this test program, which becomes the server.
func park(t *testing.T, c wall.Crowd) *wall.CrowdResult {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	result, err := c.Run(exec.Command(program))
	if errors.Is(err, wall.ErrDescriptors) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// The wall: Go gives up at 10,000 threads, and ten thousand clients are a thread each. The process dies, with
// all that it held.
func TestThreadsEnd(t *testing.T) {
	result := park(t, wall.Crowd{Most: mostThreads, Steps: []int{crowdSize / 10, crowdSize}})
	if strings.Contains(result.Said, "failed to create new OS thread") {
		t.Skip("this system gives a process fewer threads than the Go runtime would: raise the limit, as with ulimit -u")
	}
	if result.Died == 0 {
		t.Fatalf("%d clients are parked with a thread each, and the server runs", crowdSize)
	}
	if !strings.Contains(result.Said, "fatal error: thread exhaustion") {
		t.Errorf("the server ended, and said %q", result.Said)
	}
	if len(result.Points) != 1 {
		t.Fatalf("measured %d times before the end, and once is what should be possible", len(result.Points))
	}
	if p := result.Points[0]; runtime.GOOS == "linux" && p.Threads < p.Clients {
		t.Errorf("%d waiting clients are %d threads", p.Clients, p.Threads)
	}
}

// The same load on goroutines that are not bound to threads: it is parked whole, and threads stay few.
func TestUnlockedStaysFlat(t *testing.T) {
	result := park(t, wall.Crowd{Unlocked: true, Most: mostThreads, Steps: []int{crowdSize / 10, crowdSize}})
	if result.Died != 0 {
		t.Fatalf("the server ended with %d clients: %s", result.Died, result.Said)
	}
	for _, p := range result.Points {
		if p.Threads > crowdSize/20 { // whatever the number of clients
			t.Errorf("%d waiting clients are %d threads", p.Clients, p.Threads)
		}
	}
}
