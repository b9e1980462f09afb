// A client of the protocol: it follows one topic and loses nothing, whatever becomes of its connection.
//
// All it keeps is a cursor, "EPOCH-NUMBER": everything up to there it has. Every request says so, and the
// answer is everything after it; if that cannot be complete, the server says "reset". By which of two ways
// messages come makes no difference, and they can be exchanged in the middle.

const patience = 3000;                     // ms, for our own message to come back on the stream
const pause = () => 1000 + 2000 * Math.random(); // ms, jittered: who was cut off together must not come back together

export class Follower {
  // on has message(text), reset(why) and state(text), which are called as things happen.
  constructor(topic, on) {
    this.topic = encodeURIComponent(topic);
    this.on = on;
    this.cursor = null;   // null: not asked yet
    this.way = 'stream';  // or 'poll'
    this.stop = null;     // ends what runs now; null: nothing does
  }

  start() {
    if (this.stop) return;
    const ended = new AbortController();
    this.stop = () => { this.stop = null; ended.abort(); };
    this.run(ended.signal);
  }

  pause() {
    this.stop?.();
    this.on.state('paused');
  }

  choose(way) {
    this.way = way;
    if (this.stop) { this.stop(); this.start(); }
  }

  async run(ended) {
    while (!ended.aborted) {
      try {
        this.cursor ??= await this.oldest(ended);
        await (this.way === 'stream' ? this.stream(ended) : this.poll(ended));
      } catch (e) {
        if (ended.aborted) return;
        this.on.state('no connection; trying again');
        await new Promise(wake => setTimeout(wake, pause()));
      }
    }
  }

  // Without a cursor the server tells where it is. We want what it still keeps too, so ours begins at 0.
  async oldest(ended) {
    const answer = await this.ask(`/events?topic=${this.topic}`, ended);
    return `${answer.epoch}-0`;
  }

  async ask(target, ended) {
    const answer = await fetch(target, {signal: ended, cache: 'no-store'});
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }

  // Server-Sent Events. EventSource comes back by itself, with the last id; if it gives up, run begins again.
  stream(ended) {
    return new Promise((resolve, reject) => {
      const source = new EventSource(`/stream?topic=${this.topic}&since=${this.cursor}`);
      ended.addEventListener('abort', () => { source.close(); resolve(); });
      source.onopen = () => this.on.state('live');
      source.onmessage = e => this.receive(e.lastEventId, e.data);
      source.addEventListener('comet:reset', e => this.reset(e.lastEventId));
      source.onerror = () => {
        if (source.readyState === EventSource.CLOSED) reject(new Error('the stream ended for good'));
        else this.on.state('coming back');
      };
    });
  }

  //> poll
  async poll(ended) {
    this.on.state('live');
    for (;;) {
      const answer = await this.ask(`/events?topic=${this.topic}&since=${this.cursor}`, ended);
      if (ended.aborted) return;
      if (answer.reset) this.reset(`${answer.epoch}-0`);
      for (const event of answer.events) this.receive(`${answer.epoch}-${event.id}`, event.data);
      this.cursor = `${answer.epoch}-${answer.next}`;
      this.on.state('live');
    }
  }
  //< poll

  receive(id, text) {
    this.cursor = id;
    this.on.message(text);
  }

  reset(id) {
    const epoch = c => c.split('-')[0];
    this.on.reset(epoch(id) === epoch(this.cursor) ? 'older messages are not kept' : 'the server began anew');
    this.cursor = id;
  }

  // publish returns when the server has given the message its number. If it does not come back to us soon,
  // something on the way holds the stream back, as proxies do that wait for the end of an answer before they
  // pass it on: a long poll has an end.
  async publish(text) {
    const answer = await fetch(`/topics/${this.topic}`, {method: 'POST', body: text});
    if (!answer.ok) throw new Error(await answer.text());
    const {id} = await answer.json();
    setTimeout(() => {
      if (this.way === 'stream' && this.stop && Number(this.cursor.split('-')[1]) < id) {
        this.choose('poll');
        this.on.fallback();
      }
    }, patience);
  }
}
