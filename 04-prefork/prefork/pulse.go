package prefork

// A worker that dies is known by the end of its link; nobody has to ask. One that hangs, in a loop without
// end or in a system call that does not return, keeps its link, its connections, and the part of the new
// ones that the kernel gives it. So a worker that is ready is asked now and then, and has HangTimeout to
// answer from where it serves (Worker.OnPing).

// pingsPerTimeout is how often a worker is asked in the time that it has for an answer, so that a hang is
// noticed after at most 1⅓ times HangTimeout. With 30 s that is a frame of five bytes every ten seconds.
const pingsPerTimeout = 3

// expectPong asks a worker when some time has passed, and kills it if it does not answer.
func (m *Master) expectPong(w *worker) {
	w.stopPulse()
	w.stopPulse = m.machine.After(m.config.HangTimeout/pingsPerTimeout, func() {
		w.stopPulse = m.machine.After(m.config.HangTimeout, func() { m.kill(w, "it hangs: it did not answer in time") })
		m.send(w.id, typePing, nil, nil)
	})
}
