// A day of a 110 system through everything that is real: the program, Debian's Kannel, SMPP, a carrier on npm's smpp, citizens
// who answer by rule. In the end the reports must say what expect.mjs computes from the carrier's log alone.
// node day.mjs --program PINGJING [--link kannel|smpp [--rough]] [--data ../data/day1] [--kills N] [--speed 60] [--seed 1] [--dir DIR] [--keep]
// --link smpp: without Kannel, the program speaks SMPP to the carrier itself; --rough: which is then at its worst.
// exit 0: all as expected; 1: what is not; 77: Kannel or npm's package cannot be had here (in CI that is a failure too)
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hash } from './citizens.mjs';
import { startDesk } from './desk.mjs';
import { judge, readable } from './judge.mjs';
import { freePort, installed, pause, startKannel } from './kannel.mjs';
import { startRelay } from './relay.mjs';
import { kannelAccount, kannelChannel, makeSite, must, readCalls, report, run, serve, smppChannel } from './site.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values: option } = parseArgs({ options: {
  program: { type: 'string' }, data: { type: 'string', default: path.join(here, '../data/day1') }, kills: { type: 'string', default: '0' },
  speed: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' }, dir: { type: 'string' }, keep: { type: 'boolean', default: false },
  link: { type: 'string', default: 'kannel' }, rough: { type: 'boolean', default: false },
} });
if (!option.program) { console.error('day: --program is needed'); process.exit(2); }
const kills = Number(option.kills), speed = Number(option.speed), direct = option.link === 'smpp', rough = direct && option.rough;

function skip(why) {
  console.error(`skipped: ${why}`);
  process.exit(process.env.CI === 'true' ? 1 : 77);
}
if (!direct && !installed()) skip('Kannel is not installed (apt-get install kannel)');
if (!existsSync(path.join(here, 'node_modules/smpp'))) {
  try {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--fetch-retries=1'], { cwd: here, stdio: ['ignore', 'ignore', 'pipe'], timeout: 60000 });
  } catch (problem) {
    // No npm or no way to a registry is nobody's mistake; a lock file that does not fit is.
    const said = String(problem.stderr ?? '');
    if (['ENOENT', 'ETIMEDOUT'].includes(problem.code) || /ECONN|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH/.test(said)) skip('npm ci in tests/scenario cannot fetch');
    console.error(said);
    process.exit(1);
  }
}

const started = Date.now();
if (option.dir) mkdirSync(option.dir, { recursive: true });
const dir = option.dir ?? mkdtempSync(path.join(os.tmpdir(), 'day-'));
const carrierLog = path.join(dir, 'carrier.jsonl');
const problems = [];
const same = (what, got, want) => { if (JSON.stringify(got) !== JSON.stringify(want)) problems.push(`${what}: ${JSON.stringify(got)}, expected ${JSON.stringify(want)}`); };
const spoken = () => existsSync(carrierLog) ? readFileSync(carrierLog, 'utf8').split('\n').slice(0, -1).map(line => JSON.parse(line)) : [];

const hookSecret = randomBytes(16).toString('hex');
let site, daemon, token, kannel, figures = {};
const acknowledgements = [];
const desk = await startDesk(async alarm => {
  // As a person at the desk would: again until it is taken.
  for (;; await pause(200)) {
    const answer = await fetch(`http://127.0.0.1:${daemon.port}/v1/desk/${alarm.alarm_id}/ack`, { method: 'POST', headers: { authorization: `Bearer ${token}` } }).catch(() => null);
    if (answer?.ok) { acknowledgements.push(alarm.alarm_id); return; }
  }
});
const relay = await startRelay();

// Two answers of one citizen have eight seconds between them where we kill: one that found the door shut has come again by then.
const carrier = spawn(process.execPath, [path.join(here, 'carrier.mjs'), '--log', carrierLog, '--seed', option.seed, '--again-after', kills ? '8000' : '2000', ...rough ? ['--rough'] : []],
  { stdio: ['ignore', 'pipe', 'inherit'] });
const carrierPort = await new Promise((done, fail) => {
  createInterface({ input: carrier.stdout }).once('line', line => done(JSON.parse(line).listening));
  carrier.once('exit', code => fail(new Error(`the carrier ended with ${code}`)));
});

async function stopAll() {
  if (daemon && daemon.child.exitCode === null && daemon.child.signalCode === null) { daemon.child.kill('SIGTERM'); await daemon.ended; }
  await kannel?.stop();
  carrier.removeAllListeners('exit');
  if (carrier.exitCode === null) { carrier.kill('SIGTERM'); await new Promise(done => carrier.once('exit', done)); }
  relay.stop();
  desk.stop();
}
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, async () => { await stopAll(); process.exit(1); });

async function start() {
  daemon = await serve(site);
  relay.lead(daemon.port);
}

async function killAndStart(i) {
  relay.lead(null);
  daemon.child.kill('SIGKILL');
  const how = await daemon.ended;
  if (how !== 'SIGKILL') throw new Error(`before kill ${i} the daemon ended with ${how}`);
  await pause(hash(option.seed, String(i), 'down') % 800);  // long enough for answers and receipts to find nobody
  await start();
  return daemon.recovered;
}

// → the lines of the calls that are to be asked. Where we kill, the first time is while they come in: what was said yes to by
// then must be known afterwards, and the file can be given again.
async function takeCalls(file) {
  const rows = out => out.split('\n').slice(1).filter(Boolean).map(line => line.split(',')).map(([line, id, outcome]) => [Number(line), outcome, id]);
  const would = rows(await must(site, 'import', '--dry-run', file));
  let told = [];
  if (kills) {
    const cutShort = run(site, 'import', file);
    await pause(30 + hash(option.seed, '0', 'kill') % 150);
    await killAndStart(0);
    told = rows((await cutShort).out);
  }
  const again = rows(await must(site, 'import', file));
  const now = new Map(again);
  // A call that stands in the file twice goes back to its first words and forth again.
  const times = new Map();
  for (const [, , id] of again) times.set(id, (times.get(id) ?? 0) + 1);
  for (const [line, outcome, id] of told)
    if (outcome === 'accepted' && times.get(id) === 1 && now.get(line) !== 'unchanged') problems.push(`${file}:${line} was accepted, then killed, now it is ${now.get(line)}`);
  return new Set(would.filter(([, outcome]) => outcome === 'accepted').map(([line]) => line));
}

// The messages whose last receipt the daemon has taken.
function reported() {
  if (direct) {
    const taken = new Set(spoken().filter(line => line.kind === 'taken').map(line => line.id));
    return spoken().filter(line => line.kind === 'submit' && line.ids.every(id => taken.has(`r${id}`))).length;
  }
  const finals = relay.answers.filter(one => one.status < 300 && /\/dlr\?.*&type=[12]&/.test(one.url));
  return new Set(finals.map(one => /[?&]ref=([^&]*)/.exec(one.url)[1])).size;
}

// Which answers were acknowledged, by what tells them apart; and how often one came that may have been kept before.
function heardByKannel({ answers }) {
  const taken = answers.filter(one => one.status >= 200 && one.status < 300 && one.url.includes('/mo?'));
  return { answers: new Set(taken.map(one => new URL(one.url, 'http://relay').searchParams.get('id'))).size, again: 0, all: answers.filter(one => one.status < 300).length };
}
function heardBySmpp(log) {
  const taken = log.filter(line => line.kind === 'taken'), whole = id => id.replace(/#\d+$/, '');
  const answers = new Set(taken.filter(line => line.id.startsWith('a')).map(line => whole(line.id)));
  return { answers: answers.size, again: log.filter(line => line.kind === 'again' && line.id.startsWith('a')).length, all: taken.length };
}

// Nothing is due, under way or unheard: by the program's own words, and because the carrier has nothing more to say.
async function quiet(limit) {
  let before = -1, book;
  for (const end = Date.now() + limit; Date.now() < end; await pause(1000)) {
    book = await report(site, 'balance');
    const status = await must(site, 'status');
    const lines = spoken(), said = lines.filter(line => line.kind === 'answer').length;
    const still = lines.length === before && reported() === lines.filter(line => line.kind === 'submit').length && said === lines.reduce((sum, line) => sum + (line.will_answer ?? 0), 0);
    before = lines.length;
    if (still && book.waiting === 0 && book.pending === 0 && book.inbound >= said && / 0 due, \d+ later, 0 held, 0 being sent/.test(status) && /unread texts +0/.test(status)) return book;
  }
  problems.push(`after ${limit / 1000} s there is still something under way: ${JSON.stringify(book)}`);
  return book;
}

try {
  if (!direct) {
    kannel = await startKannel({ dir: path.join(dir, 'kannel'), carrierPort, ...kannelAccount, sendsmsPort: await freePort(), retryDelay: 1, times: false,
      hookUrl: `http://127.0.0.1:${relay.port}/v1/hooks/kannel/${hookSecret}` });
  }
  const channel = !direct ? kannelChannel({ sendsmsPort: kannel.sendsms, tps: 60 })
    : smppChannel({ port: carrierPort, tps: 60, more: rough ? 'links = 2\nresponse_timeout = "2s"\nsubmit_timeout = "7s"\n' : '' });
  // Eight minutes before surveys may go out; they are spread over half an hour: half a minute of ours.
  site = makeSite({ dir: path.join(dir, 'site'), data: option.data, program: path.resolve(option.program), clock: `2026-11-21T07:52:00+08:00x${speed}`, deskUrl: desk.url, channel,
    publicUrl: direct ? '' : `http://127.0.0.1:${relay.port}`, secrets: direct ? { 'smpp.password': 'secret' } : { 'kannel.password': kannelAccount.password, 'kannel.hook': hookSecret } });
  const data = file => path.join(site.dir, file);

  await must(site, 'init');
  await must(site, 'optout', 'import', data('opted_out.txt'));
  await start();
  token = (await must(site, 'token', 'create', '--scope', 'desk,inspect,report', '--name', 'scenario')).trim();
  const accepted = await takeCalls(data('calls.csv'));
  const calls = readCalls(data('calls.csv')).filter(call => accepted.has(call.line));

  let recovered = 0;
  if (kills) {
    while (!spoken().some(line => line.survey)) await pause(50);
    for (let i = 1; i < kills; i++) {
      await pause(1500 + hash(option.seed, String(i), 'kill') % 1000);
      recovered += await killAndStart(i);
    }
  }
  const book = await quiet(120000);

  const log = spoken();
  const counted = await judge({ site, log, calls, book, speed, daemon, token, heard: direct ? heardBySmpp(log) : heardByKannel(relay), desk, acknowledgements, same });
  if (kills === 0 && !rough) same('in doubt', book.in_doubt, 0);
  // A kill between the desk's yes and our note of it brings the same alarm again.
  if (kills === 0) same('deliveries to the desk', desk.knocks.map(knock => knock.status), [503, 200]);
  const shut = direct ? { said_again: log.filter(line => line.kind === 'again').length } : relay.refused();
  if (kills > 0 && (recovered === 0 || (!rough && Object.values(shut)[0] === 0))) problems.push(`the kills hit nothing: ${recovered} texts under way, ${JSON.stringify(shut)}`);
  const faults = {};
  for (const line of log.filter(one => one.kind === 'fault')) faults[line.what] = (faults[line.what] ?? 0) + 1;
  if (rough) same('kinds of faults', Object.keys(faults).length, 7);

  const verified = await run(site, 'verify');
  same('verify beside the daemon', [verified.code, verified.out.startsWith('ok: ')], [0, true]);
  const usage = readFileSync(`/proc/${daemon.child.pid}/status`, 'utf8'), ticks = readFileSync(`/proc/${daemon.child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  daemon.child.kill('SIGTERM');
  same('the daemon ends', await daemon.ended, 0);
  relay.lead(null);
  const resting = await run(site, 'verify');
  same('verify without it', [resting.code, resting.out.startsWith('ok: ')], [0, true]);
  same('the books hold without it', (await report(site, 'balance')).holds, true);

  readable([data('serve.log'), data('state')], log.map(line => line.phone)).forEach(file => problems.push(`a number stands in clear in ${file}`));

  figures = { calls_accepted: accepted.size, surveys: book.surveyed, ...counted, kills, in_doubt_after_starts: recovered, ...shut, ...rough ? { faults } : {},
    peak_rss_mib: Math.round(Number(/VmHWM:\s+(\d+)/.exec(usage)[1]) / 1024), cpu_s: (Number(ticks[11]) + Number(ticks[12])) / 100 };
} catch (problem) {
  problems.push(String(problem.stack ?? problem));
}
await stopAll();
writeFileSync(path.join(dir, 'relay.jsonl'), relay.answers.map(one => JSON.stringify(one) + '\n').join(''));
for (const problem of problems.slice(0, 40)) console.error(problem);
if (problems.length > 40) console.error(`… and ${problems.length - 40} more`);
console.log(JSON.stringify({ ...figures, seconds: Math.round((Date.now() - started) / 1000) }));
if (problems.length === 0 && !option.dir && !option.keep) rmSync(dir, { recursive: true });
else console.error(`logs: ${dir}`);
console.log(problems.length ? 'FAILED' : 'ok');
process.exit(problems.length ? 1 : 0);
