// Asks /api/status every few seconds and shows the answer; says so when there is none.

import { tick } from './dom.js';
import { show } from './view.js';
import { clock, since } from './words.js';

const EVERY_MS = 3000;
const LIMIT_MS = 5000;

const $ = (id) => document.getElementById(id);

let answeredAt = null;
let trouble = null;
let timer = null;

function notice(text) {
  const element = $('notice');
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === '';
}

function showFreshness(status) {
  document.body.classList.toggle('away', trouble !== null);
  if (trouble !== null) {
    const shown = answeredAt === null ? '' : ` Shown is what it said at ${clock(answeredAt)}.`;
    notice(`No news from Pilotlight: ${trouble}.${shown}`);
  } else if (status?.stuck) {
    notice('Pilotlight answers, but its engine no longer turns: nothing here is new.');
  } else {
    notice('');
  }
}

function sayAge() {
  if (answeredAt === null) {
    $('updated').textContent = trouble === null ? 'connecting' : 'no answer';
    return;
  }
  const seconds = (Date.now() - answeredAt) / 1000;
  $('updated').textContent = trouble === null && seconds < 10 ? 'live' : `last answer ${since(new Date(answeredAt))} ago`;
}

async function ask() {
  const response = await fetch('api/status', { cache: 'no-cache', signal: AbortSignal.timeout(LIMIT_MS) });
  if (response.status === 503) throw new Error('it is starting');
  if (!response.ok) throw new Error(`it said ${response.status}`);
  return response.json();
}

async function refresh() {
  clearTimeout(timer);
  let status = null;
  try {
    status = await ask();
    trouble = null;
    answeredAt = Date.now();
    show(status);
  } catch (error) {
    trouble = error instanceof TypeError ? 'it cannot be reached'
      : error.name === 'TimeoutError' ? 'it took too long' : error.message;
  }
  showFreshness(status);
  sayAge();
  // A page that nobody looks at asks for nothing; it catches up when it is seen again.
  if (!document.hidden) timer = setTimeout(refresh, EVERY_MS);
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) refresh();
});
setInterval(() => {
  tick();
  sayAge();
}, 1000);
refresh();
