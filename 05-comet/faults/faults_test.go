package faults

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// However many kinds there are, the counts stay small, and nothing that was counted is lost.
func TestKindsAreBounded(t *testing.T) {
	var c Counts
	const kinds, each = 2 * KindsMost, 3
	for range each {
		for i := range kinds {
			c.Add(fmt.Sprint("fault ", i), 1)
		}
	}
	sum := 0
	for _, n := range c {
		sum += n
	}
	if len(c) != KindsMost+1 || sum != kinds*each || c["fault 0"] != each || c[Other] != (kinds-KindsMost)*each {
		t.Errorf("%d faults of %d kinds became %v", kinds*each, kinds, c)
	}
}

func TestJoin(t *testing.T) {
	var all Counts
	all.Join(Counts{"a": 3})
	all.Join(nil)
	all.Join(Counts{"a": 30, "b": 1})
	if diff := cmp.Diff(Counts{"a": 33, "b": 1}, all); diff != "" {
		t.Errorf("two counts together (-want +got):\n%s", diff)
	}
}

// Two clients whose connections were reset have had the same fault, whatever ports they came from.
func TestInnermost(t *testing.T) {
	reset := &net.OpError{Op: "read", Net: "tcp", Addr: &net.TCPAddr{Port: 40001}, Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	if got, want := Innermost(fmt.Errorf("receive: %w", reset)), syscall.ECONNRESET.Error(); got != want {
		t.Errorf("the kind is %q, want %q", got, want)
	}
	if got := Innermost(errors.New("alone")); got != "alone" {
		t.Errorf("the kind is %q", got)
	}
}
