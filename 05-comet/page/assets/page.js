// The page: statistics, a chat, and the demo where the server allows it.
//
// A browser opens at most six connections to a server (HTTP/1.1), and each open stream holds one. So a tab
// that nobody sees closes its two. When it is seen again it goes on from its cursor, and has missed nothing.
// Three windows side by side still take all six, and a fourth waits: sharing one stream among them (a
// SharedWorker, or Web Locks and a BroadcastChannel), or HTTP/2 from a proxy in front, would end that.

import {Follower} from './follow.js';
import {Statistics} from './statistics.js';

const element = id => document.getElementById(id);
const mostMessages = 500; // in the list; older ones go

// Statistics

const statistics = new Statistics();
let live = null;

function openLive() {
  live?.close();
  live = new EventSource('live');
  live.onopen = () => say(element('connection'), 'connected');
  live.onmessage = e => statistics.show(JSON.parse(e.data));
  live.onerror = () => {
    say(element('connection'), 'no connection; trying again', true);
    if (live.readyState === EventSource.CLOSED) setTimeout(() => { if (!document.hidden) openLive(); }, 3000);
  };
  live.addEventListener('demo', e => {
    element('demo').hidden = e.data === '0';
    element('clients').max = e.data;
  });
}

// Chat

const chat = new Follower('chat', {
  message(data) {
    const {name, text} = parse(data);
    const line = document.createElement('li');
    line.append(Object.assign(document.createElement('b'), {textContent: name}), text);
    append(line);
  },
  reset(why) { append(Object.assign(document.createElement('li'), {className: 'gap', textContent: `— ${why} —`})); },
  state(text) { say(element('chat-state'), text); },
  fallback() {
    element('transport').value = 'poll';
    say(element('chat-state'), 'the stream is held back on its way: long polls instead');
  },
});

// What others publish to the topic need not come from this page: curl sends what it likes.
function parse(data) {
  try {
    const {name, text} = JSON.parse(data);
    if (typeof name === 'string' && typeof text === 'string') return {name, text};
  } catch {}
  return {name: 'somebody', text: data};
}

function append(line) {
  const list = element('messages');
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40; // else somebody reads further up
  list.append(line);
  while (list.children.length > mostMessages) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

element('chat-form').addEventListener('submit', async event => {
  event.preventDefault();
  const text = element('text').value;
  element('text').value = '';
  sessionStorage.setItem('name', element('name').value);
  try {
    await chat.publish(JSON.stringify({name: element('name').value, text}));
  } catch (e) {
    element('text').value ||= text;
    say(element('chat-state'), e instanceof TypeError ? 'no answer: it was published or not, nobody can tell' : e.message, true);
  }
});

element('transport').addEventListener('change', e => chat.choose(e.target.value));

// The demo

element('demo-form').addEventListener('submit', async event => {
  event.preventDefault();
  const button = event.submitter ?? event.target.querySelector('button');
  button.disabled = true;
  try {
    await demo(element('clients').value);
  } catch (e) {
    say(element('demo-says'), e.message, true);
  }
  button.disabled = false;
  button.focus();
});

// demo reads the answer as it comes: a line of JSON for each thing that is known.
async function demo(clients) {
  say(element('demo-says'), 'starting…');
  const answer = await fetch('demo', {method: 'POST', body: clients});
  if (!answer.ok) throw new Error(await answer.text());
  let rest = '';
  for (const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader(); ;) {
    const {value, done} = await reader.read();
    if (done) break;
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const line of lines) showDemo(JSON.parse(line));
  }
}

function showDemo({say: progress, error, result}) {
  const says = element('demo-says');
  if (progress) say(says, progress.replace(/^swarm: /, ''));
  if (error) say(says, error, true);
  if (!result) return;
  const ms = t => `${Math.round(t)} ms`;
  const wrong = result.lost + result.wrong;
  say(says, `${result.clients} clients: all waited after ${ms(result.park_ms)}. ` +
    `After the notify the first was told within ${ms(result.first_ms)}, half within ${ms(result.median_ms)}, the last within ${ms(result.last_ms)}. ` +
    (wrong ? `${wrong} lost or wrong.` : 'Every answer was right.') + (result.limited ? ` (${result.limited})` : ''), wrong > 0);
}

function say(where, text, bad = false) {
  where.classList.toggle('bad', bad);
  if (where.textContent !== text) where.textContent = text; // or it would be read aloud again
}

// What is seen listens

function look() {
  if (document.hidden) {
    live?.close();
    chat.pause();
    say(element('connection'), 'paused');
  } else {
    openLive();
    chat.start();
  }
}

element('name').value = sessionStorage.getItem('name') ?? `guest ${Math.floor(100 + 900 * Math.random())}`;
element('origin').textContent = location.origin;
document.addEventListener('visibilitychange', look);
look();
