// Draws an evaluation.
const share = s => s.questions ? `${pct(s.accuracy)} [${(100 * s.interval_95[0]).toFixed(1)}, ${(100 * s.interval_95[1]).toFixed(1)}]` : '–';
const r = data.results, p = r.settings.protocol;

function head() {
  main.append(el('h1', {}, data.title), el('p', {class: 'soft'}, `mode ${p.mode}, ${p.style}, ${p.frames} frames, at most ${p.max_new_tokens} new tokens, seed ${p.seed}, clips: ${p.control}`));
  const facts = el('div', {class: 'grid'});
  const add = (name, value, note) => facts.append(fact(name, value, note));
  add('Published figure', pct(r.headline), r.headline_is);
  add('Accuracy', share(r), `${r.right} of ${r.questions} right, 95 % Wilson interval; chance ${pct(r.chance)}`);
  add('No letter found', pct(r.parse_failure_rate), `${r.parse_failures} of ${r.asked} answers: ` + Object.entries(r.parse_failures_by_reason).map(([k, n]) => `${k} ${n}`).join(', '));
  add('Guessed', r.guessed, `${r.guessed_right} of them right`);
  add('Length', r.mean_tokens.toFixed(1), `tokens an answer; ${r.unfinished} did not end`);
  main.append(facts);
  if (r.not_shown.questions) {
    const s = section('Clips that could not be shown', `${r.not_shown.questions} questions, treated as: ${r.not_shown.treated}.`);
    s.append(el('details', {class: 'card'}, el('summary', {}, 'Which'), el('pre', {class: 'mono scroll'}, Object.entries(r.not_shown.reasons).map(([q, why]) => q + '  ' + why).join('\n'))));
  }
}
function kinds() {
  for (const [name, groups] of Object.entries(r.kinds)) {
    const columns = [[name], ['accuracy', 'num'], [''], ['right', 'num'], ['questions', 'num']];
    const t = table(columns, Object.entries(groups).map(([value, s]) => [value, share(s), bar(s.accuracy, r.chance), s.right, s.questions]));
    section('By ' + name).append(el('div', {class: 'card scroll'}, t));
  }
}
function answers() {
  if (!data.answers.length) return;
  const root = section('Answers', data.answers.length < r.asked ? `${data.answers.length} of ${r.asked}; all of them are in answers.jsonl.` : 'All of them.');
  const pick = el('select', {'aria-label': 'which answers'}), view = el('div');
  for (const [v, text] of [['all', 'all'], ['wrong', 'wrong'], ['right', 'right'], ['unparsed', 'without a letter']]) pick.append(el('option', {value: v}, text));
  const show = () => {
    const wanted = data.answers.filter(a => pick.value === 'all' || (pick.value === 'wrong' ? !a.correct : pick.value === 'right' ? a.correct : a.found !== 'letter'));
    view.replaceChildren(el('div', {}, wanted.map(a => el('div', {class: 'completion ' + (a.correct ? 'good' : 'bad')},
      el('div', {class: 'row soft'}, el('b', {}, verdict(a.correct)), el('span', {}, a.question), el('span', {}, a.clip), Object.values(a.kinds).map(k => el('span', {}, k))),
      el('div', {class: 'mono', style: 'white-space:pre-wrap'}, a.problem),
      el('p', {}, 'True: ', el('b', {}, a.truth), ', said: ', el('b', {}, a.letter || 'nothing'), a.guessed ? ' (guessed: ' + a.found + ')' : a.found === 'letter' ? '' : ' (' + a.found + ')'),
      el('div', {class: 'tokens'}, a.text)))));
  };
  pick.addEventListener('change', show);
  root.append(pick, view); show();
}
function settings() { section('Settings').append(folded(r.settings)); }
head(); kinds(); answers(); settings();
