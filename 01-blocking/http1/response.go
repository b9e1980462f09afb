package http1

// Continue is what a client that [Parser.Expects] waits for.
var Continue = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// AppendResponse appends the answer r, head and body, to dst and returns the longer slice. The framing
// is that of the request which it answers. The date is a [Date]'s; if it is empty no Date is sent, as
// befits a server without a clock.
//
// A body that is streamed is left to the caller: see [Framing.Streams].
//
// To HEAD goes the head alone, with the length that the body would have. A 1xx, 204 or 304 has no body
// and no length (RFC 9110 sections 8.6, 15.4.5), whatever r says. A status that is not in 100..999 is
// sent as 500.
func AppendResponse(dst []byte, f Framing, r *Response, date []byte) []byte {
	status := r.Status
	switch {
	case status == 0:
		status = 200
	case status < 100 || status > 999:
		status = 500
	}
	dst = appendStatus(dst, status)
	if len(date) > 0 {
		dst = append(dst, "Date: "...)
		dst = append(dst, date...)
		dst = append(dst, "\r\n"...)
	}
	if r.Type != "" {
		dst = append(dst, "Content-Type: "...)
		dst = append(dst, r.Type...)
		dst = append(dst, "\r\n"...)
	}
	for i := range r.Header {
		dst = appendPair(dst, &r.Header[i])
	}
	if !bodiless(status) {
		dst = appendFraming(dst, f, r)
	}
	switch {
	case f.Ends(r):
		dst = append(dst, "Connection: close\r\n"...)
	case f.Minor == 0:
		dst = append(dst, "Connection: keep-alive\r\n"...)
	}
	dst = append(dst, "\r\n"...)
	if bodiless(status) || f.Head || r.Stream != nil {
		return dst
	}
	return append(dst, r.Body...)
}

// bodiless tells whether an answer of this status has no body (RFC 9110 sections 15.2, 15.3.5 and 15.4.5).
// A status of 0 is 200.
func bodiless(status int) bool {
	return 100 <= status && status < 200 || status == 204 || status == 304
}

// appendFraming appends the field that tells where the body ends, if one does.
func appendFraming(dst []byte, f Framing, r *Response) []byte {
	n := int64(len(r.Body))
	if r.Stream != nil {
		n = r.Length
	}
	switch {
	case f.Chunked(r):
		return append(dst, "Transfer-Encoding: chunked\r\n"...)
	case r.Stream != nil && n == 0: // it ends with the connection
		return dst
	}
	dst = append(dst, "Content-Length: "...)
	dst = appendDecimal(dst, n)
	return append(dst, "\r\n"...)
}

func appendPair(dst []byte, p *Pair) []byte {
	dst = append(dst, p.Name...)
	dst = append(dst, ": "...)
	dst = append(dst, p.Value...)
	return append(dst, "\r\n"...)
}

// appendStatus appends the status line. The version is ours, not the client's (RFC 9110 section 6.2).
func appendStatus(dst []byte, status int) []byte {
	if status == 200 {
		return append(dst, "HTTP/1.1 200 OK\r\n"...) // nearly all of them
	}
	dst = append(dst, "HTTP/1.1 "...)
	dst = append(dst, '0'+byte(status/100), '0'+byte(status/10%10), '0'+byte(status%10), ' ')
	dst = append(dst, reason(status)...)
	return append(dst, "\r\n"...)
}

// appendDecimal appends n, 0 or more. strconv could, with twice the frame: see Date.format. Most answers
// are short: their lengths need neither the loop nor the copy, which together cost as much as a whole header line.
func appendDecimal(dst []byte, n int64) []byte {
	switch {
	case n < 10:
		return append(dst, '0'+byte(n))
	case n < 100:
		return append(dst, '0'+byte(n/10), '0'+byte(n%10))
	}
	var digits [20]byte // of 64 bits
	i := len(digits)
	for {
		i--
		digits[i] = '0' + byte(n%10)
		if n /= 10; n == 0 {
			return append(dst, digits[i:]...)
		}
	}
}

// reason is the phrase for people. A status without one has an empty phrase, which is allowed (RFC 9112
// section 4); clients read the number.
func reason(status int) string {
	switch status {
	case 200:
		return "OK"
	case 201:
		return "Created"
	case 202:
		return "Accepted"
	case 204:
		return "No Content"
	case 206:
		return "Partial Content"
	case 301:
		return "Moved Permanently"
	case 302:
		return "Found"
	case 303:
		return "See Other"
	case 304:
		return "Not Modified"
	case 307:
		return "Temporary Redirect"
	case 308:
		return "Permanent Redirect"
	case 400:
		return "Bad Request"
	case 401:
		return "Unauthorized"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 408:
		return "Request Timeout"
	case 409:
		return "Conflict"
	case 410:
		return "Gone"
	case 411:
		return "Length Required"
	case 412:
		return "Precondition Failed"
	case 413:
		return "Content Too Large"
	case 415:
		return "Unsupported Media Type"
	case 416:
		return "Range Not Satisfiable"
	case 417:
		return "Expectation Failed"
	case 429:
		return "Too Many Requests"
	case 431:
		return "Request Header Fields Too Large"
	case 500:
		return "Internal Server Error"
	case 501:
		return "Not Implemented"
	case 502:
		return "Bad Gateway"
	case 503:
		return "Service Unavailable"
	case 504:
		return "Gateway Timeout"
	case 505:
		return "HTTP Version Not Supported"
	}
	return ""
}
