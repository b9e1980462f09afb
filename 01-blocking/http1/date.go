package http1

import "time"

// A Date formats the Date field once a second, and lends the result in between. The zero value is ready.
// One strand at a time may use it.
type Date struct {
	second int64 // since 1970, of text
	text   [29]byte
}

// At returns now as an IMF-fixdate in GMT, such as "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section
// 5.6.7). It is good until At is called with another second. Years are 0 to 9999.
func (d *Date) At(now time.Time) []byte {
	if second := now.Unix(); second != d.second || d.text[0] == 0 {
		d.second = second
		d.format(now.UTC())
	}
	return d.text[:]
}

// format writes by hand what time.AppendFormat could: that one needs half a kilobyte of stack, and a
// coroutine whose stack has grown keeps it while it waits.
func (d *Date) format(t time.Time) {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	const days, months = "SunMonTueWedThuFriSat", "JanFebMarAprMayJunJulAugSepOctNovDec"
	copy(d.text[:], "www, dd mmm yyyy hh:mm:ss GMT")
	copy(d.text[0:3], days[3*t.Weekday():])
	copy(d.text[8:11], months[3*(month-1):])
	d.two(5, day)
	d.two(12, year/100)
	d.two(14, year%100)
	d.two(17, hour)
	d.two(20, minute)
	d.two(23, second)
}

// two writes the last two digits of v.
func (d *Date) two(at, v int) {
	d.text[at], d.text[at+1] = '0'+byte(v/10%10), '0'+byte(v%10)
}
