'use strict';
const trace = JSON.parse(document.getElementById('trace').textContent);
const byId = id => document.getElementById(id);
const events = trace.events, registers = trace.registers;
const SHOWN = 28;
const view = new DataView(new ArrayBuffer(8));

byId('title').textContent = trace.file + ' · ' + trace.entry;
byId('where').textContent = `block ${trace.block}, warp ${trace.warp}; grid ${trace.grid}, block of ${trace.threads} threads; ${trace.seen} instructions of this warp` +
  (events.length < trace.seen ? `, ${trace.from} to ${trace.from + events.length - 1} shown` : '');

// ---- what is known at every moment, built forward once
const SHARED = new Set(['shared', 'shared::cta', 'shared::cluster']);
const words = new Set();
events.forEach(e => e.touches.filter(t => SHARED.has(t.space) && t.bytes).forEach(t => lanesOf(e.mask).forEach(l => {
  for (let b = 0; b < t.bytes; b += 4) words.add((Number(BigInt(t.at[l]) & 0xffffffn) + b) >> 2);
})));
const sorted = [...words].sort((a, b) => a - b);
const base = sorted.length ? sorted[0] & ~31 : 0;
const rows = sorted.length ? ((sorted[sorted.length - 1] - base) >> 5) + 1 : 0;

function lanesOf(mask) { const out = []; for (let l = 0; l < 32; l++) if (mask >>> l & 1) out.push(l); return out; }

// ---- source
const counts = new Map(), lines = byId('source');
trace.lines.forEach((text, i) => {
  const li = document.createElement('li'), n = document.createElement('i'), c = document.createElement('b'), s = document.createElement('span');
  n.textContent = i + 1; s.textContent = text || ' '; li.append(n, c, s); lines.append(li);
});

// ---- values
function valueText(register, text) {
  const bits = BigInt(text);
  if (register.kind === 'PREDICATE') return bits ? 'true' : 'false';
  if (register.type === 'f32') { view.setUint32(0, Number(bits)); return String(view.getFloat32(0)); }
  if (register.type === 'f64') { view.setBigUint64(0, bits); return String(view.getFloat64(0)); }
  if (register.kind === 'SIGNED') return String(BigInt.asIntN(register.bits, bits));
  if (register.kind === 'UNSIGNED') return String(bits);
  return '0x' + bits.toString(16);
}
function numberOf(register, text) {
  const t = valueText(register, text);
  return t === 'true' ? 1 : t === 'false' ? 0 : Number(t.startsWith('0x') ? BigInt(t) & 0xffffffffn : t);
}
function colour(register, value, low, high) {
  if (register.kind === 'PREDICATE') return value ? 'hsl(140 60% 45%)' : 'hsl(0 45% 55%)';
  if (!Number.isFinite(value)) return 'hsl(320 80% 50%)';
  const x = high > low ? (value - low) / (high - low) : 0.5;
  return `hsl(${Math.round(230 - 190 * x)} 65% ${Math.round(42 + 18 * x)}%)`;
}

// ---- one moment
let at = 0, last = -1, state = new Map();
function forward(e, i) {
  counts.set(e.line, (counts.get(e.line) || 0) + 1);
  e.values.forEach(v => state.set(v.r, { values: v.after, written: v.changed ? i : (state.get(v.r) || { written: -1 }).written, seen: i }));
}
function moveTo(i) {
  if (i < last) { state = new Map(); counts.clear(); last = -1; }
  for (let k = last + 1; k <= i; k++) forward(events[k], k);
  last = at = i;
  draw();
}
function draw() {
  const e = events[at];
  byId('time').value = at;
  byId('now').textContent = `${at + trace.from} of ${trace.from + events.length - 1}`;
  byId('doing').textContent = e.text + (e.waited ? ` (waited ${e.waited}×)` : '');
  [...lines.children].forEach((li, i) => {
    li.classList.toggle('here', i + 1 === e.line);
    li.children[1].textContent = counts.has(i + 1) ? counts.get(i + 1) + '×' : '';
    if (i + 1 === e.line) lines.scrollTop = li.offsetTop - lines.offsetTop - lines.clientHeight / 2;
  });
  drawLanes(e);
  drawBanks(e);
}
function drawLanes(e) {
  const newest = [...state.entries()].sort((a, b) => b[1].seen - a[1].seen || a[0] - b[0]).slice(0, SHOWN);
  const table = document.createElement('table'), head = table.createTHead().insertRow();
  head.append(document.createElement('th'));
  for (let l = 0; l < 32; l++) { const th = document.createElement('th'); th.textContent = l % 4 ? '' : l; head.append(th); }
  const body = table.createTBody();
  const add = (name, cells, now) => {
    const row = body.insertRow(), th = document.createElement('th');
    th.textContent = name; row.append(th); row.classList.toggle('now', now); cells(row);
  };
  add('active', row => { for (let l = 0; l < 32; l++) { const td = row.insertCell(); if (e.mask >>> l & 1) td.style.background = 'hsl(140 60% 45%)'; td.dataset.text = `lane ${l}: ${e.mask >>> l & 1 ? 'runs' : 'does not run'} this instruction`; } }, true);
  newest.forEach(([r, s]) => {
    const register = registers[r], numbers = s.values.map(v => numberOf(register, v)), finite = numbers.filter(Number.isFinite);
    const low = Math.min(...finite), high = Math.max(...finite);
    add(`${register.name} .${register.type}`, row => {
      for (let l = 0; l < 32; l++) {
        const td = row.insertCell();
        td.style.background = colour(register, numbers[l], low, high);
        td.dataset.text = `lane ${l}: ${register.name} = ${valueText(register, s.values[l])} (0x${BigInt(s.values[l]).toString(16)})`;
        td.classList.toggle('new', s.written === at && !!(e.mask >>> l & 1));
        td.classList.toggle('idle', !(trace.started >>> l & 1));
      }
    }, s.written === at);
  });
  byId('lanes').replaceChildren(table);
}
byId('lanes').addEventListener('mouseover', event => { if (event.target.dataset.text) byId('hover').textContent = event.target.dataset.text; });

const canvas = byId('banks'), CELL = 12;
function drawBanks(e) {
  const show = Math.min(rows, 256);
  canvas.width = 32 * CELL; canvas.height = Math.max(1, show) * CELL;
  const ctx = canvas.getContext('2d'), css = getComputedStyle(document.documentElement);
  const ink = css.getPropertyValue('--ink'), tone = { w: css.getPropertyValue('--write'), r: css.getPropertyValue('--read') };
  if (!rows) { byId('conflict').textContent = '(this warp touches none)'; return; }
  const age = new Map();
  for (let k = Math.max(0, at - 400); k <= at; k++) touchedWords(events[k]).forEach(([w, kind]) => age.set(w, [k, kind]));
  age.forEach(([k, kind], w) => {
    const x = (w - base) % 32, y = (w - base) >> 5;
    if (y >= show) return;
    ctx.globalAlpha = Math.max(.2, 1 - (at - k) / 60); ctx.fillStyle = tone[kind]; ctx.fillRect(x * CELL + 1, y * CELL + 1, CELL - 2, CELL - 2);
    if (k === at) { ctx.globalAlpha = 1; ctx.strokeStyle = ink; ctx.lineWidth = 2; ctx.strokeRect(x * CELL + 1, y * CELL + 1, CELL - 2, CELL - 2); }
  });
  ctx.globalAlpha = 1;
  const banks = new Map();
  touchedWords(e).forEach(([w]) => banks.set(w % 32, (banks.get(w % 32) || new Set()).add(w)));
  const most = Math.max(0, ...[...banks.values()].map(s => s.size));
  byId('conflict').textContent = most ? `up to ${most} word${most > 1 ? 's' : ''} of one bank` : '';
}
function touchedWords(e) {
  const out = [];
  e.touches.filter(t => SHARED.has(t.space) && t.bytes).forEach(t => lanesOf(e.mask).forEach(l => {
    for (let b = 0; b < t.bytes; b += 4) out.push([(Number(BigInt(t.at[l]) & 0xffffffn) + b) >> 2, e.stores ? 'w' : 'r']);
  }));
  return out;
}

// ---- time
let timer = 0;
function stop() { clearInterval(timer); timer = 0; byId('play').textContent = '▶'; }
function toggle() {
  if (timer) return stop();
  byId('play').textContent = '⏸';
  timer = setInterval(() => at + 1 < events.length ? moveTo(at + 1) : stop(), 250);
}
byId('first').onclick = () => moveTo(0);
byId('back').onclick = () => moveTo(Math.max(0, at - 1));
byId('next').onclick = () => moveTo(Math.min(events.length - 1, at + 1));
byId('play').onclick = toggle;
byId('time').oninput = event => moveTo(Number(event.target.value));
document.addEventListener('keydown', event => {
  const act = { ArrowLeft: () => byId('back').click(), ArrowRight: () => byId('next').click(), Home: () => moveTo(0), End: () => moveTo(events.length - 1), ' ': toggle }[event.key];
  if (act && event.target.tagName !== 'BUTTON') { event.preventDefault(); act(); }
});
byId('time').max = Math.max(0, events.length - 1);
if (events.length) moveTo(0); else byId('doing').textContent = 'nothing was recorded';
