package specimens

// A Fault is something that is wrong with a specimen.
type Fault struct {
	Name string
	In   string // hasty, forgetful or both
	Seen string // what a client, or its user, sees
	Test string // the test that shows it
}

// Faults are all that is known to be wrong. The cause of each, and what mends it in package loop, stands
// where the fault is, in the source: look for "Fault NAME".
var Faults = []Fault{
	{"debug-option", "hasty", "an ordinary user cannot start it: permission denied", "TestDebugOption"},
	{"answer-first", "hasty", "an answer before the request, and a reset after it", "TestAnswerFirst"},
	{"one-piece", "hasty", "a long request is answered with a reset", "TestOnePiece"},
	{"silent-close", "hasty", "the next request meets a connection that is closed", "TestSilentClose"},
	{"both-interests", "hasty", "a silent client costs a whole core", "TestBothInterests"},
	{"dead-worker", "hasty", "each reset ends a worker, and the last one the server", "TestDeadWorker"},
	{"sleeping-worker", "both", "an answer that waits until somebody else connects", "TestSleepingWorker"},
	{"accept-spin", "forgetful", "without descriptors, a whole core and one line over and over", "TestAcceptSpin"},
	{"lost-close", "forgetful", "ab without -k waits for ever", "TestLostClose"},
	{"closed-by-default", "forgetful", "wrk opens a connection for each request", "TestClosedByDefault"},
	{"echoed-version", "forgetful", "an answer in HTTP/7.3", "TestEchoedVersion"},
	{"small-portions", "forgetful", "three turns for a browser's head, forty for 10 KB", "TestSmallPortions"},
	{"stuck-pipeline", "forgetful", "the second answer comes after the third request", "TestStuckPipeline"},
	{"body-as-request", "forgetful", "two answers to one POST", "TestBodyAsRequest"},
	{"endless-head", "forgetful", "a head of any length is kept", "TestEndlessHead"},
	{"no-timeout", "forgetful", "a silent client stays for ever", "TestNoTimeout"},
	{"unanswered-mistake", "forgetful", "silence, to the mistake and to all that follows", "TestUnansweredMistake"},
	{"hang-up-spin", "forgetful", "a client that left costs a whole core", "TestHangUpSpin"},
}
