// Shows that the peers work on this machine: a stub in the daemon's place asks for surveys through Kannel, and every
// receipt and every answer of the carrier's log must come back to it, exactly once and unharmed.
// node prove.mjs [--phones 60] [--seed 1] [--dir DIR] [--keep]   exit 0: all arrived; 1: what is missing; 77: Kannel or the npm package is not here
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { citizen } from './citizens.mjs';
import { expected, perPhone } from './expect.mjs';
import { installed, pause, startKannel } from './kannel.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values: option } = parseArgs({ options: { phones: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' }, dir: { type: 'string' }, keep: { type: 'boolean', default: false } } });
if (!installed()) { console.error('skipped: Kannel is not installed (apt-get install kannel)'); process.exit(77); }
if (!existsSync(path.join(here, 'node_modules/smpp'))) { console.error('skipped: npm ci in tests/scenario first'); process.exit(77); }

// Percent-decoded bytes by name: UCS-2 answers come as raw UTF-16BE, which no string decoder survives.
function fields(url) {
  const bytes = text => Buffer.from(text.replace(/\+/g, ' ').replace(/%([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1');
  const query = url.slice(url.indexOf('?') + 1);
  return Object.fromEntries(query.split('&').map(pair => { const at = pair.indexOf('='); return [pair.slice(0, at), bytes(pair.slice(at + 1))]; }));
}
function text(given) {
  if (!/^utf-16be$/i.test(given.charset.toString())) return given.text.toString('utf8');
  return Buffer.from(given.text).swap16().toString('utf16le');
}

const receipts = [], answers = new Map(), failedOnce = new Set();
let repeats = 0;
const stub = http.createServer((request, response) => {
  const given = fields(request.url);
  if (request.url.startsWith('/v1/hooks/kannel/stub-secret/dlr?')) {
    receipts.push({ ref: given.ref.toString(), type: Number(given.type), phone: given.from.toString() });
  } else if (request.url.startsWith('/v1/hooks/kannel/stub-secret/mo?')) {
    const id = given.id.toString();
    if (failedOnce.size === 0) {  // the first answer is refused once: Kannel must bring it again under the same id
      failedOnce.add(id);
      response.writeHead(500).end();
      return;
    }
    if (failedOnce.has(id)) repeats++;
    answers.set(id, { phone: given.from.toString().replace(/^\+86/, ''), to: given.to.toString(), text: text(given), coding: given.coding.toString() });
  } else {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200).end();
});
await new Promise(done => stub.listen(0, '127.0.0.1', done));
const hook = `http://127.0.0.1:${stub.address().port}/v1/hooks/kannel/stub-secret`;

if (option.dir) mkdirSync(option.dir, { recursive: true });
const dir = option.dir ?? mkdtempSync(path.join(os.tmpdir(), 'scenario-'));
const log = path.join(dir, 'carrier.jsonl');
const carrier = spawn(process.execPath, [path.join(here, 'carrier.mjs'), '--log', log, '--seed', option.seed], { stdio: ['ignore', 'pipe', 'inherit'] });
const carrierPort = await new Promise((done, fail) => {
  createInterface({ input: carrier.stdout }).once('line', line => done(JSON.parse(line).listening));
  carrier.once('exit', code => fail(new Error(`the carrier ended with ${code}`)));
});

let kannel = null;
const problems = [];
try {
  kannel = await startKannel({ dir: path.join(dir, 'kannel'), carrierPort, hookUrl: hook });
  const survey = '【XX公安】您好,您11月21日的报警已处理完毕。请回复数字评价民警工作:1满意 2基本满意 3不满意。紧急情况请拨110,回T退订';
  const long = survey + ' ' + '本次评价自愿、免费,'.repeat(6);  // two parts
  const phones = Array.from({ length: Number(option.phones) }, (_, i) => String(13800000000 + i * 7919));
  const send = (phone, body, ref) => new Promise((done, fail) => {
    const callback = `${hook}/dlr?ref=${ref}&type=%d&fid=%F&meta=%A&ts=%T&from=%p&to=%P`;
    const query = new URLSearchParams({ username: 'pj', password: 'pj', from: '106900110', to: phone, coding: '2', charset: 'UTF-8', text: body, 'dlr-mask': '31', 'dlr-url': callback });
    http.get(`http://127.0.0.1:${kannel.sendsms}/cgi-bin/sendsms?${query}`, answer => { answer.resume(); done(answer.statusCode); }).on('error', fail);
  });
  for (const [i, phone] of phones.entries()) {
    const status = await send(phone, i % 10 === 9 ? long : survey, `s${i}`);
    if (status !== 202) problems.push(`sendsms for ${phone}: HTTP ${status}`);
  }

  const records = () => existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line)) : [];
  const wanted = phones.map(phone => citizen(option.seed, phone).answers.length);
  const final = ref => receipts.some(receipt => receipt.ref === ref && [1, 2].includes(receipt.type));
  const complete = () => {
    const said = records().filter(line => line.kind === 'answer').length;
    return said >= wanted.slice(1).reduce((sum, count) => sum + count, 1) && answers.size >= said && phones.every((_, i) => final(`s${i}`));
  };
  for (const end = Date.now() + 60000; Date.now() < end && !complete(); await pause(200));
  await pause(500);  // long enough for one too many to show itself

  const lines = records();
  phones.forEach((phone, i) => {
    if (!final(`s${i}`)) problems.push(`no final receipt for ${phone}`);
    const want = i > 0 && citizen(option.seed, phone).rule === 'undeliverable' ? 2 : 1;
    const types = receipts.filter(receipt => receipt.ref === `s${i}` && [1, 2].includes(receipt.type)).map(receipt => receipt.type);
    if (types.some(type => type !== want)) problems.push(`receipts of ${phone}: ${types}`);
  });
  const spoken = lines.filter(line => line.kind === 'answer').map(line => `${line.phone} ${line.dest} ${line.text}`).sort();
  const heard = [...answers.values()].map(answer => `${answer.phone} ${answer.to} ${answer.text}`).sort();
  for (const one of spoken) if (!heard.includes(one)) problems.push(`lost: ${one}`);
  if (spoken.length !== heard.length) problems.push(`${spoken.length} answers went out, ${heard.length} arrived`);
  if (repeats !== 1) problems.push(`the refused answer came again ${repeats} times`);
  const submits = lines.filter(line => line.kind === 'submit');
  if (submits.length !== phones.length) problems.push(`${submits.length} messages reached the carrier, ${phones.length} were sent`);
  for (const line of submits) if (line.text !== survey && line.text !== long) problems.push(`text changed on the way: ${line.text}`);
  const outcome = expected(lines);
  if (outcome.emergencies.length !== 1) problems.push(`${outcome.emergencies.length} emergencies`);
  if (outcome.surveyed_twice.length) problems.push('a phone was surveyed twice');

  const twoPart = submits.filter(line => line.parts > 1).length, longAnswers = lines.filter(line => line.kind === 'answer' && line.parts > 1).length;
  console.log(JSON.stringify({ sent: submits.length, in_parts: twoPart, receipts: receipts.length, answers: heard.length, long_answers: longAnswers, opt_outs: outcome.opt_outs.length,
    emergencies: outcome.emergencies.length, silent: perPhone(lines).filter(entry => entry.answers === 0).length, expected: outcome.force }));
} catch (problem) {
  problems.push(String(problem.stack ?? problem));
} finally {
  await kannel?.stop();
  carrier.removeAllListeners('exit');
  if (carrier.exitCode === null) { carrier.kill('SIGTERM'); await new Promise(done => carrier.once('exit', done)); }
  stub.close();
  stub.closeAllConnections();
}
for (const problem of problems) console.error(problem);
if (problems.length === 0 && !option.dir && !option.keep) rmSync(dir, { recursive: true });
else console.error(`logs: ${dir}`);
console.log(problems.length ? 'FAILED' : 'ok');
process.exit(problems.length ? 1 : 0);
