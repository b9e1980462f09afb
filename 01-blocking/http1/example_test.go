package http1_test

import (
	"fmt"

	"example.com/c10k/01-blocking/http1"
)

// Bytes arrive as the network pleases; requests come out whole.
func ExampleParser() {
	var request http1.Request
	parser := http1.NewParser(&request, nil)
	for _, arrived := range []string{
		"GET /wait HTTP/1.1\r\nHost: example.com\r\n\r\nPOST /not",
		"ify HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhel",
		"lo",
	} {
		parser.Feed([]byte(arrived))
		for {
			r, err := parser.Next()
			if err != nil {
				fmt.Println(err) // answer with it, and close
				return
			}
			if r == nil {
				break // read more
			}
			fmt.Printf("%s %s %q\n", r.Method, r.Path(), r.Body)
		}
	}
	// Output:
	// GET /wait ""
	// POST /notify "hello"
}

func ExampleAppendResponse() {
	r := &http1.Response{Type: "text/plain", Body: []byte("Hello, World!\n")}
	fmt.Printf("%q", http1.AppendResponse(nil, http1.Framing{Minor: 1}, r, nil))
	// Output:
	// "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n\r\nHello, World!\n"
}
