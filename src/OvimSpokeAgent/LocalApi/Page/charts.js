// Small charts of the last hour. Each is a picture with a text that says the same.

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 300, HEIGHT = 90, LEFT = 56, RIGHT = 4, TOP = 8, BOTTOM = 14, SLOTS = 61;

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// The newest sample is at the right; a shorter history leaves the left empty.
const x = (index, count) => LEFT + (WIDTH - LEFT - RIGHT) * (SLOTS - count + index) / (SLOTS - 1);
const y = (value, top) => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (top === 0 ? 0 : value / top);

function draw(figure, text, top, unit, content) {
  const svg = element('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': text });
  svg.append(
    element('line', { class: 'axis', x1: LEFT, x2: WIDTH - RIGHT, y1: y(0, 1), y2: y(0, 1) }),
    element('line', { class: 'axis', x1: LEFT, x2: WIDTH - RIGHT, y1: y(1, 1), y2: y(1, 1) }),
    element('text', { x: 0, y: y(1, 1) + 4 }, unit(top)),
    element('text', { x: 0, y: y(0, 1) + 3 }, unit(0)),
    element('text', { x: LEFT, y: HEIGHT - 2 }, '1 h ago'),
    element('text', { x: WIDTH - RIGHT, y: HEIGHT - 2, 'text-anchor': 'end' }, 'now'),
    ...content);
  const said = document.createElement('p');
  said.textContent = text;
  const old = figure.querySelector('svg');
  if (old !== null) {
    figure.querySelector('p').replaceWith(said);
    old.replaceWith(svg);
  } else {
    figure.append(svg, said);
  }
}

/** Bars of two parts on each other: the first filled, the second an outline. */
export function bars(figure, text, samples, unit) {
  const top = Math.max(1, ...samples.map(([first, second]) => first + second));
  const width = (WIDTH - LEFT - RIGHT) / SLOTS - 1;
  const content = samples.flatMap(([first, second], index) => {
    const left = x(index, samples.length) - width / 2;
    const made = [];
    if (first > 0) made.push(element('rect', { class: 'bar good', x: left, width, y: y(first, top), height: y(0, top) - y(first, top) }));
    if (second > 0) made.push(element('rect', { class: 'hollow bad', x: left, width, y: y(first + second, top), height: y(first, top) - y(first + second, top) }));
    return made;
  });
  draw(figure, text, top, unit, content);
}

/** Lines, told apart by their dashes too; a value that is missing leaves a gap. */
export function lines(figure, text, series, unit) {
  const top = Math.max(1, ...series.flatMap(one => one.values.map(value => value ?? 0)));
  const content = series.flatMap(one => {
    const parts = [];
    let begins = true, path = '';
    one.values.forEach((value, index) => {
      if (value === null || value === undefined) { begins = true; return; }
      const at = `${x(index, one.values.length).toFixed(1)} ${y(value, top).toFixed(1)}`;
      path += `${begins ? 'M' : 'L'}${at}`;
      if (begins) parts.push(element('circle', { class: `bar ${one.kind}`, cx: x(index, one.values.length), cy: y(value, top), r: 1.5 }));
      begins = false;
    });
    if (path !== '') parts.push(element('path', { class: `line ${one.kind}`, d: path, 'stroke-dasharray': one.dashes ?? 'none' }));
    return parts;
  });
  draw(figure, text, top, unit, content);
}
