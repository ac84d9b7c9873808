// Draws the report of a run.
const colours = ['var(--a)', 'var(--b)', 'var(--c)', 'var(--d)', 'var(--e)', 'var(--soft)'];
const svg = (tag, attrs = {}) => { const n = document.createElementNS('http://www.w3.org/2000/svg', tag); for (const [k, v] of Object.entries(attrs)) n.setAttribute(k, v); return n; };
const letter = s => s.replace(/<[^>]*>/g, '');
const num = (x, d = 3) => x === undefined || x === null ? '–' : Number(x).toFixed(d);
// Where there are more series than colours they go round again, with dashes.
const dashes = ['', '6 3', '2 2'];
const stroke = i => ({stroke: colours[i % colours.length], 'stroke-dasharray': dashes[Math.floor(i / colours.length) % dashes.length]});
const phases = {base: 'base', cold_start: 'cold start', grpo: 'GRPO'};
const phase = name => phases[name] || name;
const answersAre = `Reasoned answers are ${data.reasoned_answers}${data.config.recipe.stages.some(s => s.phase === 'base') ? '; the base stage answers with a letter alone, greedily' : ''}.`;

function key(style) {
  const g = svg('svg', {viewBox: '0 0 18 8', 'aria-hidden': true});
  g.append(svg('line', {x1: 0, x2: 18, y1: 4, y2: 4, 'stroke-width': 3, ...style}));
  return g;
}
// Round values (1, 2 or 5 times a power of ten apart) from below y0 to above y1, and what is written beside them: numbers of few digits, times 10^exponent.
function scale(y0, y1) {
  if (y1 - y0 <= 1e-9 * Math.max(Math.abs(y0), Math.abs(y1))) { y0 -= Math.abs(y0) * .1; y1 += Math.abs(y1) * .1 || 1; }
  const raw = (y1 - y0) / 4, power = Math.floor(Math.log10(raw)), m = raw / 10 ** power, step = (m < 1.5 ? 1 : m < 3.5 ? 2 : m < 7.5 ? 5 : 10) * 10 ** power;
  const first = Math.floor(y0 / step + 1e-6), last = Math.ceil(y1 / step - 1e-6);
  const values = Array.from({length: last - first + 1}, (_, i) => (first + i) * step), largest = most(values.map(Math.abs));
  const exponent = largest >= .01 && largest < 1e5 ? 0 : Math.floor(Math.log10(largest) + 1e-6), digits = Math.max(0, exponent - Math.floor(Math.log10(step) + 1e-6));
  return {values, exponent, texts: values.map(v => (v / 10 ** exponent).toFixed(digits))};
}
const SHARE = [0, 1]; // bounds of charts that are to be compared by eye
function chart(title, series, {hint, bounds} = {}) {
  const shown = series.filter(s => s.points.length);
  if (!shown.length) return null;
  const xs = shown.flatMap(s => s.points.map(p => p[0])), ys = shown.flatMap(s => s.points.map(p => p[1]));
  const [low, high] = bounds || [least(ys), most(ys)], {values, exponent, texts} = scale(low, high), y0 = values[0], y1 = values.at(-1);
  const W = 420, H = 190, L = Math.max(44, 10 + 7 * most(texts.map(t => t.length))), R = 8, T = 8, B = 22;
  const x0 = least(xs), x1 = most(xs), ticks = Math.min(4, x1 - x0);
  const X = x => L + (x - x0) / (x1 - x0 || 1) * (W - L - R), Y = y => H - B - (y - y0) / (y1 - y0) * (H - B - T);
  const ends = shown.map(s => `${s.name}: ${[s.points[0], s.points.at(-1)].map(([x, y]) => `${+y.toPrecision(3)} at step ${x}`).join(', ')}`);
  const g = svg('svg', {viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': `${title}, first and last. ${ends.join('; ')}`});
  values.forEach((y, i) => {
    g.append(svg('line', {x1: L, x2: W - R, y1: Y(y), y2: Y(y), class: 'axis'}));
    const t = svg('text', {x: L - 5, y: Y(y) + 4, 'text-anchor': 'end'}); t.textContent = texts[i]; g.append(t);
  });
  // Steps are whole numbers: a short run has fewer labels, never one between two steps.
  for (let i = 0; i <= ticks; i++) {
    const x = Math.round(x0 + (x1 - x0) * i / (ticks || 1)), last = x === x1 && ticks > 0;
    const t = svg('text', {x: last ? W - 1 : X(x), y: H - 6, 'text-anchor': last ? 'end' : 'middle'}); t.textContent = x; g.append(t);
  }
  let colour = -1;
  const styles = shown.map(s => s.faint ? {...stroke(colour), opacity: .35} : stroke(++colour)); // a faint series has the colour of the one before it
  shown.forEach((s, i) => {
    const path = s.points.map((p, k) => (k ? 'L' : 'M') + X(p[0]).toFixed(1) + ' ' + Y(p[1]).toFixed(1)).join('');
    g.append(svg('path', {d: path, class: 'series', ...styles[i]}));
    // Where there are few points it matters which steps have one.
    if (s.dots || s.points.length <= 20) for (const p of s.points) g.append(svg('circle', {cx: X(p[0]), cy: Y(p[1]), r: 3, fill: styles[i].stroke, opacity: styles[i].opacity || 1}));
  });
  const card = el('div', {class: 'card'}, el('h3', {}, title, exponent ? el('span', {class: 'soft'}, ' × 10', el('sup', {}, exponent)) : null), g);
  if (shown.length > 1) card.append(el('div', {class: 'legend'}, shown.map((s, i) => el('span', {}, key(styles[i]), s.name))));
  if (hint) card.append(el('div', {class: 'soft', style: 'font-size:12px'}, hint));
  return card;
}
const points = (stage, key) => data.metrics.filter(m => m.stage === stage && typeof m[key] === 'number').map(m => [m.stage_step, m[key]]);
const smooth = p => { let e; return p.map(([x, y]) => [x, e = e === undefined ? y : .85 * e + .15 * y]); };
const smoothedAndNot = (p, of = '') => [{name: of + 'smoothed', points: smooth(p)}, {name: of + 'per step', points: p, faint: true}];
const line = (stage, key, name) => ({name: name || key, points: points(stage, key)});

function interval(k, n) { // Wilson, 95 %
  const z = 1.96, p = k / n, d = 1 + z * z / n, c = (p + z * z / (2 * n)) / d, w = z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / d;
  return [Math.max(0, c - w), Math.min(1, c + w)];
}
function withInterval(share, n) {
  if (typeof share !== 'number' || !n) return '–';
  const [a, b] = interval(share * n, n);
  return `${pct(share)} [${(100 * a).toFixed(1)}, ${(100 * b).toFixed(1)}]`;
}
function clock(s) {
  const seconds = Math.round(s), minutes = Math.floor(seconds / 60), two = n => String(n).padStart(2, '0');
  return minutes < 60 ? `${minutes}:${two(seconds % 60)} min` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)} h`;
}

function head() {
  main.append(el('h1', {}, data.title), el('p', {class: 'soft'}, data.description));
  const s = data.summary;
  if (!s) { main.append(el('p', {}, data.config.replay_of ? `Steps replayed of ${data.config.replay_of}. A replay evaluates nothing.` : 'This run is not finished yet: the report shows what there is so far.')); return; }
  const facts = el('div', {class: 'grid'});
  for (const st of s.stages) facts.append(fact(`After ${phase(st.name)}, ${st.name === 'base' ? 'direct answers' : 'reasoning'}`, pct(st.accuracy), `${st.questions} held-out questions, format ${pct(st.format)}`));
  facts.append(fact('Time', clock(s.seconds), 'of training and evaluation; clips, controls and report are not counted'));
  main.append(facts);
  main.append(el('p', {}, 'Final hash of weights, optimiser and data position: ', el('code', {}, s.final_hash), s.expected_hash ? (s.expected_hash === s.final_hash ? ' — as expected: the same bits as everybody else’s run.' : ` — expected ${s.expected_hash}.`) : ''));
}

function stages() {
  const s = data.summary;
  if (!s || !s.stages.length) return;
  const kinds = [...new Set(s.stages.flatMap(x => Object.keys(x.accuracy_by_kind || {})))];
  const root = section('Stages', `Held-out questions, 95 % Wilson intervals. ${answersAre} Evidence: how often the reasoning names, word for word, what is really in the clip; – where answers do not reason, or where nothing says what is in a clip.`);
  const columns = [['stage'], ...['accuracy', 'format', 'length', 'evidence', ...kinds, 'seconds'].map(name => [name, 'num'])];
  root.append(el('div', {class: 'card scroll'}, table(columns, s.stages.map(x => [x.name, withInterval(x.accuracy, x.questions), pct(x.format), num(x.mean_length, 1), withInterval(x.evidence, x.questions),
    ...kinds.map(k => pct((x.accuracy_by_kind || {})[k])), num(x.seconds, 0)]))));
  if (data.controls && data.controls.length) {
    const controls = [[`control (after ${phase(s.stages.at(-1).name)})`], ['accuracy', 'num'], ['order-dependent kinds', 'num'], ['evidence', 'num'], ['what it shows', 'prose']];
    root.append(el('h3', {style: 'margin-top:16px'}, 'Does it really look?'),
      el('p', {class: 'soft'}, 'The same questions, after something was done to the clip. Evidence is still what the unchanged clip has in it: a model that looks names it less often where it is not shown.'), el('div', {class: 'card scroll'}, table(controls, data.controls.map(x =>
      [x.name, withInterval(x.accuracy, x.questions), withInterval(x.order_accuracy, x.order_questions), withInterval(x.evidence, x.questions), x.note]))));
  }
}

// Held-out accuracy of a stage: before its first step, while it learned, after its last. The base stage's answers are direct ones, no beginning of a curve of reasoned ones.
function heldOutAccuracy(stage) {
  const all = data.config.recipe.stages, at = all.findIndex(s => s.name === stage), results = data.summary ? data.summary.stages : [];
  const after = i => results.filter(r => all[i] && r.stage === all[i].name && r.name !== 'base');
  return [...after(at - 1).map(r => [0, r.accuracy]), ...points(stage, 'eval/accuracy'), ...after(at).map(r => [all[at].steps, r.accuracy])];
}
function curves() {
  const seen = [...new Set(data.metrics.map(m => m.stage))], rewarded = seen.filter(s => data.rewarded.includes(s));
  for (const stage of rewarded) {
    const root = section('Learning from rewards' + (rewarded.length > 1 ? ': ' + stage : ''), 'One point a step. Smoothed: 0.85 of the curve so far, 0.15 of the step.');
    const kinds = [...new Set(data.metrics.filter(m => m.stage === stage).flatMap(m => Object.keys(m).filter(k => k.startsWith('rewards/accuracy/'))))];
    root.append(el('div', {class: 'grid'},
      chart('Reward', smoothedAndNot(points(stage, 'reward'))),
      chart('Accuracy', [...smoothedAndNot(points(stage, 'rewards/accuracy_reward/mean'), 'rollouts, '), {name: `held out, ${data.reasoned_answers}`, points: heldOutAccuracy(stage), dots: true}], {bounds: SHARE,
        hint: points(stage, 'eval/accuracy').length && data.config.recipe.evaluation.interim ? `Held out: before the first step and after the last as in the table of stages, between them of at most ${data.config.recipe.evaluation.interim} questions.` : ''}),
      chart('Accuracy by kind', kinds.map(k => ({name: k.slice(17), points: smooth(points(stage, k))})), {bounds: SHARE, hint: 'Of the rollouts, smoothed.'}),
      chart('Well-formed completions', [line(stage, 'rewards/well_formed', 'share')], {bounds: SHARE}),
      chart('Completion length (tokens)', [line(stage, 'completions/mean_length', 'mean'), line(stage, 'completions/max_length', 'longest')]),
      chart('KL to the reference (k3)', [line(stage, 'kl')]),
      chart('Entropy', [line(stage, 'entropy')]),
      chart('Clipped tokens', [['clip_ratio/low_mean', 'low'], ['clip_ratio/high_mean', 'high'], ['clip_ratio/delta_mean', 'delta'], ['cispo_clip_ratio', 'factor held above']]
        .filter(([key]) => points(stage, key).length).map(([key, name]) => line(stage, key, name)), {hint: 'Stays 0 with one update per rollout: the ratio is exactly 1.'}),
      chart('Groups without spread', [line(stage, 'frac_reward_zero_std', 'share')], {bounds: SHARE, hint: 'All completions equally good: only the noise gives them a direction.'}),
      chart('Gradient norm', [line(stage, 'grad_norm')]),
      chart('Seconds per step', ['rollout', 'score', 'update'].map(p => line(stage, 'time/' + p, p)))));
  }
  const others = seen.filter(s => !rewarded.includes(s));
  if (others.length) section('Base training and cold start').append(el('div', {class: 'grid'}, others.map(s => {
    const keys = [...new Set(data.metrics.filter(m => m.stage === s).flatMap(m => Object.keys(m).filter(k => k.startsWith('loss/'))))];
    return chart(s + ': loss per token', keys.length ? keys.map(k => line(s, k, k.slice(5))) : [line(s, 'loss')]);
  })));
}

const tip = el('div', {id: 'tip', role: 'tooltip', hidden: ''});
let told = null;
document.body.append(tip);
document.addEventListener('keydown', e => { if (e.key === 'Escape') hideTip(); });
function hideTip() {
  tip.hidden = true;
  if (told) told.removeAttribute('aria-describedby');
  told = null;
}
function showTip(target, text) {
  hideTip();
  told = target; target.setAttribute('aria-describedby', 'tip');
  tip.textContent = text; tip.hidden = false;
  const r = target.getBoundingClientRect(), w = tip.offsetWidth, h = tip.offsetHeight;
  tip.style.left = Math.max(4, Math.min(innerWidth - w - 4, r.left)) + 'px';
  tip.style.top = (r.top - h - 6 > 0 ? r.top - h - 6 : r.bottom + 6) + 'px';
}
const lastUpdate = c => (c.later_updates || []).at(-1) || c;
function numbers(c, i) {
  const u = lastUpdate(c), count = 1 + (c.later_updates || []).length, g = Number(u.coefficient[i]), p = x => (100 * Math.exp(x)).toFixed(2) + ' %';
  const after = c.after ? `\nafter this step ${p(c.after[i])}` : '', which = count > 1 ? `\nupdate          ${count} of ${count}` : '', way = g < 0 ? ', pushed up' : g > 0 ? ', pushed down' : '';
  return `${visible(JSON.stringify(c.tokens[i]))}\nprobability     ${p(c.logprob[i])}${after}\nadvantage       ${num(c.advantage, 3)}${which}\nratio           ${num(u.ratio[i], 6)}${u.clip ? `\nclip            ${u.clip[i]}` : ''}\nKL (k3)         ${num(u.kl?.[i], 5)}\nentropy         ${num(u.entropy[i], 3)}\ngradient coeff. ${g.toExponential(2)}${way}`;
}
// One stop of the tab key for a completion, however long; the arrow keys go from token to token. Full colour is the coefficient `strongest`.
function tokens(c, name, strongest) {
  const box = el('div', {class: 'tokens', role: 'listbox', 'aria-orientation': 'horizontal', 'aria-label': `tokens of ${name}`});
  const spans = c.tokens.map((t, i) => {
    const g = lastUpdate(c).coefficient[i], share = `${(100 * Math.abs(g) / strongest).toFixed(1)}%`; // descent pushes up where g is negative
    return el('span', {role: 'option', tabindex: i ? -1 : 0, class: g > 0 ? 'down' : 'up', style: `--share:${share}`}, visible(t).replaceAll('\n', '⏎\n'));
  });
  let at = 0;
  const show = e => { const i = spans.indexOf(e.target); if (i >= 0) showTip(spans[i], numbers(c, i)); return i; };
  box.addEventListener('mouseover', show); box.addEventListener('mouseout', hideTip); box.addEventListener('focusout', hideTip);
  box.addEventListener('focusin', e => { const i = show(e); if (i >= 0) { spans[at].tabIndex = -1; spans[at = i].tabIndex = 0; } });
  box.addEventListener('keydown', e => {
    const to = {ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: spans.length - 1}[e.key];
    if (to === undefined || e.altKey || e.ctrlKey || e.metaKey) return;
    e.preventDefault();
    if (spans[to]) spans[to].focus();
  });
  spans.forEach(s => box.append(s));
  return box;
}
const strip = frames => el('div', {class: 'strip'}, frames.map((f, k) => el('img', {src: f, alt: 'frame ' + k})));
// Counted in the run, as inspect does, and in the stage, as the charts do.
function stepName(step) {
  const m = data.metrics.find(m => m.step === step);
  return m ? `step ${step} (${m.stage} ${m.stage_step})` : `step ${step}`;
}
function samples() {
  if (!data.samples || !data.samples.length) return;
  const several = data.samples.some(s => s.completions.some(c => c.later_updates));
  const root = section('Inside the groups', 'All completions of one prompt. Green tokens are pushed up by this step, red and underlined ones down; the stronger the colour the larger the advantage-weighted gradient coefficient, on one scale for the whole group. Hover over a token or tap it for its numbers, or tab to a completion and use the arrow keys; Escape closes them.' + (several ? ' Several updates followed each rollout: colours and numbers are the last one’s.' : ''));
  const pick = el('select', {'aria-label': 'which group'}), view = el('div');
  data.samples.forEach((s, i) => pick.append(el('option', {value: i}, `${stepName(s.step)}: ${visible(s.question.split('\n')[0])}`)));
  const show = i => {
    hideTip();
    const s = data.samples[i], strongest = Math.max(1e-12, most(s.completions.flatMap(c => lastUpdate(c).coefficient.map(Math.abs))));
    view.replaceChildren(strip(s.frames), el('div', {class: 'mono', style: 'white-space:pre-wrap'}, s.question), el('p', {}, 'Answer: ', el('b', {}, letter(s.answer)), `. Full colour: a coefficient of ${strongest.toExponential(2)}.`));
    view.append(el('div', {class: 'side'}, s.completions.map((c, k) => el('div', {class: 'completion ' + (c.accuracy > 0 ? 'good' : 'bad')}, el('div', {class: 'row soft'}, el('span', {}, `reward ${num(c.reward, 2)}`), el('span', {}, `accuracy ${c.accuracy}`), el('span', {}, `format ${num(c.format, 2)}`), el('span', {}, `advantage ${num(c.advantage, 2)}`), el('span', {}, `${c.tokens.length} tokens`)), tokens(c, 'completion ' + (k + 1), strongest)))));
    reach();
  };
  pick.addEventListener('change', () => show(+pick.value));
  root.append(el('div', {class: 'card'}, pick, view)); show(data.samples.length - 1); pick.value = data.samples.length - 1;
}
function heldOut() {
  if (!data.held_out || !data.held_out.length) return;
  const root = section('Held-out questions while it learned', `The same ${data.held_out.length > 1 ? 'questions' : 'question'} at different steps. ${answersAre}`);
  for (const h of data.held_out) {
    const card = el('div', {class: 'card', style: 'margin-bottom:12px'}, strip(h.frames), el('div', {class: 'mono', style: 'white-space:pre-wrap'}, h.question), el('p', {}, 'Answer: ', el('b', {}, letter(h.answer))));
    for (const a of h.answers) card.append(el('div', {class: 'completion ' + (a.correct ? 'good' : 'bad')}, el('div', {class: 'row soft'}, el('span', {}, a.when), el('b', {}, verdict(a.correct))), el('div', {class: 'tokens'}, a.text)));
    root.append(card);
  }
}
function ablations() {
  if (!data.ablations || !data.ablations.length) return;
  const root = section('What each part is good for', 'The same base, the same seed, one thing changed. Seconds: training and evaluation.');
  const columns = [['variant'], ['accuracy', 'num'], [''], ['format', 'num'], ['length', 'num'], ['KL', 'num'], ['seconds', 'num']];
  const t = table(columns, data.ablations.map(a => [a.name, withInterval(a.accuracy, a.questions), bar(a.accuracy, .25), pct(a.format), num(a.mean_length, 1), num(a.kl, 3), num(a.seconds, 0)]));
  root.append(el('div', {class: 'card scroll'}, t), el('div', {class: 'grid', style: 'margin-top:12px'}, chart('Accuracy of the rollouts (smoothed)', data.ablations.map(a => ({name: a.name, points: smooth(a.accuracy_curve || [])})), {bounds: SHARE})));
}
function config() { section('Recipe', 'Every constant of this run.').append(folded(data.config)); }
head(); stages(); curves(); heldOut(); samples(); ablations(); config();
