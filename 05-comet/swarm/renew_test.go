package swarm

import "testing"

// A server is renewed when every worker that it had is gone, or about to go, and another one takes clients.
func TestRenewed(t *testing.T) {
	old := func(pid int) workerStatistics { return workerStatistics{Pid: pid} }
	going := func(pid int) workerStatistics { return workerStatistics{Pid: pid, Draining: true} }
	before := statistics{Workers: []workerStatistics{old(1), old(2)}}
	for name, c := range map[string]struct {
		now  []workerStatistics
		want bool
	}{
		"nothing has happened":   {[]workerStatistics{old(1), old(2)}, false},
		"the new ones join":      {[]workerStatistics{old(1), old(2), old(3), old(4)}, false},
		"one is left":            {[]workerStatistics{going(1), old(2), old(3), old(4)}, false},
		"the old ones drain":     {[]workerStatistics{going(1), going(2), old(3), old(4)}, true},
		"the old ones are gone":  {[]workerStatistics{old(3), old(4)}, true},
		"nobody is there":        {nil, false},
		"all are about to go":    {[]workerStatistics{going(1), going(2)}, false},
		"the new ones drain too": {[]workerStatistics{going(2), going(3)}, false},
	} {
		if got := renewed(before, statistics{Workers: c.now}); got != c.want {
			t.Errorf("%s: renewed is %v", name, got)
		}
	}
}
