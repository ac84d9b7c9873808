'use strict';
// Draws the report from the JSON in #data. No library, no network: the file must open from a disk in ten years.
const data = JSON.parse(document.getElementById('data').textContent);
const colours = ['var(--a)', 'var(--b)', 'var(--c)', 'var(--d)', 'var(--e)', 'var(--soft)'];
const el = (tag, attrs = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs)) if (k === 'html') node.innerHTML = v; else node.setAttribute(k, v);
  node.append(...children.filter(c => c !== null && c !== undefined));
  return node;
};
const svg = (tag, attrs = {}) => { const n = document.createElementNS('http://www.w3.org/2000/svg', tag); for (const [k, v] of Object.entries(attrs)) n.setAttribute(k, v); return n; };
const letter = s => s.replace(/<[^>]*>/g, '');
const pct = x => x === undefined || x === null ? '–' : (100 * x).toFixed(1) + ' %';
const num = (x, d = 3) => x === undefined || x === null ? '–' : Number(x).toFixed(d);
const main = document.querySelector('main');
const section = (title, lead) => { const s = el('section'); s.append(el('h2', {}, title)); if (lead) s.append(el('p', {class: 'soft'}, lead)); main.append(s); return s; };

function chart(title, series, hint) {
  const shown = series.filter(s => s.points.length);
  if (!shown.length) return null;
  const W = 420, H = 190, L = 44, R = 8, T = 8, B = 22;
  const xs = shown.flatMap(s => s.points.map(p => p[0])), ys = shown.flatMap(s => s.points.map(p => p[1]));
  let x0 = Math.min(...xs), x1 = Math.max(...xs), y0 = Math.min(...ys), y1 = Math.max(...ys);
  if (x1 === x0) x1 = x0 + 1;
  if (y1 === y0) { y1 += Math.abs(y1) * .1 || 1; y0 -= Math.abs(y0) * .1; }
  const X = x => L + (x - x0) / (x1 - x0) * (W - L - R), Y = y => H - B - (y - y0) / (y1 - y0) * (H - B - T);
  const g = svg('svg', {viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': title});
  for (let i = 0; i <= 4; i++) {
    const y = y0 + (y1 - y0) * i / 4;
    g.append(svg('line', {x1: L, x2: W - R, y1: Y(y), y2: Y(y), class: 'axis'}));
    const t = svg('text', {x: L - 5, y: Y(y) + 4, 'text-anchor': 'end'}); t.textContent = Math.abs(y1 - y0) < .05 ? y.toPrecision(2) : (y1 - y0) >= 20 ? y.toFixed(0) : y.toFixed(2); g.append(t);
  }
  for (let i = 0; i <= 4; i++) { const x = x0 + (x1 - x0) * i / 4; const t = svg('text', {x: i === 4 ? W - 1 : X(x), y: H - 6, 'text-anchor': i === 4 ? 'end' : 'middle'}); t.textContent = Math.round(x); g.append(t); }
  shown.forEach((s, i) => {
    const path = s.points.map((p, k) => (k ? 'L' : 'M') + X(p[0]).toFixed(1) + ' ' + Y(p[1]).toFixed(1)).join('');
    g.append(svg('path', {d: path, class: 'series', stroke: colours[i % colours.length], ...(s.faint ? {opacity: .35} : {})}));
    if (s.dots) for (const p of s.points) g.append(svg('circle', {cx: X(p[0]), cy: Y(p[1]), r: 3, fill: colours[i % colours.length]}));
  });
  const card = el('div', {class: 'card'}, el('h3', {}, title), g);
  if (shown.length > 1) card.append(el('div', {class: 'legend'}, ...shown.map((s, i) => el('span', {}, el('i', {style: `background:${colours[i % colours.length]}`}), s.name))));
  if (hint) card.append(el('div', {class: 'soft', style: 'font-size:12px'}, hint));
  return card;
}
const points = (stage, key) => data.metrics.filter(m => m.stage === stage && typeof m[key] === 'number').map(m => [m.stage_step, m[key]]);
const smooth = p => { let e; return p.map(([x, y]) => [x, e = e === undefined ? y : .85 * e + .15 * y]); };
const line = (stage, key, name) => ({name: name || key, points: points(stage, key)});

function interval(k, n) { // Wilson, 95 %
  if (!n) return [0, 1];
  const z = 1.96, p = k / n, d = 1 + z * z / n, c = (p + z * z / (2 * n)) / d, w = z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / d;
  return [Math.max(0, c - w), Math.min(1, c + w)];
}
const withInterval = (acc, n) => { const [a, b] = interval(acc * n, n); return `${pct(acc)} [${(100 * a).toFixed(1)}, ${(100 * b).toFixed(1)}]`; };

function head() {
  main.append(el('h1', {}, data.title), el('p', {class: 'soft'}, data.description));
  const s = data.summary;
  if (!s) { main.append(el('p', {}, 'This run is not finished yet: the report shows what there is so far.')); return; }
  const facts = el('div', {class: 'grid'});
  const fact = (name, value, note) => facts.append(el('div', {class: 'card'}, el('h3', {class: 'soft'}, name), el('div', {class: 'big'}, value), el('div', {class: 'soft'}, note || '')));
  for (const st of s.stages) fact({base: 'Base, direct answers', cold_start: 'Cold start, reasoning', grpo: 'After GRPO, reasoning'}[st.name] || st.name, pct(st.accuracy), `${st.questions} held-out questions, format ${pct(st.format)}`);
  fact('Time', `${Math.floor(s.seconds / 60)}:${String(Math.round(s.seconds % 60)).padStart(2, '0')}`, `seed ${s.seed}`);
  main.append(facts);
  main.append(el('p', {}, 'Final hash of weights, optimiser and data position: ', el('code', {}, s.final_hash), s.expected_hash ? (s.expected_hash === s.final_hash ? ' — as expected: the same bits as everybody else’s run.' : ` — expected ${s.expected_hash}.`) : ''));
}

function stages() {
  const s = data.summary;
  if (!s || !s.stages.length) return;
  const kinds = [...new Set(s.stages.flatMap(x => Object.keys(x.accuracy_by_kind || {})))];
  const root = section('Stages', 'Greedy answers to held-out questions, 95 % Wilson intervals. Base answers with a letter; the others reason first.');
  const t = el('table', {}, el('tr', {}, ...['stage', 'accuracy', 'format', 'length', 'evidence', ...kinds, 'seconds'].map((h, i) => el('th', i ? {class: 'num'} : {}, h))));
  for (const x of s.stages) t.append(el('tr', {}, el('td', {}, x.name), el('td', {class: 'num'}, withInterval(x.accuracy, x.questions)), el('td', {class: 'num'}, pct(x.format)), el('td', {class: 'num'}, num(x.mean_length, 1)), el('td', {class: 'num'}, pct(x.evidence)), ...kinds.map(k => el('td', {class: 'num'}, pct((x.accuracy_by_kind || {})[k]))), el('td', {class: 'num'}, num(x.seconds, 0))));
  root.append(el('div', {class: 'card scroll'}, t));
  if (data.controls && data.controls.length) {
    const c = el('table', {}, el('tr', {}, ...['control (after GRPO)', 'accuracy', 'order-dependent kinds', 'what it shows'].map((h, i) => el('th', i && i < 3 ? {class: 'num'} : {}, h))));
    for (const x of data.controls) c.append(el('tr', {}, el('td', {}, x.name), el('td', {class: 'num'}, withInterval(x.accuracy, x.questions)), el('td', {class: 'num'}, x.order_questions ? withInterval(x.order_accuracy, x.order_questions) : '–'), el('td', {class: 'prose'}, x.note)));
    root.append(el('h3', {style: 'margin-top:16px'}, 'Does it really look?'), el('div', {class: 'card scroll'}, c));
  }
}

function curves() {
  const seen = [...new Set(data.metrics.map(m => m.stage))], rewarded = seen.filter(s => data.rewarded.includes(s));
  for (const stage of rewarded) {
    const root = section('Learning from rewards' + (rewarded.length > 1 ? ': ' + stage : ''), 'One point a step. Accuracy on held-out questions has dots.');
    const r = points(stage, 'reward'), held = points(stage, 'eval/accuracy'), kinds = [...new Set(data.metrics.filter(m => m.stage === stage).flatMap(m => Object.keys(m).filter(k => k.startsWith('rewards/accuracy/'))))];
    root.append(el('div', {class: 'grid'}, ...[
      chart('Reward', [{name: 'smoothed', points: smooth(r)}, {name: 'per step', points: r, faint: true}]),
      chart('Accuracy', [{name: 'rollouts', points: smooth(points(stage, 'rewards/accuracy_reward/mean'))}, {name: 'held out, greedy', points: held, dots: true}]),
      chart('Accuracy by kind (rollouts)', kinds.map(k => ({name: k.slice(17), points: smooth(points(stage, k))}))),
      chart('Well-formed completions', [line(stage, 'rewards/well_formed', 'share')]),
      chart('Completion length (tokens)', [line(stage, 'completions/mean_length', 'mean'), line(stage, 'completions/max_length', 'longest')]),
      chart('KL to the reference (k3)', [line(stage, 'kl')]),
      chart('Entropy', [line(stage, 'entropy')]),
      chart('Clipped tokens', [line(stage, 'clip_ratio/low_mean', 'low'), line(stage, 'clip_ratio/high_mean', 'high')], 'Stays 0 with one update per rollout: the ratio is exactly 1.'),
      chart('Groups without spread', [line(stage, 'frac_reward_zero_std', 'share')], 'All completions equally good: only the noise gives them a direction.'),
      chart('Gradient norm', [line(stage, 'grad_norm')]),
      chart('Seconds per step', ['rollout', 'score', 'update'].map(p => line(stage, 'time/' + p, p))),
    ].filter(Boolean)));
  }
  const others = seen.filter(s => !rewarded.includes(s));
  if (others.length) section('Base training and cold start').append(el('div', {class: 'grid'}, ...others.map(s => {
    const keys = [...new Set(data.metrics.filter(m => m.stage === s).flatMap(m => Object.keys(m).filter(k => k.startsWith('loss/'))))];
    return chart(s + ': loss per token', keys.length ? keys.map(k => line(s, k, k.slice(5))) : [line(s, 'loss')]);
  }).filter(Boolean)));
}

const tip = el('div', {id: 'tip'});
document.body.append(tip);
function showTip(target, text) {
  tip.textContent = text; tip.style.display = 'block';
  const r = target.getBoundingClientRect(), w = tip.offsetWidth, h = tip.offsetHeight;
  tip.style.left = Math.max(4, Math.min(innerWidth - w - 4, r.left)) + 'px';
  tip.style.top = (r.top - h - 6 > 0 ? r.top - h - 6 : r.bottom + 6) + 'px';
}
function tokens(c) {
  const box = el('div', {class: 'tokens'});
  const updates = [c, ...(c.later_updates || [])], u = updates.at(-1);
  const which = updates.length > 1 ? `\nupdate          ${updates.length} of ${updates.length}` : '';
  const strongest = Math.max(1e-12, ...u.coefficient.map(Math.abs));
  c.tokens.forEach((t, i) => {
    const g = -u.coefficient[i] / strongest; // minus: what gradient descent pushes up is positive
    const span = el('span', {tabindex: 0, style: `background:color-mix(in srgb, ${g > 0 ? 'var(--good)' : 'var(--bad)'} ${Math.round(60 * Math.abs(g))}%, transparent)`}, t.replaceAll('\n', '⏎\n'));
    const p = x => (100 * Math.exp(x)).toFixed(2) + ' %';
    const after = c.after ? `\nafter this step ${p(c.after[i])}` : '';
    const text = `${JSON.stringify(t)}\nprobability     ${p(c.logprob[i])}${after}\nadvantage       ${num(c.advantage, 3)}${which}\nratio           ${num(u.ratio[i], 6)}${u.clip ? `\nclip            ${u.clip[i]}` : ''}\nKL (k3)         ${num(u.kl?.[i], 5)}\nentropy         ${num(u.entropy[i], 3)}\ngradient coeff. ${u.coefficient[i].toExponential(2)}`;
    span.addEventListener('mouseenter', () => showTip(span, text)); span.addEventListener('focus', () => showTip(span, text));
    span.addEventListener('mouseleave', () => { tip.style.display = 'none'; }); span.addEventListener('blur', () => { tip.style.display = 'none'; });
    box.append(span);
  });
  return box;
}
function samples() {
  if (!data.samples || !data.samples.length) return;
  const several = data.samples.some(s => s.completions.some(c => c.later_updates));
  const root = section('Inside the groups', 'All completions of one prompt. Green tokens are pushed up by this step, red ones down, the stronger the colour the larger the advantage-weighted gradient coefficient. Hover, tap or tab to a token for its numbers.' + (several ? ' Several updates followed each rollout: colours and numbers are the last one’s.' : ''));
  const pick = el('select', {'aria-label': 'which group'}), view = el('div');
  data.samples.forEach((s, i) => pick.append(el('option', {value: i}, `step ${s.step}: ${s.question.split('\n')[0]}`)));
  const show = i => {
    const s = data.samples[i];
    view.replaceChildren(el('div', {class: 'strip', style: 'margin:10px 0'}, ...s.frames.map((f, k) => el('img', {src: f, alt: 'frame ' + k}))), el('div', {class: 'mono', style: 'white-space:pre-wrap'}, s.question), el('p', {}, 'Answer: ', el('b', {}, letter(s.answer))));
    view.append(el('div', {class: 'side'}, ...s.completions.map(c => el('div', {class: 'completion ' + (c.accuracy > 0 ? 'good' : 'bad')}, el('div', {class: 'row soft'}, el('span', {}, `reward ${num(c.reward, 2)}`), el('span', {}, `accuracy ${c.accuracy}`), el('span', {}, `format ${num(c.format, 2)}`), el('span', {}, `advantage ${num(c.advantage, 2)}`), el('span', {}, `${c.tokens.length} tokens`)), tokens(c)))));
  };
  pick.addEventListener('change', () => show(+pick.value));
  root.append(el('div', {class: 'card'}, pick, view)); show(data.samples.length - 1); pick.value = data.samples.length - 1;
}
function heldOut() {
  if (!data.held_out || !data.held_out.length) return;
  const root = section('One held-out question while it learned', 'Greedy answers of the same model at different steps.');
  for (const h of data.held_out) {
    const card = el('div', {class: 'card', style: 'margin-bottom:12px'}, el('div', {class: 'strip'}, ...h.frames.map((f, k) => el('img', {src: f, alt: 'frame ' + k}))), el('div', {class: 'mono', style: 'white-space:pre-wrap'}, h.question), el('p', {}, 'Answer: ', el('b', {}, letter(h.answer))));
    for (const a of h.answers) card.append(el('div', {class: 'completion ' + (a.correct ? 'good' : 'bad')}, el('div', {class: 'soft'}, a.when), el('div', {class: 'tokens'}, a.text)));
    root.append(card);
  }
}
function ablations() {
  if (!data.ablations || !data.ablations.length) return;
  const root = section('What each part is good for', 'The same base, the same seed, one thing changed.');
  const t = el('table', {}, el('tr', {}, ...['variant', 'accuracy', '', 'format', 'length', 'KL'].map((h, i) => el('th', i && i !== 2 ? {class: 'num'} : {}, h))));
  for (const a of data.ablations) t.append(el('tr', {}, el('td', {}, a.name), el('td', {class: 'num'}, withInterval(a.accuracy, a.questions)), el('td', {}, el('div', {class: 'bar'}, el('i', {style: `width:${100 * a.accuracy}%`}), el('b', {style: 'left:25%', title: 'chance'}))), el('td', {class: 'num'}, pct(a.format)), el('td', {class: 'num'}, num(a.mean_length, 1)), el('td', {class: 'num'}, num(a.kl, 3))));
  root.append(el('div', {class: 'card scroll'}, t), el('div', {class: 'grid', style: 'margin-top:12px'}, ...[chart('Accuracy of the rollouts', data.ablations.map(a => ({name: a.name, points: smooth(a.accuracy_curve || [])})))].filter(Boolean)));
}
function config() {
  const root = section('Recipe', 'Every constant of this run.');
  const d = el('details', {class: 'card'}, el('summary', {}, 'Show'), el('pre', {class: 'mono scroll'}, JSON.stringify(data.config, null, 2)));
  root.append(d);
}
head(); stages(); curves(); heldOut(); samples(); ablations(); config();
