package prefork

// adopt takes over from the program before this one: its workers serve on, until the generation that is
// started here is ready. Times that were running begin anew.
func (m *Master) adopt(s *state) {
	m.generations, m.last, m.waiting = s.Generations, s.Last, s.Waiting
	m.serving = &generation{number: s.Serving, complete: true, retired: m.config.Mode == EachConnection}
	slots := map[WorkerID]*slot{}
	for _, kept := range s.Slots {
		place := &slot{generation: m.serving, failures: kept.Failures}
		m.serving.slots = append(m.serving.slots, place)
		slots[kept.Worker] = place
	}
	for _, kept := range s.Workers {
		place := slots[kept.ID]
		if place == nil { // it drains, or serves one connection: nobody follows it
			place = &slot{generation: &generation{number: kept.Generation, complete: true, retired: true}}
		}
		m.adoptWorker(kept, place)
	}
	m.log.Info("this program has taken over", "workers", len(m.workers), "generation", s.Serving, "version", s.Version)
	for _, place := range m.serving.slots {
		if place.worker == nil {
			m.fillLater(place, backOff(place.failures))
		}
	}
	m.openDoor()
	m.handOut()
	if m.config.Mode != EachConnection {
		m.begin()
	}
}

// adoptWorker puts one worker into its place, and sets the time that was running for it.
func (m *Master) adoptWorker(kept workerState, place *slot) {
	w := &worker{id: kept.ID, name: kept.Name, slot: place, started: kept.Started, since: kept.Since, ready: kept.Ready,
		joined: kept.Joined, draining: kept.Draining, killed: kept.Killed, linkEnded: kept.Ended, handed: kept.Handed,
		stopTimer: func() {}, stopPulse: func() {}}
	process, err := m.machine.Adopt(kept)
	if err != nil {
		m.log.Error("a worker is lost", "worker", w.name, "pid", kept.Pid, "reason", err)
		m.waiting = append(m.waiting, kept.Handed...)
		return
	}
	w.process, place.worker = process, w
	m.workers[w.id] = w
	switch {
	case w.killed:
		m.end(w) // once more does no harm
	case w.linkEnded:
		m.expectExit(w)
	case w.draining:
		m.expectDrain(w)
	case !w.ready:
		m.expectReady(w)
	default:
		m.expectPong(w)
	}
	if w.joined && m.application != nil {
		m.application.Joined(w.id)
	}
}
