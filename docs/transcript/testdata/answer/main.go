// Command answer is a server for the test: it says that it listens, and answers each connection with one
// line. With -ask it is the client.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "-ask" {
		c, err := net.Dial("tcp", os.Args[2])
		if err != nil {
			log.Fatal(err)
		}
		io.Copy(os.Stdout, c)
		return
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(os.Stderr, "listening on http://"+os.Args[1])
	for {
		c, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintln(c, os.Args[1], "answers")
		c.Close()
	}
}
