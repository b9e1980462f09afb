package sock

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of a NonBlocking descriptor, made without telling the Go scheduler. A call through package
// unix announces itself before and after (entersyscall, exitsyscall), so that another thread can take
// over the scheduler's place while it waits; a call that cannot wait has no need of that.
//
// What is given up: while a raw call runs, the garbage collector cannot stop this thread; so it must
// return by itself, and soon. And the race detector does not see the bytes that the kernel touches.

// read is recv(2), which leads straight to the socket; read(2) passes by what files need first.
func read(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
	return int(n), errno
}

// write is send(2), for the same reason and because it can be told to raise no SIGPIPE: the Go runtime would ignore the signal,
// but only after the kernel has delivered it.
func write(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

// writeMore is write, and the kernel keeps a packet that p does not fill, as more is to come (send(2), MSG_MORE).
func writeMore(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		unix.MSG_NOSIGNAL|unix.MSG_MORE, 0, 0)
	return int(n), errno
}

func shutdownWrite(fd int) syscall.Errno {
	_, _, errno := syscall.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_WR, 0)
	return errno
}

func acceptNonBlocking(fd int) (int, syscall.Errno) {
	accepted, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	return int(accepted), errno
}

// closeDescriptor waits for nothing, as no socket of this package has SO_LINGER.
func closeDescriptor(fd int) syscall.Errno {
	_, _, errno := syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
	return errno
}
