package poll

import (
	"fmt"
	"strings"
)

// The ladder, best first. A rung that this system lacks is nil (lacks_*.go).
//
//	epoll, kqueue   the kernel keeps the list: a Wait costs what is ready
//	poll            the list travels with each Wait: a Wait costs what is watched
//	select          as poll, and the sets end at descriptor 1023
var ladder = []struct {
	name string
	open func() (Poller, error)
}{
	{"epoll", newEpoll},
	{"kqueue", newKqueue},
	{"poll", newPoll},
	{"select", newSelect},
}

// New opens a poller by its name; no name at all is the best that this system has.
func New(name string) (Poller, error) {
	for _, rung := range ladder {
		switch {
		case rung.name == name && rung.open == nil:
			return nil, fmt.Errorf("this system has no %s: choose %s", name, strings.Join(Names(), ", "))
		case rung.name == name, name == "" && rung.open != nil:
			return rung.open()
		}
	}
	return nil, fmt.Errorf("no poller is named %q: choose %s", name, strings.Join(Names(), ", "))
}

// Names are the pollers that this system has, best first.
func Names() []string {
	var names []string
	for _, rung := range ladder {
		if rung.open != nil {
			names = append(names, rung.name)
		}
	}
	return names
}
