// Whether the daemon knows what happened: its reports, books and stories beside what the carrier's log says.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expected } from './expect.mjs';
import { must, report } from './site.mjs';

const fields = ['answered', 'satisfied', 'basically_satisfied', 'dissatisfied', 'unconfirmed', 'ambiguous', 'n', 'delivered',
  'rate', 'wilson_low', 'wilson_high', 'satisfied_share', 'positive_share', 'positive_low', 'positive_high', 'dissatisfied_share'];

// A report's rows beside those made from the carrier's log. Who was never asked has zeros, and null for every rate.
function compareRows(name, rows, key, wanted, doubt, same) {
  const left = new Map(wanted.map(row => [row.name, row]));
  let unseen = 0;
  for (const row of rows) {
    const want = left.get(row[key]) ?? Object.fromEntries(fields.map((field, i) => [field, i < 8 ? 0 : null]));
    left.delete(row[key]);
    for (const field of fields) {
      const close = want[field] !== null && row[field] !== null && Math.abs(row[field] - want[field]) < 1e-5;
      if (!close) same(`${name} ${row[key]}: ${field}`, row[field], want[field]);
    }
    unseen += row.sent - (want.sent ?? 0);
  }
  same(`${name}: rows that are missing`, [...left.keys()], []);
  // What is in doubt counts as sent; here it never left, or a receipt would have settled it.
  same(`${name}: sent beyond what the carrier saw`, unseen, doubt);
}

// The story of each call: whoever is in doubt never got the text, and each word of an answer is in the store.
// What a link may bring again after it broke has no id to know it by: it is kept twice, and counted once.
async function compareStories({ calls, log, daemon, token, again, same }) {
  const once = texts => again ? [...new Set(texts)] : texts;
  const heard = new Map();
  for (const line of log.filter(one => one.kind === 'answer')) heard.set(line.phone, [...(heard.get(line.phone) ?? []), line.text].sort());
  const asked = new Set(log.filter(line => line.survey).map(line => line.phone));
  const read = async call => {
    const answer = await fetch(`http://127.0.0.1:${daemon.port}/v1/calls/${call.id}`, { headers: { authorization: `Bearer ${token}` } });
    const story = await answer.json();
    const survey = story.messages.find(message => message.purpose === 'survey');
    same(`${call.id}: answers`, once(story.inbound.map(one => one.text).sort()), heard.get(call.calling_line) ?? []);
    same(`${call.id}: ${survey.state}, asked`, asked.has(call.calling_line), !['in_doubt', 'cancelled'].includes(survey.state));
  };
  for (let i = 0; i < calls.length; i += 20) await Promise.all(calls.slice(i, i + 20).map(read));
}

export async function judge({ site, log, calls, book, speed, daemon, token, heard, desk, acknowledgements, same }) {
  const want = expected(log, { speed, calls });
  const range = ['--from', '2026-11-01', '--to', '2026-11-21', '--raw'];
  const doubt = book.in_doubt;
  const units = (await report(site, 'units', ...range)).rows;
  compareRows('officers', (await report(site, 'officers', ...range)).rows, 'officer', want.rows.officers, doubt, same);
  compareRows('units', units.filter(row => row.level === 'station'), 'unit', want.rows.units, doubt, same);
  compareRows('force', units.filter(row => row.level === 'force'), 'unit', [{ ...want.force, name: null }], doubt, same);
  await compareStories({ calls, log, daemon, token, again: heard.again, same });

  same('phones asked without an accepted call', want.rows.unclear, []);
  same('phones asked twice', want.surveyed_twice, []);
  same('phones asked after opting out', want.surveyed_after_opt_out, []);

  const answers = log.filter(line => line.kind === 'answer'), surveys = log.filter(line => line.survey);
  same('the books hold', book.holds, true);
  same('surveys in the books', book.surveyed, surveys.length + doubt);
  const between = (what, got, least, most) => { if (got < least || got > most) same(what, got, `${least} to ${most}`); };
  between('answers in the books', book.inbound, answers.length, answers.length + heard.again);
  same('answers that fit no survey or could not be read', book.unmatched + book.quarantined, 0);
  same('answers acknowledged', heard.answers, answers.length);

  between('opt-outs in the books', book.opt_out, want.opt_outs.length, want.opt_outs.length + heard.again);
  const optedOut = (await must(site, 'optout', 'list')).split('\n').filter(line => line.includes('  sms  ')).map(line => line.split(' ')[0]);
  same('opted out by SMS', optedOut.sort(), want.opt_outs.map(phone => `${phone.slice(0, 3)}****${phone.slice(7)}`).sort());

  const danger = answers.filter(line => line.means === 'emergency');
  same('emergencies', [want.emergencies.length, danger.length], [1, 1]);
  between('alarms', book.alarms, 1, 1 + heard.again);
  same('alarms at the desk', [...new Set(desk.knocks.map(({ alarm }) => `${alarm.phone} ${alarm.text}`))], danger.map(line => `${line.phone} ${line.text}`));
  const alarms = [...new Set(desk.knocks.map(({ alarm }) => alarm.alarm_id))];
  same('alarms acknowledged', [...new Set(acknowledgements)].sort(), alarms.sort());

  return { at_the_carrier: surveys.length, all_texts: log.filter(line => line.kind === 'submit').length, replies: answers.length, replies_in_parts: answers.filter(line => line.parts > 1).length,
    ratings: want.force.n, opt_outs: want.opt_outs.length, emergencies: danger.length, in_doubt: doubt, acknowledged: heard.all };
}

// Files in which one of these numbers can be read.
export function readable(places, phones) {
  const known = new Set(phones.filter(Boolean));
  const files = places.flatMap(place => statSync(place).isDirectory() ? readdirSync(place, { recursive: true }).map(name => path.join(place, name)) : [place]);
  const found = file => [...readFileSync(file, 'latin1').matchAll(/1[3-9]\d{9}/g)].some(([number]) => known.has(number));
  return files.filter(file => statSync(file).isFile() && found(file));
}
