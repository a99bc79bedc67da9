// Times and numbers in the words that the page uses.

const UNITS = [
  ['d', 86400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

/** 4000 -> "1 h 6 min": the largest unit, and the next one while it tells something. */
export function duration(seconds) {
  let rest = Math.max(0, Math.floor(seconds));
  const index = Math.max(0, UNITS.findIndex(([, size]) => rest >= size));
  if (rest < 1) return '0 s';
  const [name, size] = UNITS[index];
  const count = Math.floor(rest / size);
  rest -= count * size;
  const next = UNITS[index + 1];
  // Seconds beside minutes and hours beside many days only make the page flicker.
  if (!next || name === 'min' || (name === 'd' && count >= 10)) return `${count} ${name}`;
  const second = Math.floor(rest / next[1]);
  return second > 0 ? `${count} ${name} ${second} ${next[0]}` : `${count} ${name}`;
}

export function since(time, now = Date.now()) {
  return duration((now - Date.parse(time)) / 1000);
}

export function until(time, now = Date.now()) {
  return duration((Date.parse(time) - now) / 1000);
}

/** How long a probe took: 0.0023 -> "2.3 ms". */
export function took(seconds) {
  const milliseconds = seconds * 1000;
  if (milliseconds < 1) return '<1 ms';
  if (milliseconds < 10) return `${milliseconds.toFixed(1).replace(/\.0$/, '')} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${seconds.toFixed(1)} s`;
}

/** Date and time of day as the reader's country writes them. */
export function moment(time) {
  return new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

export function clock(time) {
  return new Date(time).toLocaleTimeString(undefined, { timeStyle: 'medium' });
}

export function count(number, one, many) {
  return `${number.toLocaleString()} ${number === 1 ? one : many}`;
}
