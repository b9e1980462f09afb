package coro_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
)

// HTTPS, both ends of it, on one thread. crypto/tls knows net.Conn and nothing of coroutines; that its
// reads and writes park is not its business. One coroutine has a tls.Conn for itself: its mutexes, if
// two met there, would block the thread and with it everybody.
func Example_https() {
	poller, _ := poll.New(poll.Names()[0])
	kernel, err := system.New(poller)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer kernel.End()
	s := coro.New(kernel, coro.Options{})
	certificate, trusted := selfSigned()

	err = s.Run(func() {
		listener, err := s.Listen("127.0.0.1:0", coro.ListenOptions{})
		if err != nil {
			fmt.Println(err)
			return
		}
		s.Go("client", func() {
			c, err := s.Dial(listener.At().String(), s.Now().Add(5*time.Second))
			if err != nil {
				fmt.Println(err)
				return
			}
			secure := tls.Client(c, &tls.Config{RootCAs: trusted, ServerName: "127.0.0.1"})
			defer secure.Close()
			fmt.Fprintf(secure, "GET / HTTP/1.0\r\n\r\n")
			answer, err := io.ReadAll(secure)
			fmt.Printf("%s … %s, %v\n", answer[:15], answer[len(answer)-13:], err)
		})
		c, err := listener.Net().Accept()
		listener.Close()
		if err != nil {
			fmt.Println(err)
			return
		}
		defer c.Close()
		secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate}})
		serve.Connection(&stream{Conn: secure}, new(serve.Buffers), &serve.Options{Handler: app.Hello, Now: s.Now})
		secure.Close()
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: HTTP/1.1 200 OK … Hello, World!, <nil>
}

// A stream is a tls.Conn as serve wants it.
type stream struct {
	*tls.Conn
	buffer [4096]byte
}

func (s *stream) Recv(until time.Time) ([]byte, error) {
	s.SetReadDeadline(until)
	n, err := s.Read(s.buffer[:])
	return s.buffer[:n], err
}

func (s *stream) Send(b []byte, until time.Time) error {
	s.SetWriteDeadline(until)
	_, err := s.Write(b)
	return err
}

// selfSigned makes a certificate for 127.0.0.1, good for an hour, and a list that trusts it.
func selfSigned() (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	form := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	encoded, err := x509.CreateCertificate(rand.Reader, &form, &form, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	parsed, err := x509.ParseCertificate(encoded)
	if err != nil {
		panic(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{encoded}, PrivateKey: key}, trusted
}
