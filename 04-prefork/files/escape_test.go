package files_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.com/c10k/04-prefork/files"
)

// attempts are ways out of the directory that have worked somewhere. OUTSIDE is the absolute path of a file
// that lies beside the root.
var attempts = []string{
	"/../outside.txt", "/./../outside.txt", "/sub/../../outside.txt", "/sub/deeper/../../../outside.txt",
	"/../../../../../../../../etc/passwd", "/..", "/../", "/sub/..", "/sub/../..", "/.", "/./",
	// encoded dots, slashes, both; upper and lower case
	"/%2e%2e/outside.txt", "/%2E%2E/outside.txt", "/.%2e/outside.txt", "/%2e./outside.txt",
	"/..%2foutside.txt", "/..%2Foutside.txt", "/%2e%2e%2foutside.txt", "/sub%2f..%2f..%2foutside.txt",
	"/sub/%2e%2e/%2e%2e/outside.txt", "/%2fetc%2fpasswd", "/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
	// encoded twice, three times, in halves
	"/%252e%252e/outside.txt", "/%252e%252e%252foutside.txt", "/%25252e%25252e/outside.txt", "/..%252foutside.txt",
	"/%%32%65%%32%65/outside.txt", "/%u002e%u002e/outside.txt", "/%u2216..%u2216outside.txt",
	// NUL ends a name in C
	"/letter.txt%00", "/%00/../outside.txt", "/../outside.txt%00.html", "/..%00/outside.txt", "/letter.txt%00/../../outside.txt",
	// backslashes
	`/..\outside.txt`, `/..\/outside.txt`, "/..%5coutside.txt", "/..%5Coutside.txt", `/sub\..\..\outside.txt`, `/\..\outside.txt`, `/\\host\share`,
	// absolute names and other hosts
	"//etc/passwd", "///etc/passwd", "//outside.txt", "/OUTSIDE", "//OUTSIDE", "/file:///etc/passwd", "http://h/../outside.txt", "http://h//etc/passwd",
	// overlong UTF-8 for a dot and a slash, and bytes that are no UTF-8
	"/%c0%ae%c0%ae/outside.txt", "/%c0%ae%c0%ae%c0%afoutside.txt", "/..%c0%afoutside.txt", "/%e0%80%ae%e0%80%ae/outside.txt",
	"/%f0%80%80%ae%f0%80%80%ae/outside.txt", "/..%c1%9coutside.txt", "/%fe%80%80%80%80%80%ae/x", "/%ff",
	// look-alikes: full-width dots and slashes, a fraction slash
	"/%ef%bc%8e%ef%bc%8e/outside.txt", "/..%ef%bc%8foutside.txt", "/%e2%80%a5/outside.txt", "/..%e2%88%95outside.txt",
	// parameters and dots that some servers drop
	"/..;/outside.txt", "/..;a=b/outside.txt", "/.../outside.txt", "/.. /outside.txt", "/..%20/outside.txt", "/..%09/outside.txt",
	"/sub/..%3b/..%3b/outside.txt", "/....//outside.txt", "/..././outside.txt", "/letter.txt/../../outside.txt",
	// links that lead out, and what is behind them
	"/out-relative", "/out-absolute", "/out-directory", "/out-directory/", "/out-directory/outside.txt", "/sub/out-deeper",
	"/out-and-in", "/passwd", "/dangling", "/loop", "/loop/letter.txt", "/out-directory/public-too/secret.txt",
	// names that begin with a dot
	"/.hidden", "/%2ehidden", "/.git/config", "/.git/", "/%2egit/config", "/.well-known/../.hidden", "/.well-known/.hidden",
	// broken escapes, empty parts
	"/%", "/%2", "/%zz", "/%2e%2", "//", "/sub//deeper/leaf.txt", "/sub/deeper/leaf.txt//", "*",
}

// Whatever is asked for, nothing from outside comes, neither a file nor a list; and nobody is sent elsewhere.
func TestNobodyEscapes(t *testing.T) {
	root := tree(t)
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	address := started(t, root, files.Options{})
	outside := filepath.Join(filepath.Dir(root), "outside.txt")
	if content, err := os.ReadFile(outside); string(content) != secret || err != nil {
		t.Fatal("there is nothing to be found outside, so not finding it shows nothing")
	}
	for _, path := range append(attempts, "/pipe", strings.Repeat("/sub", 100)) {
		path = strings.ReplaceAll(path, "/OUTSIDE", outside)
		for _, method := range []string{"GET", "HEAD"} {
			a, body := send(t, address, method+" "+path+" HTTP/1.1\r\nHost: h\r\n\r\n")
			if a.StatusCode < 400 || a.StatusCode >= 500 {
				t.Errorf("%s %s: status %d, Location %q", method, path, a.StatusCode, a.Header.Get("Location"))
			}
			if strings.Contains(body, "SECRET") || strings.Contains(body, "root:") || strings.Contains(body, "outside.txt") {
				t.Errorf("%s %s: %.60q", method, path, body)
			}
		}
	}
	if len(attempts) < 40 {
		t.Errorf("only %d attempts", len(attempts))
	}
}

// os.Root alone would have to hold too, if the check of the path were forgotten: what the handler opens is
// never outside. The links are the half of it that no check of a path can see.
func TestALinkInsideIsFollowed(t *testing.T) {
	address := started(t, tree(t), files.Options{})
	if a, body := get(t, address, "/inside", ""); a.StatusCode != 200 || body != "dear reader" {
		t.Errorf("%d %q", a.StatusCode, body)
	}
}
