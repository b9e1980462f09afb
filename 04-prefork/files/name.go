package files

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// deepest bounds the parts of a path; os.Root opens one directory for each, so a request of 16 KiB of
// slashes would be 8,000 system calls.
const deepest = 64

// A name is what a path names: a file below the root, in os.Root's form ("." is the root), and whether the
// path ends with a slash, which only directories have.
type name struct {
	file      string
	directory bool
}

// parse decodes a path, once, and says whether it can name anything. It is strict where others clean up: what
// browsers and curl have resolved before they ask ("." and "..", RFC 3986 section 5.2.4) is only sent by
// those who look for a hole.
//
//   - A slash that is encoded is refused: it would have to be part of a name, and no name has one. So is NUL.
//   - "%252e" is a name with a percent sign, because decoding happens once.
//   - A backslash is a letter like any other: this is Unix.
//   - What is not UTF-8 names nothing; so the overlong forms of a dot or a slash do not either.
//   - Empty parts ("//host") name nothing, so no redirect can be made to lead to another host.
func parse(path string) (name, bool) {
	if path == "" || path[0] != '/' {
		return name{}, false
	}
	path = path[1:]
	if path == "" {
		return name{file: ".", directory: true}, true
	}
	var n name
	path, n.directory = strings.CutSuffix(path, "/")
	parts := strings.Split(path, "/")
	if len(parts) > deepest {
		return name{}, false
	}
	for i, part := range parts {
		decoded, err := url.PathUnescape(part)
		if err != nil || !good(decoded) {
			return name{}, false
		}
		parts[i] = decoded
	}
	n.file = strings.Join(parts, "/")
	return n, true
}

// good says whether a part of a path can be a name that is served.
func good(part string) bool {
	switch {
	case part == ".well-known":
		return true
	case part == "" || part[0] == '.':
		return false
	}
	return utf8.ValidString(part) && !strings.ContainsAny(part, "/\x00")
}

// escape encodes a name for a link, part by part.
func escape(file string) string {
	parts := strings.Split(file, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}
