package prefork

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFramesThereAndBack(t *testing.T) {
	r := start(t, "", 1, nil)
	r.wait("joined 1", "serving")
	var want []string
	r.do(func(m *Master) {
		for i := range 100 {
			m.Send(1, typeEcho, fmt.Appendf(nil, "%d", i))
		}
		m.Send(1, typeEcho, make([]byte, MaxPayload))
	})
	for i := range 100 {
		want = append(want, fmt.Sprintf("frame 1: %d", i))
	}
	want = append(want, fmt.Sprintf("frame 1: %d bytes", MaxPayload))
	for _, event := range want { // one at a time: in this order
		r.wait(event)
	}
}

func TestDescriptorsAreHandedToAWorker(t *testing.T) {
	r := start(t, "", 1, nil)
	r.wait("joined 1", "serving")
	before := descriptors(t)
	for range 20 {
		ours, theirs, err := socketPair()
		if err != nil {
			t.Fatal(err)
		}
		giveUpReading(ours)
		r.do(func(m *Master) { m.SendDescriptors(1, typeHand, nil, []int{theirs}) })
		answer := make([]byte, 64)
		n, err := unix.Read(ours, answer)
		if err != nil || string(answer[:n]) != "worker-1" {
			t.Errorf("read %q, %v", answer[:n], err)
		}
		if n, err := unix.Read(ours, answer); n != 0 || err != nil { // somebody still has a copy
			t.Errorf("after the worker has closed it: %d bytes, %v", n, err)
		}
		unix.Close(ours)
	}
	if after := descriptors(t); len(after) != len(before) {
		t.Errorf("open before: %v\nopen after: %v", before, after)
	}
}

// giveUpReading lets a read that would wait for ever end with an error.
func giveUpReading(fd int) {
	limit := unix.NsecToTimeval(int64(patience))
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit)
}

func TestADescriptorForADeadWorkerIsClosed(t *testing.T) {
	r := start(t, "", 1, nil)
	r.wait("joined 1", "serving")
	ours, theirs, err := socketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ours)
	giveUpReading(ours)
	pid := r.process(1)
	r.do(func(m *Master) { unix.Kill(pid, unix.SIGKILL) })
	r.wait("left 1", "joined 2")
	r.do(func(m *Master) { m.SendDescriptors(1, typeHand, nil, []int{theirs}) })
	if n, err := unix.Read(ours, make([]byte, 1)); n != 0 || err != nil {
		t.Errorf("the other end reads %d bytes, %v; want the end of the stream", n, err)
	}
}

func TestAWorkerThatDoesNotReadItsLinkIsReplaced(t *testing.T) {
	r := start(t, "deaf", 1, nil)
	r.wait("joined 1", "serving")
	r.do(func(m *Master) {
		for range 2 * LinkQueue / MaxPayload {
			m.Send(1, typeEcho, make([]byte, MaxPayload))
		}
	})
	r.wait("left 1", "joined 2")
}

func TestAWorkerThatClosesItsLinkAndStaysIsReplaced(t *testing.T) {
	r := start(t, "", 1, nil)
	r.wait("joined 1", "serving")
	r.do(func(m *Master) { m.Send(1, typeSilent, nil) })
	r.wait("left 1", "joined 2")
}
