package main

import "runtime"

// slack is what a worker may allocate before its memory is searched for garbage, and by how much more than Go
// lets it the memory may grow afterwards: 32 MB, about what ten thousand clients that wait keep, stacks included.
//
// Go's collector begins when the heap has doubled, and the first time at 4 MB. That suits programs whose memory
// is mostly garbage. Of what the arrival of a client allocates nine tenths stay for as long as it waits, so while
// a crowd arrives there is nothing to be found; and to look means to walk through the stack of everybody who is
// already there. Twice on the way to ten thousand, it was a tenth of the processor time of their whole visit.
const slack = 32 << 20

// giveSlack makes the collector count slack bytes that are never touched, so that they are addresses and no
// memory. A higher debug.SetGCPercent would do the same for the first crowd; but it multiplies what is kept, and
// of a large crowd's memory that would be too much, while this is the same for every crowd.
func giveSlack() (keep func()) {
	untouched := make([]byte, slack)
	return func() { runtime.KeepAlive(untouched) }
}
