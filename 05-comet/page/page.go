// Package page is what a browser sees of a comet server: its statistics, live, and a chat,
// embedded in the program, at /ui/.
//
//	GET /ui/ and the files that it names   assets/   index.html, page.css, page.js and what that imports
//	GET /ui/live    the server's statistics, several times a second, as Server-Sent Events   live.go
//	POST /ui/demo   starts a swarm and tells how it fares; only where that is allowed        demo.go
//
// The page has nothing that another client has not: it asks for /stats, listens to /stream, publishes to
// /topics/chat. What it shows of the server therefore goes through the server. It is plain JavaScript, as it
// stands in assets/: nothing is generated, and nothing comes from another host.
//
// What this package does not do: it knows no hub and no engine, and asks nobody for a password. Where
// strangers must not see statistics, a proxy in front leaves out /ui/ and /stats.
package page

import (
	"context"
	"crypto/sha256"
	"embed"
	"fmt"
	"io"
	"path"
	"strings"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
)

// A Config says what the page stands on. All is needed but Swarm.
type Config struct {
	Model    strand.Model
	Ask      http1.Handler      // the server that the page is about: it answers GET /stats
	Draining func() bool        // this process is about to end
	Offload  func(func()) error // runs what blocks; the strand waits, the others do not

	// Swarm runs n waiters against the server at a URL, writes lines about its progress, and returns a
	// result that becomes JSON. It is called on a goroutine of its own and ends when the context does.
	// nil: there is no demo.
	Swarm func(ctx context.Context, url string, n int, progress io.Writer) (any, error)
}

// Path is what the page's paths begin with.
const Path = "/ui/"

// New returns the handler of all paths that begin with Path.
func New(c Config) http1.Handler {
	p := &page{Config: c, files: load(), live: live{model: c.Model, ask: c.Ask, draining: c.Draining}}
	if c.Swarm != nil {
		p.live.demo = MostDemo
	}
	return p.handle
}

type page struct {
	Config
	files map[string]*http1.Response
	live  live
}

func (p *page) handle(r *http1.Request) *http1.Response {
	method := string(r.Method)
	name := strings.TrimPrefix(string(r.Path()), Path)
	file := p.files[name]
	switch {
	case name == "demo" && p.Swarm != nil && method == "POST":
		return p.demo(r)
	case name == "demo" && p.Swarm != nil:
		return refuse(405, "POST starts the demo", http1.Pair{Name: "Allow", Value: "POST"})
	case file == nil && name != "live":
		return refuse(404, "the page is at "+Path)
	case method != "GET" && method != "HEAD":
		return refuse(405, "GET it", http1.Pair{Name: "Allow", Value: "GET, HEAD"})
	case name == "live":
		return p.live.answer()
	}
	if known, ok := r.Get("if-none-match"); ok && string(known) == file.Header[0].Value {
		return &http1.Response{Status: 304, Header: file.Header}
	}
	return file
}

func refuse(status int, text string, header ...http1.Pair) *http1.Response {
	return &http1.Response{Status: status, Type: "text/plain; charset=utf-8", Body: []byte(text + "\n"), Header: header}
}

//go:embed assets
var assets embed.FS

// load makes an answer of each file. A browser may keep it, and asks each time whether it is still the one:
// after an upgrade the page is the new program's.
func load() map[string]*http1.Response {
	files := map[string]*http1.Response{}
	entries, _ := assets.ReadDir("assets") // it is in the program
	for _, e := range entries {
		body, _ := assets.ReadFile("assets/" + e.Name())
		sum := sha256.Sum256(body)
		files[e.Name()] = &http1.Response{
			Type:   types[path.Ext(e.Name())],
			Body:   body,
			Header: append([]http1.Pair{{Name: "ETag", Value: fmt.Sprintf(`"%x"`, sum[:8])}}, guards...),
		}
	}
	files[""] = files["index.html"]
	return files
}

// types are said here, because package mime asks the machine, and machines differ.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// guards are sent with every file. The policy (W3C, Content Security Policy 3) lets the page load and ask
// for what comes from this server, and nothing else: a chat message that was taken for HTML, by a mistake in
// the page, still could not run a script or call home. No other page may put this one into a frame.
var guards = []http1.Pair{
	{Name: "Cache-Control", Value: "no-cache"},
	{Name: "Content-Security-Policy", Value: "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
	{Name: "X-Content-Type-Options", Value: "nosniff"},
}
