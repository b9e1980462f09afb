package poll

var newKqueue func() (Poller, error) // macOS and the BSDs have it
