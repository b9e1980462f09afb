package comet

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"unicode/utf8"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/05-comet/sequencer"
)

// publish gives its body to everybody who asks for the topic, and answers once it has its number. If the
// answer does not arrive, the client cannot know whether the message was published: if it sends it again
// there may be two, which is at least one.
func (f *face) publish(r *http1.Request) *http1.Response {
	topic := string(bytes.TrimPrefix(r.Path(), []byte(topicsPath)))
	allow := f.allowed(r)
	switch {
	case string(r.Method) == "OPTIONS":
		return f.preflight(r, "POST")
	case f.foreign(r):
		return says(403, "a page of another site may not publish: its origin is not on the list (-origins)")
	case !f.authorized(r):
		return says(401, "send the token: Authorization: Bearer TOKEN", append(allow, bearer)...)
	case !sequencer.IsTopic(topic):
		return says(400, "a topic is "+topicRule, allow...)
	case len(r.Body) > sequencer.MaxText:
		return says(413, "at most 64 KiB of text", allow...)
	}
	if coding, ok := r.Get("content-encoding"); ok && string(coding) != "identity" || !utf8.Valid(r.Body) {
		return says(415, "send text, in UTF-8 and not compressed", allow...)
	}
	c, err := f.Hub.Publish(topic, string(r.Body))
	if err != nil {
		return f.refused(err)
	}
	return &http1.Response{Type: jsonType, Header: uncached(allow), Body: encoded(published{c.Epoch, c.Number})}
}

type published struct {
	Epoch uint64 `json:"epoch"`
	ID    uint64 `json:"id"`
}

var bearer = http1.Pair{Name: "WWW-Authenticate", Value: `Bearer realm="publish"`}

// authorized compares the token in a time that does not tell how much of it was right, nor how long it is:
// what is compared is of one length, whatever was sent.
func (f *face) authorized(r *http1.Request) bool {
	if f.Token == "" {
		return true
	}
	sent, _ := r.Get("authorization")
	scheme, token, _ := bytes.Cut(sent, []byte(" "))
	if !bytes.EqualFold(scheme, []byte("Bearer")) {
		return false
	}
	a, b := sha256.Sum256(bytes.TrimSpace(token)), sha256.Sum256([]byte(f.Token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
