'use strict';
// What both pages draw with: the JSON in #data, elements, tables. No library, no network: a page must open from a disk in ten years.
const data = JSON.parse(document.getElementById('data').textContent);
const el = (tag, attrs = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs)) node.setAttribute(k, v);
  node.append(...children.filter(c => c !== null && c !== undefined));
  return node;
};
const main = document.querySelector('main');
const pct = x => typeof x === 'number' ? (100 * x).toFixed(1) + ' %' : '–';
const verdict = right => right ? 'right' : 'wrong';
const section = (title, lead) => { const s = el('section'); s.append(el('h2', {}, title)); if (lead) s.append(el('p', {class: 'soft'}, lead)); main.append(s); return s; };
const bar = (share, chance) => el('div', {class: 'bar'}, el('i', {style: `width:${100 * share}%`}), el('b', {style: `left:${100 * chance}%`, title: 'chance'}));
const folded = value => el('details', {class: 'card'}, el('summary', {}, 'Show'), el('pre', {class: 'mono scroll'}, JSON.stringify(value, null, 2)));

// Columns are [name, class]; the first cell names its row. Scopes, so that a cell is read out with the names of both.
function table(columns, rows) {
  const cell = (value, i) => i ? el('td', {class: columns[i][1] || ''}, value) : el('th', {scope: 'row'}, value);
  return el('table', {}, el('thead', {}, el('tr', {}, ...columns.map(([name, kind]) => name ? el('th', {scope: 'col', class: kind || ''}, name) : el('td')))),
    el('tbody', {}, ...rows.map(r => el('tr', {}, ...r.map(cell)))));
}
