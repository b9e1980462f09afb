package main

// Cores says where the server runs and where the load does.
type cores struct {
	server, load int
	pinned       bool
	note         string // in words, for the record
}
