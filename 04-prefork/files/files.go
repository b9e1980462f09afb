// Package files serves a directory: index.html or a list, types, HEAD, one range, conditions, names in
// UTF-8; and nothing that is not below the directory.
//
// A [Handler] is an ordinary http1.Handler. Names are resolved by os.Root, so neither ".." nor a symbolic
// link leads out, whatever the check of the request's path may have missed: two walls, and the second is the
// kernel's. A path of which a part begins with a dot names nothing (but for .well-known, RFC 8615): what
// editors and version control leave behind is not for the public.
//
// A disk may block, and no poller can wait for one. So what may have to wait for it goes through
// [Options].Off, which an event loop sets to its way off the loop; what is in memory already is answered where
// the request came, if the system can tell (Linux). Files up to smallFile are answered from
// memory, head and body in one write; larger ones are streamed from the file, with sendfile(2) where the
// engine can, and are never in memory.
//
// What this package does not do: no compression, no cache, no several ranges in one answer, no writing, and
// no limit to who may read what: everything below the directory that the process can read is public.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"os"
	"path"
	"sync"
	"syscall"
	"time"

	"example.com/c10k/01-blocking/http1"
)

// smallFile is how large a file, or a range of one, is answered from memory at most: reading and writing
// 64 KiB takes about as long as the extra system calls of a stream.
const smallFile = 64 << 10

// Options are how a Handler runs.
type Options struct {
	// Off runs a function that may wait for a disk, where that stops nobody else, and returns when it has
	// ended. If it returns an error the function is not waited for, or was never begun. nil: the caller's own
	// strand, which is right for threads.
	Off func(func()) error
}

// A Handler serves a directory.
type Handler struct {
	root      *os.Root
	directory *os.File // the same directory, for cached
	off       func(func()) error
}

// New opens a directory to be served. It stays the same one if it is renamed or replaced later.
func New(directory string, o Options) (*Handler, error) {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, fmt.Errorf("the directory to serve: %w", err)
	}
	opened, err := root.Open(".")
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("the directory to serve: %w", err)
	}
	mime.TypeByExtension(".html") // reads the system's tables, now and not at the first request
	h := &Handler{root: root, directory: opened, off: o.Off}
	if h.off == nil {
		h.off = func(fn func()) error { fn(); return nil }
	}
	return h, nil
}

// Close gives the directory back. Streams under way fail.
func (h *Handler) Close() error { return errors.Join(h.directory.Close(), h.root.Close()) }

// Handle answers GET and HEAD.
func (h *Handler) Handle(r *http1.Request) *http1.Response {
	method := string(r.Method)
	if method != "GET" && method != "HEAD" {
		return refusal(405, "allowed here: GET, HEAD", http1.Pair{Name: "Allow", Value: "GET, HEAD"})
	}
	name, ok := parse(string(r.Path()))
	if !ok {
		return notFound
	}
	// The request is lent, and the disk may be waited for: what is needed of it is copied first.
	asked := &request{name: name, head: method == "HEAD", query: string(r.Query()), conditions: conditionsOf(r)}
	if response, ok := h.cached(asked); ok {
		return response
	}
	// If Off gives up, the function may still be running: so it has a result of its own.
	answer := new(*http1.Response)
	if err := h.off(func() { *answer = h.answer(asked) }); err != nil {
		return unavailable
	}
	return *answer
}

// A request is what was asked for, in bytes of its own.
type request struct {
	name
	head  bool
	query string
	conditions
}

// answer looks at the disk.
func (h *Handler) answer(r *request) *http1.Response {
	file, info, err := h.open(r.file)
	if err != nil {
		return failure(err)
	}
	defer file.Close()
	switch {
	case info.IsDir() && !r.directory:
		return h.redirect(r)
	case info.IsDir():
		index, info, err := h.open(path.Join(r.file, "index.html"))
		if errors.Is(err, fs.ErrNotExist) {
			return list(h.root, r, file)
		}
		if err != nil {
			return failure(err)
		}
		defer index.Close()
		if info.IsDir() { // then there is no index
			return list(h.root, r, file)
		}
		return h.content(r, path.Join(r.file, "index.html"), versionOf(info), index.ReadAt)
	case r.directory: // "/letter.txt/"
		return notFound
	}
	return h.content(r, r.file, versionOf(info), file.ReadAt)
}

// open opens a file or a directory, and nothing else. A named pipe would block without O_NONBLOCK, until
// somebody writes to it; for files the flag means nothing.
func (h *Handler) open(name string) (*os.File, os.FileInfo, error) {
	file, err := h.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		err = fs.ErrNotExist // a device, a pipe, a socket
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// content answers with a file, or a range of it, or that the client has it already. read is io.ReaderAt's.
func (h *Handler) content(r *request, name string, found version, read func([]byte, int64) (int, error)) *http1.Response {
	tag, modified := found.tag(), httpDate(found.modified)
	known := []http1.Pair{{Name: "ETag", Value: tag}, {Name: "Last-Modified", Value: modified}}
	switch status := r.check(tag, found.modified); status {
	case 304:
		return &http1.Response{Status: 304, Header: known}
	case 412:
		return refusal(412, "the file is not the one that you meant")
	}
	whole := span{0, found.size}
	part, status := r.part(tag, modified, whole, r.head)
	response := &http1.Response{Status: status, Type: typeOf(name), Header: append(known, acceptRanges)}
	switch status {
	case 206:
		response.Header = append(response.Header, http1.Pair{Name: "Content-Range", Value: part.of(whole)})
	case 416:
		return refusal(416, "the file has no such bytes", http1.Pair{Name: "Content-Range", Value: fmt.Sprintf("bytes */%d", whole.length)})
	}
	if part.length > smallFile {
		response.Length = part.length
		response.Stream = func(s http1.Sender) error { return h.stream(s, name, found, part) }
		return response
	}
	response.Body = make([]byte, part.length)
	if part.length == 0 {
		return response
	}
	if n, err := read(response.Body, part.first); int64(n) < part.length {
		return failure(fmt.Errorf("%s became shorter while it was read: %w", name, err))
	}
	return response
}

// A version is a file at a time: what the head of an answer says must be true of what is sent behind it.
type version struct {
	device, inode uint64
	size          int64
	modified      time.Time
}

func versionOf(info os.FileInfo) version {
	v := version{size: info.Size(), modified: info.ModTime()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		v.device, v.inode = uint64(stat.Dev), stat.Ino
	}
	return v
}

// errReplaced ends a connection: the head that was sent is another file's.
var errReplaced = errors.New("files: the file was replaced between its head and its content")

// stream sends a part of a large file, which it opens again: while a head waits for a slow client, it holds no
// descriptor.
func (h *Handler) stream(s http1.Sender, name string, was version, part span) error {
	if err := s.Send(nil); err != nil { // the head did not go out, or is all that is wanted
		return err
	}
	o := &opening{}
	if err := h.off(func() { o.done(h.open(name)) }); err != nil {
		o.abandon()
		return err
	}
	if o.err != nil {
		return o.err
	}
	defer o.file.Close()
	if versionOf(o.info) != was {
		return errReplaced
	}
	return s.SendFile(o.file, part.first, part.length)
}

// An opening is a file that is opened off the loop, for somebody who may not be there any more when it is.
type opening struct {
	sync.Mutex
	file      *os.File
	info      os.FileInfo
	err       error
	abandoned bool
}

func (o *opening) done(file *os.File, info os.FileInfo, err error) {
	o.Lock()
	defer o.Unlock()
	if o.file, o.info, o.err = file, info, err; o.abandoned && err == nil {
		file.Close()
	}
}

func (o *opening) abandon() {
	o.Lock()
	defer o.Unlock()
	if o.abandoned = true; o.file != nil {
		o.file.Close()
	}
}

// redirect sends to the name with a slash: relative links in what is found there count from it.
func (h *Handler) redirect(r *request) *http1.Response {
	location := "/" + escape(r.file) + "/"
	if r.query != "" {
		location += "?" + r.query
	}
	return refusal(301, "see "+location, http1.Pair{Name: "Location", Value: location})
}

func typeOf(name string) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

var (
	acceptRanges = http1.Pair{Name: "Accept-Ranges", Value: "bytes"}
	notFound     = refusal(404, "there is nothing of that name")
	unavailable  = &http1.Response{Status: 503, Type: "text/plain", Body: []byte("the server stops\n"), Close: true}
)

func refusal(status int, why string, header ...http1.Pair) *http1.Response {
	return &http1.Response{Status: status, Type: "text/plain; charset=utf-8", Header: header, Body: []byte(why + "\n")}
}

// failure says as little as possible: a path that leads out of the directory names nothing, like any other
// that names nothing.
func failure(err error) *http1.Response {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return refusal(403, "this server may not read that")
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return refusal(503, "no descriptor is free", http1.Pair{Name: "Retry-After", Value: "1"})
	case errors.Is(err, syscall.EIO), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return refusal(500, "the file cannot be read")
	}
	return notFound
}
