package stage

import "runtime"

func (s *Server) ServeThreads() error {
	for {
		c, err := s.listener.Accept()
		//> refuse
		if err != nil {
			return err
		}
		//< refuse
		go func() {
			runtime.LockOSThread()
			handle(c)
		}()
	}
}
