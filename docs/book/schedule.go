package book

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

var (
	minutesComment = regexp.MustCompile(`<!-- minutes: *(.*?) *-->`)
	title          = regexp.MustCompile(`(?m)^# (.+)$`)
)

// minutes is the sum of a page's minutes.
func minutes(text string) (total int, err error) {
	for _, m := range minutesComment.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil || n < 1 {
			return 0, fmt.Errorf("<!-- minutes: %s --> is no number of minutes", m[1])
		}
		total += n
	}
	if total == 0 {
		return 0, errors.New("this page says nowhere how long it takes: write <!-- minutes: 15 --> below a heading")
	}
	return total, nil
}

// schedule is the table of the chapters with their minutes, and the time that has passed after each.
func (b *Book) schedule(page string) (string, error) {
	var out strings.Builder
	out.WriteString("| chapter | minutes | in all |\n|---|---:|---:|\n")
	passed := 0
	for _, name := range b.names() {
		if !chapterName.MatchString(name) {
			continue
		}
		n, err := minutes(b.pages[name])
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		heading := title.FindStringSubmatch(b.pages[name])
		if heading == nil {
			return "", fmt.Errorf("%s has no title", name)
		}
		passed += n
		link := path.Base(name)
		if path.Dir(page) != "docs" {
			link = name
		}
		fmt.Fprintf(&out, "| [%s](%s) | %d | %d h %02d |\n", heading[1], link, n, passed/60, passed%60)
	}
	return out.String(), nil
}
