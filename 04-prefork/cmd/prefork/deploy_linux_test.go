package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const deploy = "../../deploy/"

// systemd takes the unit as it is, apart from where the program lies.
func TestTheUnitIsOne(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed: install the package systemd")
	}
	text, err := os.ReadFile(deploy + "c10k.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "c10k.service")
	there := strings.Replace(string(text), "/usr/local/bin/prefork", build(t), 1)
	if err := os.WriteFile(unit, []byte(there), 0o644); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command("systemd-analyze", "--man=no", "verify", unit).CombinedOutput(); err != nil || strings.Contains(string(said), "c10k.service") {
		t.Errorf("%v: %s", err, said)
	}
}

// The command of the unit is one that the program understands, and so is that of the container. Each is started
// with another address and directory, and answers.
func TestTheCommandsOfDeployAreUnderstood(t *testing.T) {
	unit, err := os.ReadFile(deploy + "c10k.service")
	if err != nil {
		t.Fatal(err)
	}
	container := readImage(t)
	service := regexp.MustCompile(`ExecStart=\S+ (.*)`).FindStringSubmatch(string(unit))
	if service == nil || len(container.entry) == 0 {
		t.Fatal("no ExecStart in the unit, or no ENTRYPOINT in the container file")
	}
	for _, line := range []string{service[1], strings.Join(append(container.entry[1:], container.command...), " ")} {
		line = strings.NewReplacer("127.0.0.1:8080", "127.0.0.1:0", "0.0.0.0:8080", "127.0.0.1:0", "/srv/c10k", t.TempDir()).Replace(line)
		address, _, _ := serve(t, strings.Fields(line)...)
		conn, answers := dial(t, address)
		conn.Write([]byte(request))
		if a := answer(t, answers); a.StatusCode != 200 {
			t.Errorf("%s: status %d", line, a.StatusCode)
		}
	}
}
