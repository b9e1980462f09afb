package audience

import (
	"fmt"
	"strconv"
	"strings"
)

// A message says what the account needs: "RUN SERIES NUMBER SENT" and then what fills it up. A series is one
// publisher's messages to one topic, numbered 1, 2, 3, …: whoever follows the topic must meet every number
// once, in this order. Messages of another run, or of somebody else, have another RUN.
type message struct {
	series int
	number uint64
	sent   int64 // children.Clock's moment before it was published, in nanoseconds
}

// text is the message as it is published, at least size bytes long.
func (m message) text(run string, size int) string {
	text := fmt.Sprintf("%s %d %d %d ", run, m.series, m.number, m.sent)
	return text + strings.Repeat("x", max(size-len(text), 0))
}

// parseMessage reads a text; false means that it is none of this run.
func parseMessage(text, run string) (m message, ok bool) {
	var fields [3]uint64
	text, ok = strings.CutPrefix(text, run+" ")
	for i := range fields {
		word, rest, found := strings.Cut(text, " ")
		n, err := strconv.ParseUint(word, 10, 63)
		ok = ok && found && err == nil
		fields[i], text = n, rest
	}
	return message{int(fields[0]), fields[1], int64(fields[2])}, ok && fields[1] > 0
}

// A layout says which series goes to which topic, and by which publisher: series s goes to topic s modulo
// the topics, by publisher s modulo the publishers.
type layout struct {
	Topics     int `json:"topics"`
	Publishers int `json:"publishers"`
}

// series is how many there are: every topic has one at least, and every publisher.
func (l layout) series() int { return max(l.Topics, l.Publishers) }

// ofTopic is how many series a topic has. They are topic, topic+Topics, topic+2*Topics, …
func (l layout) ofTopic(topic int) int { return (l.series() - topic + l.Topics - 1) / l.Topics }

// topicOf is a series' topic, and its place among the topic's series.
func (l layout) topicOf(series int) (topic, place int) { return series % l.Topics, series / l.Topics }

// followers is how many of n clients follow a topic: client i follows topic i modulo the topics.
func (l layout) followers(topic, n int) int { return (n - topic + l.Topics - 1) / l.Topics }

func topicName(topic int) string { return fmt.Sprintf("swarm-%d", topic) }
