package sequencer

import "encoding/binary"

// Kind is the type of a frame between a worker's hub and the sequencer.
type Kind byte

// What a hub sends. ID is the hub's own number for a question, or the round that it answers.
const (
	Notify  Kind = 'N' // somebody asked for /notify
	Count   Kind = 'C' // somebody asked how many wait
	Taken   Kind = 't' // the list of round ID was set aside; N is its length
	Counted Kind = 'c' // N wait here

	Follow  Kind = 'F' // send me what comes after number N
	Publish Kind = 'P' // question ID: give this message a number; Body is its entry
	Where   Kind = 'W' // question ID: what is the highest number now?
	Survey  Kind = 'S' // question ID: what do all workers say of themselves?
	Said    Kind = 's' // the answer to round ID; Body is the hub's own affair
)

// What the sequencer sends.
const (
	Take    Kind = 'T' // set your list aside
	Release Kind = 'R' // wake the list of round ID with N
	Return  Kind = 'B' // your answer to round ID came too late: back with it
	Ask     Kind = 'A' // how many wait with you?
	Told    Kind = 'D' // the answer to your question ID is N, or Body
	Refused Kind = 'X' // your question ID was one too many: come again later

	Begin Kind = 'E' // ID is the epoch: Follow from where you are, or from 0 if you were in another
	Piece Kind = 'H' // a piece of history, see news; after it you have everything up to N
	Query Kind = 'Q' // round ID: say something of yourself

	Closing Kind = 'L' // the server is about to stop: say so to whoever asks
)

// A Frame is one message between the two: two numbers, and bytes that only some kinds have.
type Frame struct {
	Kind  Kind
	ID, N uint64
	Body  string
}

// numbersSize is the size of ID and N together, in bytes.
const numbersSize = 8 + 8

// Payload is the frame without its kind: the two numbers, 16 bytes, big-endian; and the body.
func (f Frame) Payload() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, numbersSize+len(f.Body)), f.ID)
	b = binary.BigEndian.AppendUint64(b, f.N)
	return append(b, f.Body...)
}

// Parse reads a payload back; false if it is none.
func Parse(kind byte, payload []byte) (Frame, bool) {
	if len(payload) < numbersSize {
		return Frame{}, false
	}
	return Frame{Kind(kind), binary.BigEndian.Uint64(payload), binary.BigEndian.Uint64(payload[8:]),
		string(payload[numbersSize:])}, true
}

// MaxText bounds a message's text, in bytes: a line of news and not a file; sixteen of them fit into a
// frame of a prefork link. MaxTopic bounds its name.
const (
	MaxText  = 64 << 10
	MaxTopic = 64
)

// IsTopic tells whether a name is one: 1 to 64 of A-Z, a-z, 0-9, dot, underscore and hyphen. They need no
// escaping in a path, a query, JSON, or a line of text.
func IsTopic(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return 1 <= len(name) && len(name) <= MaxTopic
}

// An entry is a message or, without a time, a topic's mark: number 8, time 8, length of the topic 1,
// topic, length of the text 4, text.
func appendEntry(dst []byte, m *Message) []byte {
	dst = binary.BigEndian.AppendUint64(dst, m.Number)
	dst = binary.BigEndian.AppendUint64(dst, uint64(m.Time))
	dst = append(append(dst, byte(len(m.Topic))), m.Topic...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(m.Text)))
	return append(dst, m.Text...)
}

// entryHead is the size of what stands before an entry's topic: number, time, and the two lengths, in bytes.
const entryHead = 8 + 8 + 1 + 4

// entry takes one entry off s.
func entry(s string) (m *Message, rest string, ok bool) {
	if len(s) < entryHead {
		return nil, "", false
	}
	m = &Message{Number: number(s), Time: int64(number(s[8:]))}
	name := int(s[16])
	if s = s[17:]; len(s) < name+4 {
		return nil, "", false
	}
	m.Topic, s = s[:name], s[name:]
	text := int(binary.BigEndian.Uint32([]byte(s[:4])))
	if s = s[4:]; len(s) < text || text > MaxText || !IsTopic(m.Topic) {
		return nil, "", false
	}
	m.Text = s[:text]
	return m, s[text:], true
}

// number reads 8 bytes, big-endian.
func number(s string) (n uint64) {
	for i := range 8 {
		n = n<<8 | uint64(s[i])
	}
	return n
}

// Publishing is the frame that asks for a number.
func Publishing(id uint64, topic, text string) Frame {
	return Frame{Kind: Publish, ID: id, Body: string(appendEntry(nil, &Message{Topic: topic, Text: text}))}
}
