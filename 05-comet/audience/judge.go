package audience

// judge adds up what was published and what came. A message in doubt that is missing at every client of its topic
// was never published; missing at some of them, it is lost to those.
func (r *Result) judge(all *tally, p *publishers, clients int) {
	r.Published, r.Doubtful = p.counts()
	r.Received, r.Doubled, r.Repeated, r.Foreign = all.Received, all.Doubled, all.Repeated, all.Foreign
	r.Resets, r.Dropped = all.Resets, all.Dropped
	absent := map[missing]int{}
	for _, m := range all.Missing {
		absent[m.missing] += m.Clients
	}
	r.Lost = all.Beyond
	for series, number := range p.last {
		topic, _ := p.topicOf(series)
		r.Sent += int(number) * p.followers(topic, clients)
	}
	for m, n := range absent {
		topic, _ := p.topicOf(m.Series)
		if p.doubtful[m] && n == p.followers(topic, clients) {
			r.Unpublished++
			r.Sent -= n
			continue
		}
		r.Lost += n
	}
	if all.Times.Total() > 0 {
		r.Median, r.P99 = milliseconds(all.Times.Share(0.5)), milliseconds(all.Times.Share(0.99))
		r.Longest = milliseconds(all.Times.Most())
	}
}
