package files

import (
	"html"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"example.com/c10k/01-blocking/http1"
)

// mostListed bounds a list: it is made in memory. Who has more files in a directory wants an index.
const mostListed = 10_000

// list answers with what is in a directory, as HTML. It names what can be fetched, and nothing else.
func list(root *os.Root, r *request, directory *os.File) *http1.Response {
	entries, err := directory.ReadDir(mostListed + 1)
	if err != nil && len(entries) == 0 && err != io.EOF {
		return failure(err)
	}
	more := len(entries) > mostListed
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })

	title := "/" + strings.TrimPrefix(r.file+"/", "./")
	var page strings.Builder
	page.WriteString("<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>" + html.EscapeString(title) + "</title>\n" +
		"<h1>" + html.EscapeString(title) + "</h1>\n<ul>\n")
	if title != "/" {
		page.WriteString("<li><a href=\"../\">../</a>\n")
	}
	for _, entry := range entries[:min(len(entries), mostListed)] {
		name, ok := shown(root, r.file, entry)
		if !ok {
			continue
		}
		// "./" because a name may begin like a URL of another kind: "javascript:…"
		link := "./" + url.PathEscape(strings.TrimSuffix(name, "/"))
		if strings.HasSuffix(name, "/") {
			link += "/"
		}
		page.WriteString("<li><a href=\"" + html.EscapeString(link) + "\">" + html.EscapeString(name) + "</a>\n")
	}
	if more {
		page.WriteString("<li>and more\n")
	}
	page.WriteString("</ul>\n")
	return &http1.Response{Type: "text/html; charset=utf-8", Body: []byte(page.String())}
}

// shown returns the name of an entry as it is listed, directories with a slash. A symbolic link is what it
// leads to, if that is inside.
func shown(root *os.Root, in string, entry fs.DirEntry) (string, bool) {
	name := entry.Name()
	if !good(name) || !utf8.ValidString(name) {
		return "", false
	}
	kind := entry.Type()
	if kind&fs.ModeSymlink != 0 {
		info, err := root.Stat(path.Join(in, name))
		if err != nil {
			return "", false
		}
		kind = info.Mode().Type()
	}
	switch {
	case kind.IsDir():
		return name + "/", true
	case kind.IsRegular():
		return name, true
	}
	return "", false
}
