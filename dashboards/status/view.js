// What each part of the state looks like.

import { icon, keep, live, make } from './dom.js';
import { evidencePanel } from './evidence.js';
import { inWords } from './reasons.js';
import { count, moment, since, took, until } from './words.js';

const HEALTH_WORDS = { up: 'Operational', degraded: 'Degraded', down: 'Down', unknown: 'Not known yet' };
const TARGET_WORDS = { up: 'up', degraded: 'degraded', down: 'down', unknown: 'not known yet' };
const SEVERITY_LEVELS = { critical: 'down', error: 'down', warning: 'degraded', info: 'info' };
// With more targets than these, services that are well start folded.
const SHOWN_TARGETS = 24;

const $ = (id) => document.getElementById(id);

function levelOf(alert) {
  return SEVERITY_LEVELS[alert.severity] || 'unknown';
}

function forTime(time) {
  return live('time', time, (t) => `for ${since(t)}`, `since ${moment(time)}`);
}

/** Its severity, and why nobody is told of it. */
function badges(alert) {
  const quiet = alert.state === 'pending' ? 'pending' : alert.muted;
  return [alert.severity && make('span.badge', {}, alert.severity),
    quiet && make('span.badge.quiet', {}, quiet)].filter(Boolean);
}

function alertFoot(alert) {
  const foot = make('p.alert-foot');
  for (const name of ['service', 'target', 'instance']) {
    if (alert.labels[name]) foot.append(make('span', {}, `${name} ${alert.labels[name]}`));
  }
  // Nothing but a web address becomes a link: an annotation may hold anything.
  if (/^https?:\/\//i.test(alert.runbook)) {
    foot.append(make('a', { href: alert.runbook, rel: 'noopener noreferrer', target: '_blank' },
      'Runbook'));
  } else if (alert.runbook) {
    foot.append(make('span', {}, `runbook ${alert.runbook}`));
  }
  return foot;
}

function alertItem(alert) {
  const level = levelOf(alert);
  const state = alert.muted || alert.state;
  const item = make(`li.alert${state === 'firing' ? '' : '.quiet'}`, { 'data-level': level },
    icon(level, `${alert.severity || 'no severity'}, ${state}`),
    make('span.alert-name', {}, make('span', {}, alert.name), ...badges(alert)),
    make('span.end.muted.small', {}, forTime(alert.since)));
  const text = alert.summary || alert.description;
  if (text) item.append(make('p.alert-text', {}, text));
  const foot = alertFoot(alert);
  if (foot.childElementCount > 0) item.append(foot);
  return item;
}

function targetItem(target) {
  const item = make('li.target', { 'data-level': target.health },
    icon(target.health, TARGET_WORDS[target.health]),
    make('span.target-name', {}, target.name, ' ', make('span.prober', {}, target.prober)),
    make('span.target-place', {}, make('code', {}, target.instance)),
    make('span.end.muted.small', {}, target.duration === null ? '' : took(target.duration)));
  const why = target.detail || [target.phase, target.reason].filter(Boolean).join(': ');
  if (target.unknown_since) {
    item.append(make('p.why.blind', { 'data-level': 'unknown' },
      `cannot be judged: ${inWords(target.reason) || why} `, forTime(target.unknown_since)));
  } else if (target.health !== 'up' && why) {
    const line = make('p.why', {}, why);
    if (target.since) line.append(', ', forTime(target.since));
    item.append(line);
  }
  const evidence = evidencePanel(target);
  if (evidence !== null) item.append(evidence);
  return item;
}

function serviceState(service) {
  const end = make('span.end.small', {}, make('span.state', {}, HEALTH_WORDS[service.health]));
  if (service.since) end.append(make('span.muted', {}, ' ', forTime(service.since)));
  return end;
}

function needs(service, services) {
  const titles = service.depends_on.map((name) => {
    const needed = services.find((other) => other.name === name);
    if (!needed) return name;
    return needed.health === 'up' ? needed.title : `${needed.title} (${TARGET_WORDS[needed.health]})`;
  });
  return titles.length === 0 ? null : make('span.needs', {}, `needs ${titles.join(', ')}`);
}

function serviceItem(service, status, known) {
  const few = status.counts.targets <= SHOWN_TARGETS;
  const open = known ? known.querySelector('details').open : few;
  const details = make('details.card.service', { 'data-level': service.health });
  // What got worse is shown, whatever was folded before.
  details.open = open || (service.health !== 'up' && known?.dataset.health !== service.health);
  details.append(
    make('summary', {},
      icon(service.health),
      make('span.service-name', {}, service.title, needs(service, status.services)),
      serviceState(service),
      icon('chevron', '', 'chevron')),
    make('ul.targets', {}, ...service.targets.map(targetItem)));
  return make('li', { 'data-health': service.health }, details);
}

function receiverItem(receiver) {
  const level = receiver.last_error ? 'degraded' : 'up';
  const words = [];
  if (receiver.last_error) words.push(make('p.why', {}, receiver.last_error));
  const state = make('p.muted');
  if (receiver.dead > 0) {
    state.append(make('span.state', { 'data-level': 'degraded' }, `${receiver.dead} given up.`), ' ');
  }
  if (receiver.pending > 0) state.append(`${receiver.pending} waiting to be sent. `);
  if (receiver.last_delivered) {
    state.append(live('time', receiver.last_delivered, (t) => `Last accepted ${since(t)} ago`,
      moment(receiver.last_delivered)));
  } else {
    state.append(words.length > 0 || receiver.dead > 0 ? 'Nothing accepted yet' : 'Nothing sent yet');
  }
  words.push(state);
  return make('li.row', { 'data-level': level },
    icon(level, receiver.last_error ? 'refusing' : 'accepting'),
    make('div', {}, make('span', {}, receiver.name), ' ',
      make('span.prober', {}, receiver.integration), ...words));
}

const CHECK_WORDS = {
  journal: ['Journal', 'can be written'],
  probes: ['Probes', 'on time'],
  rules: ['Rules', 'evaluate'],
  delivery: ['Delivery', 'accepted'],
  config: ['Configuration', 'live'],
};

function checkItem(check) {
  const [name, well] = CHECK_WORDS[check.name] || [check.name, 'well'];
  const level = check.ok ? 'up' : 'degraded';
  const body = make('div', {}, name);
  if (check.ok) {
    body.append(' ', make('span.muted.small', {}, well));
  } else {
    body.append(make('p.why', {}, check.detail));
  }
  return make('li.row', { 'data-level': level }, icon(level, check.ok ? 'well' : 'degraded'), body);
}

function showHeadline(status) {
  const { level, text } = status.headline;
  $('headline').dataset.level = level;
  if ($('headline-text').textContent !== text) $('headline-text').textContent = text;
  $('headline-icon').replaceChildren(icon(level));
  const targets = status.services.flatMap((service) => service.targets);
  const up = targets.filter((target) => target.health === 'up').length;
  const firing = status.alerts.filter((alert) => alert.state === 'firing').length;
  const parts = [];
  if (targets.length > 0) parts.push(`${up} of ${count(targets.length, 'target', 'targets')} up`);
  parts.push(firing === 0 ? 'no alerts' : `${count(firing, 'alert', 'alerts')} firing`);
  $('headline-detail').textContent = parts.join(', ');
  const name = status.title || 'Pilotlight';
  $('title').textContent = name;
  document.title = `${text} - ${name}`;
  if (!$('icon').href.endsWith(`icon-${level}.svg`)) $('icon').href = `assets/icon-${level}.svg`;
}

/** Targets that Pilotlight cannot judge: its own trouble, which must not look like calm. */
function showBlind(status) {
  const targets = status.services.flatMap((service) => service.targets);
  const blind = targets.filter((target) => target.unknown_since);
  $('blind-section').hidden = blind.length === 0;
  if (blind.length === 0) return;
  const counts = new Map();
  for (const target of blind) counts.set(target.reason, (counts.get(target.reason) || 0) + 1);
  const reasons = [...counts].sort((a, b) => b[1] - a[1]).map(([reason, number]) =>
    make('li', {}, inWords(reason) || reason, ' ', make('code', {}, reason),
      `, ${count(number, 'target', 'targets')}`));
  $('blind').replaceChildren(
    make('p', {}, make('strong.state', {},
      `${blind.length} of ${count(targets.length, 'target', 'targets')} cannot be judged. `),
      'The trouble is Pilotlight\'s own; what is shown of them is their last judgement.'),
    make('ul', {}, ...reasons));
}

function showReload(reload) {
  $('reload-section').hidden = reload.successful;
  if (reload.successful) return;
  $('reload').dataset.level = 'degraded';
  $('reload').replaceChildren(
    make('p', {}, make('strong.state', {}, 'The last change was refused. '),
      `What was live since ${moment(reload.last_success)} stays live.`),
    make('pre', {}, reload.errors.join('\n')));
}

function showAlerts(alerts) {
  $('alerts-section').hidden = alerts.length === 0;
  const firing = alerts.filter((alert) => alert.state === 'firing').length;
  const muted = alerts.filter((alert) => alert.state === 'firing' && alert.muted).length;
  const pending = alerts.length - firing;
  $('alerts-tally').textContent = [firing && `${firing} firing`, muted && `${muted} of them muted`,
    pending && `${pending} pending`].filter(Boolean).join(', ');
  keep($('alerts'), alerts, (alert) => JSON.stringify(alert.labels), alertItem);
}

function silenceItem(silence) {
  const level = silence.hides > 0 ? 'degraded' : 'info';
  const hidden = silence.hidden.join(', ') + (silence.hides > silence.hidden.length ? ', ...' : '');
  const hides = silence.hides === 0 ? 'hides nothing now' :
    `hides ${count(silence.hides, 'alert', 'alerts')}: ${hidden}`;
  const time = silence.active
    ? live('time', silence.ends_at, (t) => `${until(t)} left`, `until ${moment(silence.ends_at)}`)
    : live('time', silence.starts_at, (t) => `in ${until(t)}`, `from ${moment(silence.starts_at)}`);
  return make('li.row', { 'data-level': level },
    icon(level, silence.active ? 'silenced' : 'waiting'),
    make('div', {}, make('code', {}, silence.matchers), ' ',
      make('span.muted.small', {}, time),
      make('p.muted', {}, `${silence.created_by}: ${silence.comment}; ${hides}`)));
}

function showSilences(silences) {
  $('silences-section').hidden = silences.length === 0;
  const active = silences.filter((silence) => silence.active).length;
  $('silences-tally').textContent = active === silences.length ? `${active} active`
    : `${active} active, ${silences.length - active} waiting`;
  keep($('silences'), silences, (silence) => silence.id, silenceItem);
}

function showServices(status) {
  $('services-section').hidden = false;
  if (status.services.length === 0) {
    $('services').replaceChildren(make('li.card.empty', {}, 'No targets are configured yet.'));
    return;
  }
  // A service's line tells how those are that it needs, so they are part of what it is made of.
  const healthOf = new Map(status.services.map((service) => [service.name, service.health]));
  const items = status.services.map((service) =>
    ({ ...service, needed: service.depends_on.map((name) => healthOf.get(name)) }));
  keep($('services'), items, (service) => `service ${service.name}`,
    (service, known) => serviceItem(service, status, known));
}

function unmatchedItem(rule) {
  return make('li.row', {},
    make('div', {}, make('span', {}, rule.name), ' ',
      make('span.prober', {}, `${rule.group}, ${rule.file.split('/').pop()}`),
      make('p.expression', {}, make('code', {}, rule.expr))));
}

function showUnmatched(status) {
  const total = status.counts.rules_unmatched;
  $('unmatched-section').hidden = total === 0;
  const shown = status.unmatched_rules.length;
  $('unmatched-tally').textContent = shown < total ? `${shown} of ${total}` : `${total}`;
  keep($('unmatched'), status.unmatched_rules, (rule) => `${rule.file} ${rule.group} ${rule.name} ${rule.expr}`,
    unmatchedItem);
}

function showFacts(status) {
  const version = `Pilotlight ${status.version}${status.revision ? ` (${status.revision})` : ''}`;
  $('facts').replaceChildren(`${version}, up `,
    live('time', status.started_at, (t) => since(t), `since ${moment(status.started_at)}`),
    `. ${count(status.counts.targets, 'target', 'targets')}, ` +
    `${count(status.counts.rules, 'rule', 'rules')}, ${count(status.counts.series, 'series', 'series')}`);
}

/** Shows the document that /api/status gave. */
export function show(status) {
  showHeadline(status);
  showBlind(status);
  showReload(status.reload);
  showAlerts(status.alerts);
  showSilences(status.silences);
  showServices(status);
  $('receivers-section').hidden = status.receivers.length === 0;
  keep($('receivers'), status.receivers, (r) => `${r.name} ${r.integration}`, receiverItem);
  $('checks-section').hidden = false;
  showUnmatched(status);
  keep($('checks'), status.checks, (check) => check.name, checkItem);
  showFacts(status);
}
