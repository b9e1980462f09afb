# Every command of this repository, one line each: run `make` to see them.
# GNU make 3.81 or newer (gmake on FreeBSD), Go, and nothing else; what a target needs beyond that, it says.

GO_MINOR    := 26                   # go.work says 1.26: range over functions, iter.Pull, testing.B.Loop
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
MODULES     := $(patsubst %/go.mod,%,$(wildcard */go.mod))
COMMANDS    := $(patsubst %/main.go,%,$(wildcard 0*/cmd/*/main.go))

ADDR ?= 127.0.0.1:8080
N    ?= 10000# clients of make run
FUZZ ?= 5s# for each fuzz target of make check
SOAK ?= 5m# for each long test of make soak
OLD  ?= docs/results# for make bench-compare
NEW  ?= results
COUNT ?= 6# times that make bench-parts measures each

# What windows can build too, because it does no input and no output of its own. Its tests may need an
# engine, and those are for Unix: so the files of these packages are vetted, and not their tests.
WINDOWS := 01-blocking/http1 01-blocking/strand 05-comet/hub

.DEFAULT_GOAL := help
.PHONY: help toolchain build run serve wall-01 wall-02 wall-03 wall-04 wall-05 stevens test check soak \
        bench bench-publish bench-goals publish bench-compare bench-parts bench-faults doctor weave record clean \
        check-format check-vet check-static check-arrows check-race check-fuzz

help: ## this list
	@echo 'make TARGET, where TARGET is one of'
	@awk -F ': .*## ' '/^[a-z0-9-]+: .*## / { sub(/:.*/, "", $$1); printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'ADDR=$(ADDR) (serve)  N=$(N) (run)  FUZZ=$(FUZZ) (check)  SOAK=$(SOAK) (soak)'

# The first thing every other target asks for. Without it an old Go complains about the syntax of go.work.
toolchain:
	@command -v go >/dev/null || { echo 'Go is not installed: get 1.$(strip $(GO_MINOR)) or newer from https://go.dev/dl/'; exit 1; }
	@minor=$$(go version | sed -n 's/^go version .*go1\.\([0-9]*\).*/\1/p'); \
	if [ "$${minor:-0}" -lt $(GO_MINOR) ]; then \
		echo "This needs Go 1.$(strip $(GO_MINOR)) or newer, and here is $$(cd / && go version | cut -d' ' -f3): get it from https://go.dev/dl/, or let Go fetch it: go env -w GOTOOLCHAIN=auto"; exit 1; fi

build: toolchain ## the commands of all stages, and conform, swarm and bench, into bin/
	@mkdir -p bin; status=0; for command in $(COMMANDS); do \
		echo "bin/$${command##*/}"; go build -o bin/ ./$$command || status=1; done; exit $$status

run: build ## the main job: start comet, park 10,000 clients, notify them, check every answer, print the table
	bin/swarm -serve 'bin/comet -addr {addr}' -n $(N)

serve: build ## comet on ADDR with its page, until you press ^C
	@echo 'try in other terminals: curl http://$(ADDR)/wait   curl http://$(ADDR)/   curl http://$(ADDR)/notify   stop: ^C'
	@bin/comet -addr $(ADDR) $(if $(filter 127.% localhost:%,$(ADDR)),-demo)

test: toolchain ## every module's tests: Go only, a few minutes; says what it skipped and why
	@go run ./docs/cmd/suite $(MODULES)

check: toolchain check-format check-vet check-static check-arrows check-race check-fuzz ## what a change must pass beyond make test: format, vet, staticcheck, arrows, races, fuzzing
	@echo 'check: clean'

check-format: toolchain ## gofmt has nothing to change
	@echo 'gofmt'; unformatted=$$(gofmt -l $(MODULES)); if [ -n "$$unformatted" ]; then echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; fi

check-vet: toolchain ## go vet for linux, darwin and freebsd, and for windows what can run there
	@status=0; for os in linux darwin freebsd; do for module in $(MODULES); do \
		echo "go vet $$os $$module"; (cd $$module && [ -z "$$(go list ./... 2>/dev/null)" ] || GOOS=$$os go vet -tags soak ./...) || status=1; done; done; \
	for package in $(wildcard $(WINDOWS)); do \
		echo "go vet windows $$package"; (cd $$package && GOOS=windows go vet $$(GOOS=windows go list -f '{{join .GoFiles " "}}' .)) || status=1; done; \
	echo "go vet windows docs"; (cd docs && GOOS=windows go vet ./...) || status=1; exit $$status

check-static: toolchain ## staticcheck, at the version that this Makefile names
	@status=0; for module in $(MODULES); do echo "staticcheck $$module"; \
		(cd $$module && [ -z "$$(go list ./... 2>/dev/null)" ] || go run $(STATICCHECK) -tags soak ./...) || status=1; done; exit $$status

check-arrows: toolchain ## who imports whom (docs/architecture.md, Invariants)
	@echo 'arrows'; cd docs && go test ./arrows/

# The stages: browser and docs run programs and look at them, and the detector does not see into those.
check-race: toolchain ## every stage's tests again under the race detector, the short way
	@if command -v $$(go env CC) >/dev/null; then go run ./docs/cmd/suite -race $(filter-out browser docs,$(MODULES)); \
	elif [ "$${C10K_NO_SKIP:-}" = 1 ]; then echo 'the race detector needs a C compiler: install gcc'; exit 1; \
	else echo 'skipped: the race detector needs a C compiler; install gcc (or clang, with CC=clang)'; fi

check-fuzz: toolchain ## every fuzz target for FUZZ
	@set -e; grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' $(MODULES) | sort | while read -r file; do \
		package=$${file%/*}; sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' $$file | while read -r target; do \
		echo "fuzz $$package $$target for $(FUZZ)"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ) ./$$package </dev/null; done; done

soak: build ## the long tests (build tag soak), each for SOAK
	@C10K_SOAK=$(SOAK) go run ./docs/cmd/suite -soak $(MODULES)

wall-01: build ## stage 01's walls: one silent client, ten thousand threads; a table, and pictures in results/
	@bin/wall01 -out results
	@go run ./docs/cmd/draw results/wall-01-*.trace.json 'results/wall-01.json#threads' 'results/wall-01.json#memory'

wall-02: build ## stage 02's walls: a torn application, one slow handler, select's 1024, no descriptor left; tables, and pictures in results/
	@bin/wall02 -json results/wall-02.json
	@bin/waitcost -json results/wait.json
	@go run ./docs/cmd/draw 'results/wall-02.json#block-answered' 'results/wall-02.json#served' 'results/wait.json#wait/log'

wall-03: build ## stage 03's walls: two cores, one used; a crash that takes all; a handler that blocks; tables
	@bin/wall03 -json results/wall-03.json

wall-04: build ## stage 04's wall: the comet handler in one process and in two; a table
	@bin/wall04 -json results/wall-04.json

wall-05: build ## stage 05's wall: what a waiting client costs, what a million would, where this machine ends; tables
	@bin/wall05 -json results/wall-05.json

stevens: build ## one load for every design of a server, as in Stevens' chapter 30: CPU, distribution, herd; then scaling, and files beside nginx
	@bin/stevens -bin bin -json results/stevens.json

bench: build ## measure this machine, beside the published figures; writes to results/, which git ignores
	bin/bench -quick -out results
	bin/oneprocess -gevent -rounds 3 -json results/oneprocess.json
	cd 03-coroutines && go test -run '^$$' -bench . ./coro/

bench-publish: ## bench's part of make publish, about 20 minutes
	@$(MAKE) --no-print-directory publish STEPS='calls bench'

# Each step writes to PUBLISH, which git ignores, so that the programs of the next one are of the same commit, with no
# changes on top. What is there from this commit is left out: after an interruption the same command goes on. Nothing
# is copied to docs/results before you have seen all. The seconds are estimates, for two cores that do nothing else.
PUBLISH := results/published
STEPS   ?= bench oneprocess chain abhello wall-03 stevens faults calls loss# of make publish, in this order

publish: build ## measure all STEPS on a machine that does nothing else, about 40 minutes, into results/published
	@mkdir -p $(PUBLISH); commit=$$(git rev-parse HEAD | cut -c1-12); status=0; began=$$(date +%s); \
	step() { name=$$1 file=$$2 seconds=$$3; shift 3; \
		case " $(STEPS) " in *" $$name "*) ;; *) return;; esac; \
		printf '\n[%5d s] %s, about %d s: %s\n' $$(($$(date +%s) - began)) $$name $$seconds "$$*"; \
		if grep -qs "\"commit\": \"$$commit\"" $(PUBLISH)/$$file.json; then echo "measured already, of this commit: to measure it again, remove $(PUBLISH)/$$file.json"; return; fi; \
		"$$@" || { status=1; echo "$$name failed: the other steps go on, and make publish STEPS=$$name repeats it"; }; }; \
	step bench resumes-by-itself 1200 bin/bench -resume -out $(PUBLISH); \
	step oneprocess oneprocess 25 bin/oneprocess -gevent -rounds 5 -json $(PUBLISH)/oneprocess.json; \
	step chain chain 15 bin/chain -json $(PUBLISH)/chain.json; \
	step abhello abhello 240 bin/abhello -json $(PUBLISH)/abhello.json; \
	step wall-03 wall-03 15 bin/wall03 -json $(PUBLISH)/wall-03.json; \
	step stevens stevens 150 bin/stevens -bin bin -json $(PUBLISH)/stevens.json; \
	step faults faults 100 bin/bench -faults -out $(PUBLISH); \
	step calls calls-hello-pipelined 60 bin/bench -calls -out $(PUBLISH); \
	step loss loss 500 bin/loss -time 2m -json $(PUBLISH)/loss.json; \
	printf '\n[%5d s] the results are in $(PUBLISH); which goals they reach: make bench-goals; to publish them: cp $(PUBLISH)/*.json docs/results/ && make weave, and read the diff\n' $$(($$(date +%s) - began)); exit $$status

bench-goals: build ## which goals the results in results/published reach
	@bin/bench -goals $(PUBLISH)

bench-compare: build ## which servers became slower or faster, by CPU time, between the directories OLD and NEW
	@bin/bench -compare $(OLD) $(NEW)

bench-parts: toolchain ## parser, poller, switch, channel, hub, sequencer, each alone, COUNT times: for benchstat OLD NEW
	@go test -p 1 -run '^$$' -bench . -count $(COUNT) ./01-blocking/http1 ./02-selectors/poll ./03-coroutines/coro ./05-comet/hub ./05-comet/sequencer

bench-faults: build ## one slow client, one hog, one crash, one leak, under every model: who suffers; writes to results/
	@bin/bench -faults -out results

doctor: toolchain ## what this machine can run: Go, descriptors, ports, cores, tools; and how to change it
	@go run ./docs/cmd/doctor

weave: toolchain ## put the code, the figures and the minutes that the chapters name into the chapters
	@go run ./docs/cmd/weave

record: build ## run the commands of the chapters again and put what they print into the chapters
	@go run ./docs/cmd/weave -record

clean: ## remove what make made: bin/ and results/
	rm -rf bin results
