//go:build soak && linux

package main

import (
	"maps"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"
)

// losesNothing are the ways to serve that promise not to lose a request in a reload or an upgrade: all but
// reuseport, and exec, which has a test of its own.
var losesNothing = map[string][]string{
	"shared":          nil,
	"threads":         {"-engine", "threads"},
	"exclusive":       {"-mode", "exclusive"},
	"handoff":         {"-mode", "handoff"},
	"handoff-threads": {"-mode", "handoff", "-engine", "threads"},
}

func TestSoakReloads(t *testing.T) {
	for name, args := range losesNothing {
		t.Run(name, func(t *testing.T) { reloads(t, 100, args...) })
	}
}

func TestSoakUpgrades(t *testing.T) {
	for name, args := range losesNothing {
		t.Run(name, func(t *testing.T) { upgrades(t, 20, args...) })
	}
}

func TestSoakReloadsOfQueues(t *testing.T) { reloadsLoseQueues(t, 100) }

func TestSoakAProcessForEachConnection(t *testing.T) { signalsForEachConnection(t, 20) }

func TestSoakKills(t *testing.T) { kills(t, 30*time.Second) }

// The master is killed in every mode, when nothing else goes on and in the middle of a reload: the workers that
// are starting end too. They are gone within a second, and mostly in a hundredth of it; as a process may have to
// wait for a processor on a machine that does other things too, that is asserted of most of the times.
func TestSoakTheMasterIsKilled(t *testing.T) {
	all := maps.Clone(losesNothing)
	all["reuseport"], all["exec"] = []string{"-mode", "reuseport"}, []string{"-mode", "exec"}
	for name, args := range all {
		t.Run(name, func(t *testing.T) {
			var took []time.Duration
			for range 5 {
				took = append(took, masterIsKilled(t, nil, args...))
				if name != "exec" { // where there is nothing to reload
					took = append(took, masterIsKilled(t, func(master *os.Process) { reloadBegins(t, master) }, args...))
				}
			}
			slices.Sort(took)
			t.Logf("the last worker was gone after %v", took)
			if took[len(took)*3/4] > time.Second {
				t.Error("that is more than a second")
			}
		})
	}
}

// reloadBegins sends a master HUP and waits until it has started another worker.
func reloadBegins(t *testing.T, master *os.Process) {
	before := len(children(t, master.Pid))
	master.Signal(syscall.SIGHUP)
	for began := time.Now(); len(children(t, master.Pid)) == before; {
		if time.Since(began) > patience {
			t.Fatal("no worker is started")
		}
	}
}
