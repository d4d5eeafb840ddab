// From the carrier's own log alone: what the daemon's reports must say. It shares no line with the daemon, and it does
// not read texts: the carrier wrote down what its citizen meant.
// node expect.mjs --log carrier.jsonl [--speed N] [--calls calls.jsonl] [--phones]
// The carrier sees phones, not cases: with one survey a phone the totals are those of `report force|units|officers --raw`.
// --calls (the calls as posted, one JSON a line) adds the rows per unit and per lead officer.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const grades = ['satisfied', 'basically_satisfied', 'dissatisfied'];
const weights = { satisfied: 1, basically_satisfied: 0.5, dissatisfied: 0 };
const half_hour = 30 * 60 * 1000;
const lines = file => readFileSync(file, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line));

// The rating that stands: within half an hour (on the daemon's clock, `speed` times ours) a worse one always counts, a better
// one only with words of correction; else the first.
function standing(answers, speed) {
  let first = null, now = null;
  for (const answer of answers.filter(line => grades.includes(line.means))) {
    const time = Date.parse(answer.time);
    if (!now) { first = time; now = answer; continue; }
    if ((time - first) * speed > half_hour) continue;
    const worse = grades.indexOf(answer.means) > grades.indexOf(now.means);
    const better = grades.indexOf(answer.means) < grades.indexOf(now.means);
    if (worse || (better && answer.correction)) now = answer;
  }
  return now;
}

export function perPhone(log, speed = 1) {
  const phones = new Map();
  for (const line of log) {
    if (!line.phone) continue;
    if (!phones.has(line.phone)) phones.set(line.phone, { phone: line.phone, surveys: [], others: 0, receipts: new Map(), answers: [] });
    const entry = phones.get(line.phone);
    if (line.kind === 'submit') line.survey ? entry.surveys.push(line) : entry.others++;
    if (line.kind === 'receipt') entry.receipts.set(line.id, line.status);
    if (line.kind === 'answer') entry.answers.push(line);
  }
  return [...phones.values()].sort((a, b) => a.phone < b.phone ? -1 : 1).map(entry => {
    const standingAnswer = standing(entry.answers, speed);
    const optedOut = entry.answers.find(line => line.means === 'opt_out');
    return {
      phone: entry.phone,
      surveys: entry.surveys.length,
      other_texts: entry.others,
      // A receipt or an answer proves that it arrived; a message in parts has one receipt for the whole of it or one each.
      delivered: entry.surveys.filter(survey => entry.answers.length > 0 || survey.ids.some(id => entry.receipts.get(id) === 'DELIVRD')).length,
      answers: entry.answers.length,
      rating: standingAnswer?.means ?? null,
      by: standingAnswer?.by ?? null,
      ambiguous: !standingAnswer && entry.answers.some(line => line.means === 'ambiguous'),
      opted_out: Boolean(optedOut),
      surveyed_after_opt_out: entry.surveys.some(survey => optedOut && survey.time > optedOut.time),
      emergency: entry.answers.some(line => line.means === 'emergency'),
    };
  });
}

function wilson(p, n, z = 1.96) {
  if (n === 0) return { low: null, high: null };
  const centre = (p + z * z / (2 * n)) / (1 + z * z / n);
  const half = z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
const round = x => x === null ? null : Math.round(x * 1e6) / 1e6;

// One row of `report … --raw`. Ratings by words alone count for units and the force; for an officer only once a person agreed.
export function row(phones, { wordsCount }) {
  const rated = phones.filter(entry => entry.rating && (wordsCount || entry.by === 'code'));
  const count = grade => rated.filter(entry => entry.rating === grade).length;
  const n = rated.length;
  const rate = n ? grades.reduce((sum, grade) => sum + weights[grade] * count(grade), 0) / n : null;
  const positive = n ? (count('satisfied') + count('basically_satisfied')) / n : null;
  const surveyed = phones.filter(entry => entry.surveys > 0);
  const sum = field => surveyed.reduce((total, entry) => total + entry[field], 0);
  return {
    sent: sum('surveys'), delivered: sum('delivered'), answered: surveyed.filter(entry => entry.answers > 0).length,
    satisfied: count('satisfied'), basically_satisfied: count('basically_satisfied'), dissatisfied: count('dissatisfied'),
    unconfirmed: phones.filter(entry => entry.rating && entry.by === 'words').length, ambiguous: phones.filter(entry => entry.ambiguous).length,
    n, rate: round(rate), wilson_low: round(n ? wilson(rate, n).low : null), wilson_high: round(n ? wilson(rate, n).high : null),
    satisfied_share: round(n ? count('satisfied') / n : null), positive_share: round(positive),
    positive_low: round(n ? wilson(positive, n).low : null), positive_high: round(n ? wilson(positive, n).high : null),
    dissatisfied_share: round(n ? count('dissatisfied') / n : null),
  };
}

// Rows by unit and lead officer, for phones with exactly one call that could be asked.
function rows(phones, calls) {
  const byPhone = new Map();
  for (const call of calls) byPhone.set(call.calling_line, [...(byPhone.get(call.calling_line) ?? []), call]);
  const unclear = [];
  const group = (key, wordsCount) => {
    const groups = new Map();
    for (const entry of phones) {
      const known = byPhone.get(entry.phone) ?? [];
      const names = new Set(known.map(key));
      if (names.size !== 1) { unclear.push(entry.phone); continue; }
      const [name] = names;
      groups.set(name, [...(groups.get(name) ?? []), entry]);
    }
    return [...groups].sort(([a], [b]) => String(a) < String(b) ? -1 : 1).map(([name, members]) => ({ name, ...row(members, { wordsCount }) }));
  };
  const lead = call => (call.officers?.find(officer => officer.role === 'lead') ?? null)?.badge ?? null;
  return { units: group(call => call.unit, true), officers: group(lead, false), unclear: [...new Set(unclear)] };
}

export function expected(log, { speed = 1, calls = null } = {}) {
  const phones = perPhone(log, speed);
  return {
    force: row(phones, { wordsCount: true }),
    officers_total: row(phones, { wordsCount: false }),
    opt_outs: phones.filter(entry => entry.opted_out).map(entry => entry.phone),
    emergencies: phones.filter(entry => entry.emergency).map(entry => entry.phone),
    // Must both be empty where each phone has one call.
    surveyed_twice: phones.filter(entry => entry.surveys > 1).map(entry => entry.phone),
    surveyed_after_opt_out: phones.filter(entry => entry.surveyed_after_opt_out).map(entry => entry.phone),
    ...(calls ? { rows: rows(phones, calls) } : {}),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values: option } = parseArgs({ options: { log: { type: 'string' }, speed: { type: 'string', default: '1' }, calls: { type: 'string' }, phones: { type: 'boolean', default: false } } });
  if (!option.log) { console.error('expect: --log FILE is needed'); process.exit(2); }
  const log = lines(option.log);
  if (option.phones) for (const entry of perPhone(log, Number(option.speed))) console.log(JSON.stringify(entry));
  else console.log(JSON.stringify(expected(log, { speed: Number(option.speed), calls: option.calls ? lines(option.calls) : null }), null, 2));
}
