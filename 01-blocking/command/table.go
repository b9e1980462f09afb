package command

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Table prints a title and, in columns below it, rows of cells that are divided by tabs. An empty line ends it.
func Table(out io.Writer, title string, rows ...string) {
	fmt.Fprintln(out, title)
	table := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(table, "  "+row)
	}
	table.Flush()
	fmt.Fprintln(out)
}
