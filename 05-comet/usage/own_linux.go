package usage

import "os"

// ownDescriptors counts what is open. Since Linux 6.2 the size of /proc/self/fd is that number
// (Documentation/filesystems/proc.rst, 3.8); before, it is 0, and the names are counted: one is that of the
// directory itself, which is open meanwhile.
func ownDescriptors() int {
	const list = "/proc/self/fd"
	info, err := os.Stat(list)
	if err != nil {
		return 0
	}
	if n := int(info.Size()); n > 0 {
		return n
	}
	directory, err := os.Open(list)
	if err != nil {
		return 0
	}
	defer directory.Close()
	names, _ := directory.Readdirnames(-1)
	return max(len(names)-1, 0)
}
