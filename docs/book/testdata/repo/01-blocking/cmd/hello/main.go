// Command hello is what the fixture's chapter shows.
package main

import (
	"fmt"
	"os"
)

func main() {
	//> greet
	fmt.Println("Hello, World!")
	//< greet
	fmt.Println("pid", os.Getpid())
}

func polite() {
	fmt.Println("Good morning, World!")
}
