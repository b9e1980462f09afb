package comet

import "example.com/c10k/01-blocking/http1"

// healthy says that the process lives: it answered.
func (f *face) healthy(*http1.Request) *http1.Response {
	return &wellAndReady
}

// ready says whether this process should be sent clients: it has all messages, and is not about to end.
func (f *face) ready(*http1.Request) *http1.Response {
	if !f.Hub.Current() {
		return says(503, "not ready: catching up, or about to end", f.retryAfter())
	}
	return &wellAndReady
}

var wellAndReady = http1.Response{Type: plainText, Body: []byte("ok\n"), Header: noStore}
