package conform

import (
	"fmt"
	"strings"
)

var echoCases = []Case{
	{
		Name: "methods", Group: "echo", App: "echo", Connections: 1,
		Why:  "the echo application: You requested TARGET via method METHOD, and no line end after it",
		Hint: "compare byte by byte; a body that ends with a line end is one byte too long",
		Run: func(t *T) {
			c := t.Dial()
			for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
				c.Send(t.Request(method, "/thing"))
				t.Body(c.Answer(method), "You requested /thing via method "+method)
			}
		},
	},
	{
		Name: "bodies", Group: "echo", App: "echo", Connections: 1,
		Why:  "the echo application: a request with a body is told how many bytes it had",
		Hint: "count what arrived, not what was promised",
		Run: func(t *T) {
			c := t.Dial()
			for _, method := range []string{"PUT", "POST", "DELETE"} {
				c.Send(t.RequestWithBody(method, "/thing", "four"))
				t.Body(c.Answer(method), fmt.Sprintf("You requested /thing via method %s with 4 bytes", method))
			}
		},
	},
	{
		Name: "target-as-sent", Group: "echo", App: "echo", Connections: 1,
		Why:  "the echo application repeats the target as it was sent: query, escapes and all",
		Hint: "do not decode and encode again",
		Run: func(t *T) {
			c := t.Dial()
			targets := []string{"/", "/a//b/../c", "/?", "/x?y=1&z=%20", "/%41%C3%A9", "/" + strings.Repeat("long/", 800), "http://" + t.Host + "/x?y"}
			for _, target := range targets {
				t.Body(c.Get(target), "You requested "+target+" via method GET")
			}
		},
	},
	{
		Name: "other-methods", Group: "echo", App: "echo", Connections: 1,
		Why:  "RFC 9110 section 15.5.6: a known method that the resource does not have is 405, with Allow",
		Hint: "Allow: GET, PUT, POST, DELETE; the connection stays open",
		Run: func(t *T) {
			c := t.Dial()
			for _, method := range []string{"PATCH", "OPTIONS", "get"} {
				c.Send(t.Request(method, "/thing"))
				notAllowed(t, c.Answer(method), []string{"GET", "PUT", "POST", "DELETE"}, method)
			}
			t.Body(c.Get("/after"), "You requested /after via method GET")
		},
	},
}

// notAllowed expects 405 and an Allow field that names these methods, and not that one.
func notAllowed(t *T, answer *Answer, allowed []string, refused string) {
	t.Status(answer, 405)
	for _, method := range allowed {
		if !answer.Has("Allow", method) {
			value, _ := answer.Get("Allow")
			t.Fail("an Allow that names "+strings.Join(allowed, ", "), "%q", value)
		}
	}
	for item := range strings.SplitSeq(first(answer.Get("Allow")), ",") {
		if strings.TrimSpace(item) == refused {
			t.Fail("an Allow without "+refused+", which was refused", "%q", first(answer.Get("Allow")))
		}
	}
}

func first(value string, _ bool) string { return value }
