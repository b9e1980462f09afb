package swarm

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var anywhere netip.Addr

func TestPlanDividesByTheLimits(t *testing.T) {
	comparable := cmpopts.EquateComparable(netip.Addr{})
	address := netip.MustParseAddr
	for _, test := range []struct {
		name      string
		n         int
		processes int
		limits    Limits
		want      []Share
	}{
		{"no limit known", 10_000, 0, Limits{}, []Share{{10_000, anywhere}}},
		{"20,000 descriptors hold 10,000", 10_000, 0, Limits{Descriptors: 20_000, Ports: 28_232, Sources: 254}, []Share{{10_000, anywhere}}},
		{"256 descriptors hold 192", 500, 0, Limits{Descriptors: 256}, []Share{{167, anywhere}, {167, anywhere}, {166, anywhere}}},
		{"exactly one process", 192, 0, Limits{Descriptors: 256}, []Share{{192, anywhere}}},
		{"one too many for it", 193, 0, Limits{Descriptors: 256}, []Share{{97, anywhere}, {96, anywhere}}},
		{"two addresses for 30,000", 30_000, 0, Limits{Ports: 28_232, Sources: 254},
			[]Share{{27_232, address("127.0.0.1")}, {2_768, address("127.0.0.2")}}},
		{"as many processes as asked for", 10, 3, Limits{}, []Share{{4, anywhere}, {3, anywhere}, {3, anywhere}}},
		{"no process without a client", 2, 5, Limits{}, []Share{{1, anywhere}, {1, anywhere}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan, err := NewPlan(test.n, test.processes, test.limits)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, plan.Shares, comparable); diff != "" {
				t.Errorf("the shares (-want +got):\n%s", diff)
			}
			if plan.Limited != "" {
				t.Errorf("limited by %q, and all fit", plan.Limited)
			}
		})
	}
}

func TestPlanNamesTheLimitInTheWay(t *testing.T) {
	for _, test := range []struct {
		name   string
		limits Limits
		fit    int
		named  string
	}{
		{"descriptors", Limits{Descriptors: DescriptorReserve + 2}, 2 * MaxProcesses, "descriptors: raise `ulimit -n`"},
		{"ports", Limits{Ports: PortReserve + 700, Sources: 2}, 1400, "net.ipv4.ip_local_port_range"},
		{"memory", Limits{Memory: 300 * MemoryOfClient}, 300, "memory are available"},
		{"server", Limits{Server: 1000, Memory: 2000 * MemoryOfClient}, 1000, "the server's processes have descriptors for 1000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan, err := NewPlan(10_000, 0, test.limits)
			if err != nil {
				t.Fatal(err)
			}
			if plan.Clients != test.fit || plan.Asked != 10_000 || !strings.Contains(plan.Limited, test.named) {
				t.Errorf("planned %d of %d because %q; want %d because …%s…", plan.Clients, plan.Asked, plan.Limited, test.fit, test.named)
			}
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	for _, test := range []struct {
		name         string
		n, processes int
		limits       Limits
		usage        bool
	}{
		{"no client", 0, 0, Limits{}, true},
		{"more than MaxClients", MaxClients + 1, 0, Limits{}, true},
		{"fewer than no process", 1, -1, Limits{}, true},
		{"more than MaxProcesses", 1, MaxProcesses + 1, Limits{}, true},
		{"descriptors for the reserve only", 1, 0, Limits{Descriptors: DescriptorReserve}, false},
		{"ports for the reserve only", 1, 0, Limits{Ports: 10}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan, err := NewPlan(test.n, test.processes, test.limits)
			if err == nil {
				t.Fatalf("planned %+v", plan)
			}
			if errors.Is(err, ErrUsage) != test.usage {
				t.Errorf("%v: want ErrUsage to be %v", err, test.usage)
			}
		})
	}
}

// Whatever the limits are: nobody is forgotten, and no share breaks one.
func TestPlanKeepsEveryLimit(t *testing.T) {
	random := rand.New(rand.NewPCG(20, 9))
	for range 2000 {
		n, processes := 1+random.IntN(30_000), random.IntN(9)
		limits := Limits{Descriptors: DescriptorReserve + 1 + random.IntN(3000), Ports: PortReserve + 1 + random.IntN(4000),
			Sources: 1 + random.IntN(MaxSources), Memory: int64(random.IntN(50_000)+1) * MemoryOfClient}
		plan, err := NewPlan(n, processes, limits)
		if err != nil {
			t.Fatalf("%d clients, %+v: %v", n, limits, err)
		}
		sum, ofSource := 0, map[netip.Addr]int{}
		for _, share := range plan.Shares {
			sum += share.Clients
			ofSource[share.Source] += share.Clients
			if share.Clients < 1 || share.Clients > limits.Descriptors-DescriptorReserve {
				t.Fatalf("%d clients, %+v: a share of %d", n, limits, share.Clients)
			}
		}
		for source, clients := range ofSource {
			if clients > limits.Ports-PortReserve {
				t.Fatalf("%d clients, %+v: %d from %v", n, limits, clients, source)
			}
		}
		switch {
		case sum != plan.Clients || sum > n || int64(sum) > limits.Memory/MemoryOfClient:
			t.Fatalf("%d clients, %+v: the shares hold %d, the plan says %d", n, limits, sum, plan.Clients)
		case len(ofSource) != plan.Sources || plan.Sources > limits.Sources:
			t.Fatalf("%d clients, %+v: %d sources, the plan says %d", n, limits, len(ofSource), plan.Sources)
		case len(plan.Shares) < min(processes, plan.Clients) || len(plan.Shares) > MaxProcesses+plan.Sources:
			t.Fatalf("%d clients in at least %d processes, %+v: %d shares", n, processes, limits, len(plan.Shares))
		case (plan.Clients < n) != (plan.Limited != ""):
			t.Fatalf("%d clients, %+v: %d planned, limited by %q", n, limits, plan.Clients, plan.Limited)
		}
	}
}
