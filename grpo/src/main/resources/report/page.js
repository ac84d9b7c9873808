'use strict';
// What both pages draw with: the JSON in #data, elements, tables. No library, no network: a page must open from a disk in ten years.
const data = JSON.parse(document.getElementById('data').textContent);
// Children may be lists, and what there is none of.
const el = (tag, attrs = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs)) node.setAttribute(k, v);
  for (const c of children.flat()) if (c !== null && c !== undefined) node.append(c);
  return node;
};
// Of lists of any length: as arguments of Math.max, those of a long run would be more than a browser takes.
const least = list => list.reduce((a, b) => Math.min(a, b), Infinity), most = list => list.reduce((a, b) => Math.max(a, b), -Infinity);
const main = document.querySelector('main');
const pct = x => typeof x === 'number' ? (100 * x).toFixed(1) + ' %' : '–';
const verdict = right => right ? 'right' : 'wrong';
const section = (title, lead) => { const s = el('section'); s.append(el('h2', {}, title)); if (lead) s.append(el('p', {class: 'soft'}, lead)); main.append(s); return s; };
const bar = (share, chance) => el('div', {class: 'bar'}, el('i', {style: `width:${100 * share}%`}), el('b', {style: `left:${100 * chance}%`, title: 'chance'}));
const folded = value => el('details', {class: 'card'}, el('summary', {}, 'Show'), el('pre', {class: 'mono scroll'}, JSON.stringify(value, null, 2)));

// Columns are [name, class]; the first cell names its row. Scopes, so that a cell is read out with the names of both.
function table(columns, rows) {
  const cell = (value, i) => i ? el('td', {class: columns[i][1] || ''}, value) : el('th', {scope: 'row'}, value);
  return el('table', {}, el('thead', {}, el('tr', {}, columns.map(([name, kind]) => name ? el('th', {scope: 'col', class: kind || ''}, name) : el('td')))),
    el('tbody', {}, rows.map(r => el('tr', {}, r.map(cell)))));
}
// The cards at the head of a page.
const fact = (name, value, note) => el('div', {class: 'card'}, el('div', {class: 'soft name'}, name), el('div', {class: 'big'}, value), el('div', {class: 'soft'}, note || ''));

// What scrolls has to be in reach of the keyboard; where all of it fits, that would be a stop for nothing.
const reach = () => document.querySelectorAll('.scroll, .strip').forEach(e => { if (e.scrollWidth > e.clientWidth) e.tabIndex = 0; else e.removeAttribute('tabindex'); });
addEventListener('DOMContentLoaded', reach);
addEventListener('resize', reach);

// Characters that are not seen, or turn the direction of those after them: as inspect shows them, ^[ or, beyond ASCII, by their number.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
const visible = text => text.replace(UNSEEN, c => c <= '\u007f' ? '^' + String.fromCharCode(c.charCodeAt(0) ^ 0x40) : '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
