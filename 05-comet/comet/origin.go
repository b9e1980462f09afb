package comet

import (
	"slices"
	"strings"

	"example.com/c10k/01-blocking/http1"
)

// A browser sends the Origin of the page that asks, and gives the answer to pages of other sites only if it
// is told to (the Fetch standard's CORS protocol). That does not keep a foreign page from sending a POST
// whose answer it cannot read; so those are refused here.

// allowed is the header that lets the page which asks read the answer; nil if it may not, or is no page.
func (f *face) allowed(r *http1.Request) []http1.Pair {
	origin, ok := f.origin(r)
	if !ok {
		return nil
	}
	return []http1.Pair{{Name: "Access-Control-Allow-Origin", Value: origin}, {Name: "Vary", Value: "Origin"}}
}

// origin is that of the page which asks, if it is on the list.
func (f *face) origin(r *http1.Request) (string, bool) {
	sent, ok := r.Get("origin")
	if !ok || len(f.Origins) == 0 {
		return "", false
	}
	origin := string(sent)
	return origin, slices.Contains(f.Origins, origin) || slices.Contains(f.Origins, "*")
}

// foreign tells whether a page asks that is neither ours nor on the list.
func (f *face) foreign(r *http1.Request) bool {
	sent, ok := r.Get("origin")
	if !ok {
		return false
	}
	if _, listed := f.origin(r); listed {
		return false
	}
	host, _ := r.Get("host")
	_, site, _ := strings.Cut(string(sent), "://")
	return !strings.EqualFold(site, string(host))
}

// preflight answers the question whether a page may ask, which browsers put before requests that no form
// could send. Who is no page, or one of ours, asks what may be done here at all.
func (f *face) preflight(r *http1.Request, method string) *http1.Response {
	allow := f.allowed(r)
	if allow == nil && f.foreign(r) {
		return says(403, "pages of that site may not use this server: it is not on the list (-origins)")
	}
	return &http1.Response{Status: 204, Header: append(allow,
		http1.Pair{Name: "Allow", Value: method + ", OPTIONS"},
		http1.Pair{Name: "Access-Control-Allow-Methods", Value: method},
		http1.Pair{Name: "Access-Control-Allow-Headers", Value: "Authorization, Content-Type, Last-Event-ID"},
		http1.Pair{Name: "Access-Control-Max-Age", Value: "600"})}
}
