package main

import (
	"log/slog"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/04-prefork/files"
)

// An application says which handler a worker makes, for whatever model carries it.
type application struct {
	name        string
	root        string       // the directory that files serves
	logRequests *slog.Logger // nil: they are not logged
}

// make makes the handler of this process. It knows neither its model nor that other processes have a handler
// of their own: comet is right in one worker and wrong in two. off runs what waits for a disk, where the model
// has to be spared that; nil is "here".
func (a application) make(m strand.Model, off func(func()) error) (http1.Handler, error) {
	handler, err := a.handler(m, off)
	if err == nil && a.logRequests != nil {
		handler = logged(handler, a.logRequests)
	}
	return handler, err
}

func (a application) handler(m strand.Model, off func(func()) error) (http1.Handler, error) {
	if a.name != "files" {
		return app.New(a.name, m)
	}
	served, err := files.New(a.root, files.Options{Off: off})
	if err != nil {
		return nil, err
	}
	return served.Handle, nil
}

// logged writes one line for each request that a handler has answered. The logger quotes what clients send,
// so a line end in a target cannot forge a line. What http1 refuses never comes here. What is sent later, and whether it arrives, it does not know.
func logged(h http1.Handler, log *slog.Logger) http1.Handler {
	return func(r *http1.Request) *http1.Response {
		method, target := string(r.Method), string(r.Target) // lent, and the handler may wait
		response := h(r)
		status, length := 500, int64(0) // what a nil answer becomes
		if response != nil {
			status, length = max(response.Status, 200), int64(len(response.Body))
			if response.Stream != nil {
				length = response.Length
			}
		}
		log.Info("request", "method", method, "target", target, "status", status, "bytes", length)
		return response
	}
}
