package swarm

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWhatIsNoCometServerIsNamed(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	talker := talk(t, "220 mail.example.com ESMTP\r\n")
	mute := talk(t, "")
	website := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>hello") }))
	defer website.Close()
	missing := httptest.NewServer(http.NotFoundHandler())
	defer missing.Close()
	for _, test := range []struct{ url, want string }{
		{"http://" + closed.Addr().String(), "start a server there, for instance bin/comet -addr " + closed.Addr().String()},
		{"http://" + talker, "does not speak HTTP"},
		{"http://" + mute, "ended the connection without an answer"},
		{website.URL, `answered "<html>hello"`},
		{missing.URL, "404 Not Found"},
		{"ftp://127.0.0.1", "should look like http://127.0.0.1:8080"},
		{"http://127.0.0.1:80/app", "should look like"},
		{"127.0.0.1:80", "should look like"},
		{"http://127.0.0.1:notaport", "should look like"},
	} {
		_, err := Run(t.Context(), Options{URL: test.url, Clients: 1, Timeout: patience})
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want one line with %q", test.url, err, test.want)
		}
	}
}

// talk listens, and says the same to everybody who asks something.
func talk(t *testing.T, text string) (addr string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 1024))
			io.WriteString(c, text)
			c.Close()
		}
	}()
	return listener.Addr().String()
}
