package prefork

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var conversation = []frame{
	{typ: typeReady, payload: []byte{}},
	{typ: FirstApplicationType, payload: []byte("how many wait?")},
	{typ: LastApplicationType, payload: bytes.Repeat([]byte{0, 1, 255}, 30), rides: true},
	{typ: 64, payload: []byte{}, rides: true},
	{typ: FirstApplicationType, payload: []byte("17")},
}

func encode(frames []frame) (wire []byte) {
	for _, f := range frames {
		typ := f.typ
		if f.rides {
			typ |= withDescriptors
		}
		wire = appendFrame(wire, typ, f.payload)
	}
	return wire
}

// decode feeds the pieces one after the other, and overwrites each when the decoder says that it holds on
// to nothing.
func decode(pieces ...[]byte) (frames []frame, err error) {
	var d decoder
	for _, piece := range pieces {
		lent := bytes.Clone(piece)
		d.feed(lent)
		for {
			f, ok, err := d.next()
			if err != nil {
				return frames, err
			}
			if !ok {
				break
			}
			frames = append(frames, f)
		}
		for i := range lent {
			lent[i] = 0xAA
		}
	}
	return frames, nil
}

var compareFrames = cmp.Options{cmp.AllowUnexported(frame{}), cmpopts.IgnoreFields(frame{}, "descriptors")}

func TestFramesArriveHoweverTheyWereCut(t *testing.T) {
	wire := encode(conversation)
	for cut := range len(wire) + 1 {
		got, err := decode(wire[:cut], wire[cut:])
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if diff := cmp.Diff(conversation, got, compareFrames); diff != "" {
			t.Fatalf("cut at %d (-sent +received):\n%s", cut, diff)
		}
	}
	var single [][]byte
	for i := range wire {
		single = append(single, wire[i:i+1])
	}
	got, err := decode(single...)
	if diff := cmp.Diff(conversation, got, compareFrames); err != nil || diff != "" {
		t.Fatalf("byte by byte: %v (-sent +received):\n%s", err, diff)
	}
}

func TestFrameOnTheWire(t *testing.T) {
	got := appendFrame([]byte("before"), 0x85, bytes.Repeat([]byte("x"), 0x102))
	want := append([]byte("before\x85\x00\x00\x01\x02"), bytes.Repeat([]byte("x"), 0x102)...)
	if !bytes.Equal(got, want) {
		t.Errorf("a frame of type 5 with descriptors and 258 bytes is %q", got)
	}
}

func TestFrameAtTheBound(t *testing.T) {
	got, err := decode(appendFrame(nil, 16, make([]byte, MaxPayload)))
	if err != nil || len(got) != 1 || len(got[0].payload) != MaxPayload {
		t.Errorf("MaxPayload bytes: %d frames, %v", len(got), err)
	}
	if _, err := decode([]byte{16, 0x00, 0x10, 0x00, 0x01}); err != errFrameTooLong {
		t.Errorf("a head that announces one byte more: %v, want %v", err, errFrameTooLong)
	}
}

func TestDecoderAwaitsDescriptorsFromTheFirstByteToTheLast(t *testing.T) {
	wire := appendFrame(nil, 16|withDescriptors, []byte("connection"))
	var d decoder
	if d.awaits() {
		t.Error("awaits descriptors before the first byte")
	}
	for i := range wire {
		d.feed(wire[i : i+1])
		_, whole, _ := d.next()
		if d.awaits() == whole {
			t.Errorf("after byte %d of %d: awaits %v", i+1, len(wire), d.awaits())
		}
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add(encode(conversation), 7)
	f.Add([]byte{16, 0x00, 0x10, 0x00, 0x01, 'x'}, 3)
	f.Fuzz(func(t *testing.T, wire []byte, cut int) {
		if cut < 0 || cut > len(wire) {
			return
		}
		whole, wholeErr := decode(wire)
		split, splitErr := decode(wire[:cut], wire[cut:])
		if diff := cmp.Diff(whole, split, compareFrames); diff != "" || wholeErr != splitErr {
			t.Fatalf("cut at %d: %v against %v (-whole +split):\n%s", cut, wholeErr, splitErr, diff)
		}
		if wholeErr == nil && !bytes.HasPrefix(wire, encode(whole)) {
			t.Fatal("what was decoded, encoded again, is not what came")
		}
	})
}
