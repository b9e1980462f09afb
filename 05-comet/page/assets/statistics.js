// Numbers and charts, from the statistics that /ui/live sends: those of /stats, a few times a second.

const seconds = 60; // what the chart shows
const fanBounds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]; // hub.FanBounds

const element = id => document.getElementById(id);
const number = new Intl.NumberFormat('en');
const put = (where, text) => { if (where.textContent !== text) where.textContent = text; };

export class Statistics {
  history = []; // {at, waiting, published, woken} of the last minute; at is in seconds

  // The counters of a process begin at 0 and die with it. What has happened since the last time is therefore
  // added up process by process, and one that was not there before has not begun to count for us.
  seen = new Map(); // pid → {published, woken}
  total = {published: 0, woken: 0};

  show(now) {
    const workers = new Map(now.workers.map(w => [w.pid, {published: w.published, woken: w.fan.woken}]));
    for (const [pid, counted] of workers) {
      const before = this.seen.get(pid);
      if (before) for (const what of ['published', 'woken']) this.total[what] += counted[what] - before[what];
      else this.seen.set(pid, counted);
    }
    for (const [pid, counted] of workers) this.seen.set(pid, counted);
    const at = performance.now() / 1000;
    this.history.push({at, waiting: now.waiting + now.listening, ...this.total});
    this.history = this.history.filter(h => h.at > at - seconds);

    put(element('waiting'), number.format(now.waiting));
    put(element('listening'), number.format(now.listening));
    for (const what of ['published', 'woken']) put(element(what), number.format(Math.round(this.rate(what, at))));
    this.draw(at);
    this.fan(now.workers);
    this.workers(now.workers);
  }

  // rate is over the last two seconds: one look is too short for what comes once a second.
  rate(what, at) {
    const then = this.history.find(h => h.at >= at - 2);
    return at > then.at ? (this.total[what] - then[what]) / (at - then.at) : 0;
  }

  draw(at) {
    const most = Math.max(1, ...this.history.map(h => h.waiting));
    const points = this.history.map(h => `${240 - (at - h.at) * 240 / seconds},${46 - 44 * h.waiting / most}`);
    element('chart').firstElementChild.setAttribute('points', points.join(' '));
    put(element('most'), number.format(most));
  }

  fan(workers) {
    const times = fanBounds.map((_, i) => workers.reduce((sum, w) => sum + w.fan.within[i], 0));
    const all = workers.reduce((sum, w) => sum + w.fan.times, 0);
    times.push(all - times.reduce((a, b) => a + b, 0)); // what is in none of them took longer
    const rows = rowsOf(element('fan'), times.length, 3);
    const largest = Math.max(1, ...times);
    times.forEach((n, i) => {
      const [bound, count, share] = rows[i].cells;
      put(bound, i < fanBounds.length ? `${fanBounds[i] * 1000} ms` : 'more');
      put(count, number.format(n));
      if (!share.firstElementChild) share.append(Object.assign(document.createElement('span'), {className: 'bar'}));
      share.firstElementChild.style.width = `${100 * n / largest}%`;
    });
    const woken = workers.reduce((sum, w) => sum + w.fan.woken, 0);
    put(element('fan-times'), all ? `${number.format(all)} times, ${number.format(woken)} clients woken.` : 'No fan-out yet.');
  }

  workers(workers) {
    const rows = rowsOf(element('workers'), workers.length, 5);
    workers.sort((a, b) => a.pid - b.pid).forEach((w, i) => {
      const name = w.draining ? `${w.name} (ends)` : w.name;
      [name, `${w.pid}`, number.format(w.waiting), number.format(w.listening), number.format(w.fan.woken)]
        .forEach((text, j) => put(rows[i].cells[j], text));
    });
  }
}

// rowsOf gives a table as many rows as are needed, and keeps those it has.
function rowsOf(table, rows, cells) {
  const body = table.tBodies[0];
  while (body.rows.length > rows) body.deleteRow(-1);
  while (body.rows.length < rows) {
    const row = body.insertRow();
    for (let i = 0; i < cells; i++) row.insertCell();
  }
  return body.rows;
}
