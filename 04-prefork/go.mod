module example.com/c10k/04-prefork

go 1.26.0

require (
	example.com/c10k/01-blocking v0.0.0
	example.com/c10k/02-selectors v0.0.0
	example.com/c10k/03-coroutines v0.0.0
	github.com/google/go-cmp v0.7.0
	golang.org/x/sys v0.49.0
)

replace example.com/c10k/01-blocking => ../01-blocking

replace example.com/c10k/02-selectors => ../02-selectors

replace example.com/c10k/03-coroutines => ../03-coroutines

