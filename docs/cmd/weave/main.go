// Command weave puts into the chapters what they name: code, diffs, figures, charts and minutes.
//
//	go run ./docs/cmd/weave            rewrite what is stale
//	go run ./docs/cmd/weave -check     change nothing; say what is stale or wrong, exit status 1 if anything is
//	go run ./docs/cmd/weave -record    run the transcripts too, and put what they print into the chapters
//	go run ./docs/cmd/weave -record -page docs/03-coroutines.md    those of one page
//
// Package book says what a page may have, and docs/architecture.md where this belongs. What it does not
// do: it never touches a source file or a result.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"example.com/c10k/docs/arrows"
	"example.com/c10k/docs/book"
)

func main() {
	check := flag.Bool("check", false, "change nothing; exit with status 1 if something is stale")
	record := flag.Bool("record", false, "run the transcripts, and write what they print")
	page := flag.String("page", "", "with -record: only the transcripts of `PAGE`, named from the top directory")
	root := flag.String("root", ".", "the repository's top directory")
	flag.Parse()
	if err := run(*root, *check, *record, *page); err != nil {
		fmt.Fprintln(os.Stderr, "weave:", err)
		os.Exit(1)
	}
}

func run(root string, check, record bool, page string) error {
	if page != "" && !record {
		return errors.New("-page says whose transcripts to run: give -record too")
	}
	if record {
		if err := recordPages(root, page); err != nil {
			return err
		}
	}
	b, err := book.Open(root)
	if err != nil {
		return fmt.Errorf("%w: run this at the repository's top directory, or give -root", err)
	}
	if !check {
		changed, err := b.Weave()
		if err := write(root, changed); err != nil {
			return err
		}
		if err != nil {
			return err
		}
		if b, err = book.Open(root); err != nil {
			return err
		}
	}
	problems := b.Problems(arrows.Stages)
	for _, p := range problems {
		fmt.Println(p)
	}
	if check && len(problems) > 0 {
		return errors.New("the chapters are not what they should be")
	}
	return nil
}

func write(root string, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		target := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, files[name], 0o644); err != nil {
			return err
		}
		fmt.Println("wrote", name)
	}
	return nil
}

// recordPages runs the transcripts page by page, or those of the one that is named; ^C ends what runs.
func recordPages(root, only string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b, err := book.Open(root)
	if err != nil {
		return err
	}
	pages := b.Pages()
	if only != "" {
		if !slices.Contains(pages, only) {
			return fmt.Errorf("-page %s: the pages that have transcripts are %q", only, pages)
		}
		pages = []string{only}
	}
	for _, page := range pages {
		fmt.Println("recording", page)
		text, err := b.Record(ctx, page)
		if err != nil {
			return fmt.Errorf("%s: %w", page, err)
		}
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(page)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
