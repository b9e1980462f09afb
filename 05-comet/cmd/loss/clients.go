package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// waits is a client of 2009: it hears of what comes while it waits. The last message only ends it, and finds it
// waiting.
func (e *experiment) waits() error {
	for {
		if _, err := e.request(http.MethodGet, "/wait", ""); err != nil {
			return err
		}
		if e.ending.Load() {
			return nil
		}
		e.heard.Add(1)
		if !e.absent() {
			return nil
		}
	}
}

const (
	topic = "loss"
	last  = "last" // the text of the message that ends the clients
)

// batch is what /events answers.
type batch struct {
	Epoch, Next uint64
	Events      []struct {
		ID   uint64
		Data string
	}
	Reset bool
}

// follows is a client with a cursor: it names what it has, and is told everything after that. It returns the
// numbers of the messages that it got, the last one aside.
func (e *experiment) follows(begun chan<- struct{}) (got []uint64, err error) {
	path := "/events?topic=" + topic
	for cursor := ""; ; {
		text, err := e.request(http.MethodGet, path+cursor, "")
		if err != nil {
			return nil, err
		}
		var b batch
		if err := json.Unmarshal(text, &b); err != nil {
			return nil, fmt.Errorf("/events answered %.100s: %w", text, err)
		}
		if b.Reset {
			return nil, errors.New("the server has dropped messages: they are too many for its history")
		}
		if cursor == "" {
			begun <- struct{}{}
		}
		cursor = fmt.Sprintf("&since=%d-%d", b.Epoch, b.Next)
		for _, event := range b.Events {
			if event.Data == last {
				return got, nil
			}
			got = append(got, event.ID)
		}
		if len(b.Events) > 0 && !e.absent() {
			return nil, nil
		}
	}
}

// post publishes to those who follow, and returns the number that the message got.
func (e *experiment) post() (uint64, error) {
	body := "news"
	if e.ending.Load() {
		body = last
	}
	text, err := e.request(http.MethodPost, "/topics/"+topic, body)
	if err != nil {
		return 0, err
	}
	var published struct{ ID uint64 }
	if err := json.Unmarshal(text, &published); err != nil || published.ID == 0 {
		return 0, fmt.Errorf("/topics answered %.100s: %v", text, err)
	}
	return published.ID, nil
}
