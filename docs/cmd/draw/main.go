// Command draw makes pictures of what this machine measured and recorded, before any of it is published.
//
//	go run ./docs/cmd/draw results/wall-01-sequential.trace.json results/wall-01.json#threads
//
// A recording becomes a timeline, and a quantity of a result a chart, with logarithmic axes if it is written
// QUANTITY/log: the same pictures that a page would have, for light and dark pages, beside the file. The text
// alternative, the table with the same values, goes to NAME.md beside them.
//
// What it does not do: it changes no page; package book does, from what is in docs/results.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/c10k/docs/chapter"
	"example.com/c10k/docs/figures"
)

func main() {
	if len(os.Args) < 2 || strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintln(os.Stderr, "draw: name what to draw: results/NAME.trace.json, or results/NAME.json#QUANTITY, and /log behind it for logarithmic axes")
		os.Exit(2)
	}
	for _, place := range os.Args[1:] {
		if err := draw(place); err != nil {
			fmt.Fprintf(os.Stderr, "draw: %s: %v\n", place, err)
			os.Exit(1)
		}
	}
}

// draw writes the pictures of one place, and says where they are.
func draw(place string) error {
	file, quantity, _ := strings.Cut(place, "#")
	directory, name := filepath.Split(file)
	maker := figures.New(directory)
	var page string
	var err error
	if recording, ok := strings.CutSuffix(name, ".trace.json"); ok {
		name = recording + "-timeline"
		page, err = maker.Timeline(&chapter.Block{Kind: "timeline", Args: []string{recording}})
	} else {
		result := strings.TrimSuffix(name, ".json")
		block := &chapter.Block{Kind: "chart"}
		if linear, log := strings.CutSuffix(quantity, "/log"); log {
			quantity, block.Options = linear, map[string][]string{"scale": {"log"}}
		}
		name = result + "-" + quantity
		block.Args = []string{result, quantity}
		page, err = maker.Chart(block)
	}
	if err != nil {
		return err
	}
	for _, picture := range slices.Sorted(maps.Keys(maker.Files)) {
		if err := write(filepath.Join(directory, picture), maker.Files[picture]); err != nil {
			return err
		}
	}
	// The pictures are beside the page here, and not in a folder below it.
	return write(filepath.Join(directory, name+".md"), []byte(strings.ReplaceAll(page, `"pictures/`, `"`)+"\n"))
}

func write(name string, text []byte) error {
	if err := os.WriteFile(name, text, 0o644); err != nil {
		return err
	}
	fmt.Println("picture", name)
	return nil
}
