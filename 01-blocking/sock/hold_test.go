package sock

import (
	"net"
	"testing"
)

// A held port is there for listeners that share it, one after the other; the holder gets no connection.
func TestHoldPort(t *testing.T) {
	held, at, err := HoldPort("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	for range 20 {
		l, _, err := ListenNonBlocking(at.String(), Options{ReusePort: true})
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", at.String())
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := l.Accept() // the connection is in its queue since Dial has returned
		if err != nil {
			t.Fatalf("the only listener has no connection: %v", err)
		}
		accepted.Close()
		c.Close()
		l.Close()
	}
	if c, err := net.Dial("tcp", at.String()); err == nil {
		c.Close()
		t.Error("a port that is only held accepts connections")
	}
}
