// What was seen when a target last failed: asked for when somebody opens it.

import { live, make } from './dom.js';
import { inWords } from './reasons.js';
import { moment, since, took } from './words.js';

// Panels outlive the lines they stand in, which are made anew whenever a probe ends.
const panels = new Map();

function fact(name, ...value) {
  return make('div.fact', {}, make('dt', {}, name), make('dd', {}, ...value));
}

function addressLine(address) {
  // The error repeats the address before what it says.
  const error = address.error.replace(/^\S+: /, '');
  const state = error || (address.tried ? 'connected' : 'not tried');
  const level = address.error ? 'down' : address.tried ? 'up' : 'unknown';
  return make('li', { 'data-level': level }, make('code', {}, address.address), ' ',
    make('span.state', {}, state));
}

function phaseBars(phases) {
  const whole = phases.reduce((sum, phase) => sum + phase.seconds, 0) || 1;
  const bar = make('div.bars', { 'aria-hidden': 'true' });
  phases.forEach((phase, index) => {
    const part = make('span', { 'data-phase': index % 5, title: phase.name });
    part.style.flexGrow = Math.max(phase.seconds / whole, 0.005);
    bar.append(part);
  });
  const legend = make('ul.legend', {}, ...phases.map((phase, index) =>
    make('li', {}, make('span.swatch', { 'data-phase': index % 5, 'aria-hidden': 'true' }),
      `${phase.name} ${took(phase.seconds)}`)));
  return [bar, legend];
}

function certificateLine(certificate, index) {
  const names = certificate.names.join(', ') +
    (certificate.more_names > 0 ? ` and ${certificate.more_names} more` : '');
  const over = Date.parse(certificate.not_after) < Date.now();
  return make('li', { 'data-level': over ? 'down' : 'unknown' },
    make('strong', {}, certificate.subject || `certificate ${index + 1}`),
    make('p.muted', {}, `by ${certificate.issuer}`),
    names ? make('p.muted', {}, `for ${names}`) : '',
    make('p.muted', {}, `from ${moment(certificate.not_before)} `,
      make(over ? 'span.state' : 'span', {}, `to ${moment(certificate.not_after)}`)),
    make('p.muted', {}, 'serial ', make('code', {}, certificate.serial)));
}

function tlsFacts(tls) {
  const parts = [tls.version, tls.cipher, tls.alpn && `ALPN ${tls.alpn}`].filter(Boolean).join(', ');
  const verdict = tls.verified ? make('span.state', { 'data-level': 'up' }, 'verified')
    : make('span.state', { 'data-level': 'down' }, tls.detail || tls.reason || 'not verified');
  return [fact('TLS', parts, parts ? ': ' : '', verdict),
    tls.chain.length > 0 && fact('Chain', make('ol.chain', {}, ...tls.chain.map(certificateLine)))];
}

function answerFacts(evidence) {
  const facts = [];
  if (evidence.status_line) facts.push(fact('Answer', make('code', {}, evidence.status_line)));
  if (evidence.headers.length > 0) {
    const text = evidence.headers.map((header) => `${header.name}: ${header.value}`).join('\n');
    facts.push(fact('Headers', make('pre', { tabindex: '0' }, text)));
  }
  if (evidence.body) {
    const note = `the first of ${evidence.body_bytes.toLocaleString()} bytes`;
    facts.push(fact('Body', make('pre', { tabindex: '0' }, evidence.body),
      evidence.body_bytes > new Blob([evidence.body]).size ? make('p.muted', {}, note) : ''));
  }
  if (evidence.dialogue.length > 0) {
    facts.push(fact('Dialogue', make('pre', { tabindex: '0' }, evidence.dialogue.join('\n'))));
  }
  return facts;
}

function factsOf(failure) {
  const words = inWords(failure.reason);
  const code = make('code', {}, [failure.phase, failure.reason].filter(Boolean).join('/'));
  const list = make('dl.facts', {},
    fact('Why', words, words ? ' ' : '', code, failure.detail ? make('p', {}, failure.detail) : '',
      failure.blip ? make('p.muted', {}, 'A blip: the probes after it did not confirm it.') : ''),
    fact('When', live('time', failure.at, (t) => `${since(t)} ago`, moment(failure.at)),
      `, ${moment(failure.at)}`));
  const evidence = failure.evidence;
  if (evidence === null) return list;
  if (evidence.addresses.length > 0) {
    list.append(fact('Addresses', make('ul', {}, ...evidence.addresses.map(addressLine))));
  }
  if (evidence.phases.length > 0) list.append(fact('Times', ...phaseBars(evidence.phases)));
  if (evidence.tls !== null) list.append(...tlsFacts(evidence.tls).filter(Boolean));
  list.append(...answerFacts(evidence));
  return list;
}

async function load(panel, name) {
  const body = panel.querySelector('.evidence-body');
  try {
    const address = `api/targets/${encodeURIComponent(name)}/evidence`;
    const response = await fetch(address, { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(`it said ${response.status}`);
    const answer = await response.json();
    body.replaceChildren(answer.last_failure === null ? 'There is none any more.'
      : factsOf(answer.last_failure));
  } catch (error) {
    body.replaceChildren(`It cannot be had: ${error.message}.`);
  }
}

function newPanel(name) {
  const panel = make('details.evidence', {},
    make('summary', {}), make('div.evidence-body', {}, 'Asking'));
  panel.addEventListener('toggle', () => {
    if (panel.open) load(panel, name);
  });
  return panel;
}

/** What can be opened below a target that has failed; null below one that has not. */
export function evidencePanel(target) {
  const failure = target.last_failure;
  if (failure === null) {
    panels.delete(target.name);
    return null;
  }
  let panel = panels.get(target.name);
  if (panel === undefined) {
    panel = newPanel(target.name);
    panels.set(target.name, panel);
  }
  const words = target.health === 'down' ? 'What was seen'
    : failure.blip ? 'The last blip' : 'The last failure';
  panel.querySelector('summary').replaceChildren(words, make('span.muted', {}, ', ',
    live('time', failure.at, (t) => `${since(t)} ago`, moment(failure.at))));
  if (panel.open && panel.dataset.at !== failure.at) load(panel, target.name);
  panel.dataset.at = failure.at;
  return panel;
}
