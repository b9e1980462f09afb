package stage

import "net"

// A Server answers.
type Server struct {
	listener net.Listener
}

// Limits that the chapter explains.
const (
	MaxHead = 16 << 10
	MaxBody = 1 << 20
)

// Serve accepts until the listener is closed.
func (s *Server) Serve() error {
	for {
		c, err := s.listener.Accept()
		//> refuse
		if err != nil {
			// Nothing to clean up.
			return err
		}
		//< refuse
		go handle(c)
	}
}

func handle(c net.Conn) { c.Close() }
