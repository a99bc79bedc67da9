// Building and keeping elements. Texts only ever become text nodes and attributes, never markup:
// whatever a label holds, it is shown as it is.

/** make('p.small.muted', {title: 'x'}, 'text', child, ...) */
export function make(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== ''));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

// A different shape for each state, so that it is told without colours too.
const SHAPES = {
  up: 'M10 1.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zm4.1 6.6-4.9 5.4a.9.9 0 0 1-1.3 0L5.7 11.1a.9.9 0 1 1 1.3-1.3l1.6 1.7 4.2-4.7a.9.9 0 1 1 1.3 1.3z',
  degraded: 'M8.6 2.3a1.6 1.6 0 0 1 2.8 0l7 12.7a1.6 1.6 0 0 1-1.4 2.4H3a1.6 1.6 0 0 1-1.4-2.4zM10 6.8a.9.9 0 0 0-.9.9v3.6a.9.9 0 0 0 1.8 0V7.7a.9.9 0 0 0-.9-.9zm0 6.2a1 1 0 1 0 0 2.1 1 1 0 0 0 0-2.1z',
  down: 'M6.5 1.5h7L18.5 6.5v7L13.5 18.5h-7L1.5 13.5v-7zm1.3 5a.9.9 0 0 0-1.3 1.3L8.7 10l-2.2 2.2a.9.9 0 1 0 1.3 1.3L10 11.3l2.2 2.2a.9.9 0 0 0 1.3-1.3L11.3 10l2.2-2.2a.9.9 0 1 0-1.3-1.3L10 8.7z',
  info: 'M10 1.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zm0 3.9a1.1 1.1 0 1 1 0 2.2 1.1 1.1 0 0 1 0-2.2zm0 3.4c.5 0 .9.4.9.9v4a.9.9 0 0 1-1.8 0v-4c0-.5.4-.9.9-.9z',
  unknown: 'M10 1.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zm0 1.7a6.8 6.8 0 1 1 0 13.6 6.8 6.8 0 0 1 0-13.6zm-3.2 5.9h6.4v1.8H6.8z',
  chevron: 'M7 4l6 6-6 6-1.3-1.3L10.4 10 5.7 5.3z',
};

export function icon(shape, label = '', className = 'icon') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', className);
  if (label === '') {
    svg.setAttribute('aria-hidden', 'true');
  } else {
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', label);
  }
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', SHAPES[shape]);
  path.setAttribute('fill', 'currentColor');
  path.setAttribute('fill-rule', 'evenodd');
  svg.append(path);
  return svg;
}

/**
 * Makes the children of `parent` those that `build` gives for `items`, leaving alone what did not
 * change, so that focus, selection and opened details stay.
 */
export function keep(parent, items, keyOf, build) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const key = keyOf(item);
    const state = JSON.stringify(item);
    const known = old.get(key);
    if (known && known.pilotlightState === state) return known;
    const made = build(item, known);
    made.dataset.key = key;
    made.pilotlightState = state;
    return made;
  });
  wanted.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] || null);
  });
  while (parent.children.length > wanted.length) parent.lastElementChild.remove();
}

/** An element whose text is `words(time)`, said anew by tick(). */
export function live(tag, time, words, title) {
  const element = make(tag, { datetime: time, title }, words(time));
  element.pilotlightWords = () => words(time);
  element.dataset.live = '';
  return element;
}

export function tick() {
  for (const element of document.querySelectorAll('[data-live]')) {
    const words = element.pilotlightWords();
    if (element.textContent !== words) element.textContent = words;
  }
}
