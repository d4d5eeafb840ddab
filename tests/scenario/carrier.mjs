// A short message centre (SMPP 3.4) on a loopback port. It knows only what a carrier can know: phones and texts.
// node carrier.mjs --port 0 --log carrier.jsonl [--system-id ID --password SECRET] [--seed S] [--receipt-after MS] [--answer-after MS] [--again-after MS]
// First line on stdout: {"listening":PORT}. SIGTERM ends it.
// Log lines: {"time","kind","phone","text",…}; kind = submit | receipt | answer | refused | taken (a delivery, by its id) | again | fault.
// --rough: a centre at its worst. It throttles, forgets to answer, answers late, hangs up before and after it took a text, writes ids
// in one base and reports them in another, cuts texts in every way there is, says things twice and in the wrong order, and talks rubbish.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import smpp from 'smpp';
import { citizen, emergency, hash, isSurvey } from './citizens.mjs';

const { values: option } = parseArgs({ options: {
  port: { type: 'string', default: '0' }, log: { type: 'string' }, 'system-id': { type: 'string', default: 'pingjing' }, password: { type: 'string', default: 'secret' },
  seed: { type: 'string', default: '1' }, 'receipt-after': { type: 'string', default: '100' }, 'answer-after': { type: 'string', default: '400' }, 'again-after': { type: 'string', default: '1500' },
  rough: { type: 'boolean', default: false },
} });
if (!option.log) { console.error('carrier: --log FILE is needed'); process.exit(2); }

const sessions = new Set();
const parts = new Map();     // phone/source/reference → texts by number
const waiting = [];          // deliver_sm for which nobody is bound yet
let nextId = 1;
// A restarted carrier goes on where its log ends.
const before = existsSync(option.log) ? readFileSync(option.log, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line)) : [];
let hadEmergency = before.some(line => line.means === 'emergency');
for (const line of before) for (const id of line.ids ?? []) nextId = Math.max(nextId, Number(id) + 1);

const log = line => appendFileSync(option.log, JSON.stringify({ time: new Date().toISOString(), ...line }) + '\n');
const later = (ms, work) => setTimeout(work, ms);

function concatenation(pdu) {
  for (const element of pdu.short_message?.udh ?? []) {
    if (element[0] === 0x00 && element[1] === 3) return { ref: element[2], total: element[3], number: element[4] };
    if (element[0] === 0x08 && element[1] === 4) return { ref: element.readUInt16BE(2), total: element[4], number: element[5] };
  }
  return pdu.sar_msg_ref_num === undefined ? null : { ref: pdu.sar_msg_ref_num, total: pdu.sar_total_segments, number: pdu.sar_segment_seqnum };
}

// The whole message once its last part is here, else null.
function join(pdu, id) {
  const body = pdu.message_payload?.message ?? pdu.short_message?.message ?? '';
  const place = concatenation(pdu);
  const asksReceipt = (pdu.registered_delivery & 1) === 1;
  if (!place) return { text: body, ids: [id], receipts: asksReceipt ? [id] : [] };
  const key = `${pdu.destination_addr}/${pdu.source_addr}/${place.ref}/${place.total}`;
  const seen = parts.get(key) ?? new Map();
  seen.set(place.number, { body, id, asksReceipt });
  parts.set(key, seen);
  if (seen.size < place.total) return null;
  parts.delete(key);
  const all = [...seen.keys()].sort((a, b) => a - b).map(number => seen.get(number));
  return { text: all.map(part => part.body).join(''), ids: all.map(part => part.id), receipts: all.filter(part => part.asksReceipt).map(part => part.id) };
}

// What is told apart by its number alone: every so many of them, each fault has its turn.
const each = (n, every, offset) => option.rough && n % every === offset;

function deliver(pdu) {
  const session = [...sessions].find(bound => bound.receives && bound.socket.writable);
  if (!session) { waiting.push(pdu); return; }
  // Not acknowledged by the time the link breaks: the carrier keeps it and tries again on the next link.
  const unanswered = session.unanswered;
  unanswered.add(pdu);
  session.deliver_sm({ ...pdu, about: undefined }, response => {
    unanswered.delete(pdu);
    if (response.command_status !== 0) {
      if (pdu.about) log({ kind: 'again', phone: '', text: '', id: pdu.about });
      later(1000, () => deliver(pdu));
    } else if (pdu.about) log({ kind: 'taken', phone: '', text: '', id: pdu.about });
  });
}

function stamp() {
  return new Date().toISOString().replace(/[-T:]/g, '').slice(2, 12);
}

// The spellings of fact: as answered; in decimal where the answer was in hexadecimal; in capitals; by fields alone.
function sendReceipt(submit, id, status) {
  const error = status === 'DELIVRD' ? '000' : '001', way = option.rough ? Number(id) % 5 : 0, number = Number(id);
  log({ kind: 'receipt', phone: submit.phone, text: '', id, status });
  const words = shown => `id:${shown} sub:001 dlvrd:${status === 'DELIVRD' ? '001' : '000'} submit date:${stamp()} done date:${stamp()} stat:${status} err:${error} text:`;
  const report = { about: `r${id}`, source_addr: submit.phone, destination_addr: submit.source, esm_class: 0x04, data_coding: 0, short_message: words(id) };
  if (way === 2) report.short_message = words(number.toString(16).toUpperCase());
  if (way === 3) Object.assign(report, { short_message: '', receipted_message_id: answeredId(id), message_state: status === 'DELIVRD' ? 2 : 5 });
  if (way === 4) report.short_message = `ID:${id} Done_Date:${stamp()} stat:${status} Text:stat:UNDELIV`;
  deliver(report);
  if (each(number, 7, 2)) later(300, () => deliver(report));
}

// What submit_sm_resp says of the message that is `id` in our log.
function answeredId(id) {
  const way = option.rough ? Number(id) % 5 : 0;
  return way === 1 || way === 2 ? Number(id).toString(16) : id;
}

// As a handset does it: GSM-7 where the text allows, else UCS-2 in parts of 67 with a header.
function sendAnswer(submit, answer) {
  // Some networks write the number with its country: Kannel then hands over +86….
  const abroad = /^1[3-9]\d{9}$/.test(submit.phone) && hash(option.seed, submit.phone, 'number') % 3 === 0;
  const address = { source_addr: abroad ? `86${submit.phone}` : submit.phone, source_addr_ton: abroad ? 1 : 0, source_addr_npi: 1, destination_addr: submit.source };
  const plain = /^[\x20-\x5f a-z]*$/.test(answer.text);
  const way = option.rough ? hash(option.seed, submit.phone, 'cut') % 4 : 0;
  const texts = answer.text.length <= 70 ? [answer.text] : way === 3 ? [answer.text] : answer.text.match(way === 1 ? /[^]{1,66}/g : /[^]{1,67}/g);
  const reference = hash(option.seed, submit.phone, answer.text) & 0xff, about = `a${submit.phone}/${answer.text}`;
  log({ kind: 'answer', phone: submit.phone, dest: submit.source, text: answer.text, means: answer.means, by: answer.by ?? 'code', correction: answer.correction ?? false, parts: texts.length });
  const pdus = texts.map((text, i) => {
    const body = plain ? text : Buffer.from(text, 'utf16le').swap16();
    const base = { ...address, about: texts.length === 1 ? about : `${about}#${i}`, data_coding: plain ? 0 : 8, esm_class: 0 };
    if (answer.text.length <= 70) return { ...base, short_message: body };
    if (way === 3) return { ...base, short_message: '', message_payload: body };
    if (way === 2) return { ...base, short_message: body, sar_msg_ref_num: reference, sar_total_segments: texts.length, sar_segment_seqnum: i + 1 };
    const header = way === 1 ? [6, 8, 4, 0x1a, reference, texts.length, i + 1] : [5, 0, 3, reference, texts.length, i + 1];
    return { ...base, short_message: { udh: Buffer.from(header), message: body } };
  });
  if (option.rough && texts.length > 1) {
    pdus.reverse().push(pdus[1]);  // the last first, and one of them twice
    pdus.forEach((pdu, i) => later(i * 200, () => deliver(pdu)));
  } else pdus.forEach(deliver);
}

function take(pdu, id) {
  const message = join(pdu, id);
  if (!message) return;
  const submit = { phone: pdu.destination_addr.replace(/^\+?(86)?(?=1[3-9]\d{9}$)/, ''), source: pdu.source_addr };
  const survey = isSurvey(message.text);
  let who = citizen(option.seed, submit.phone);
  if (survey && !hadEmergency) { hadEmergency = true; who = emergency; }
  log({ kind: 'submit', phone: submit.phone, source: submit.source, text: message.text, ids: message.ids, survey, parts: message.ids.length, will_answer: survey ? who.answers.length : 0 });

  const status = who.rule === 'undeliverable' ? 'UNDELIV' : 'DELIVRD';
  later(Number(option['receipt-after']), () => message.receipts.forEach(part => sendReceipt(submit, part, status)));
  if (!survey) return;
  who.answers.forEach((answer, i) => later(Number(option['answer-after']) + i * Number(option['again-after']), () => sendAnswer(submit, answer)));
}

function bind(session, pdu, receives) {
  if (pdu.system_id !== option['system-id'] || pdu.password !== option.password) {
    log({ kind: 'refused', phone: '', text: '', why: 'bind' });
    session.send(pdu.response({ command_status: smpp.ESME_RBINDFAIL }));
    session.close();
    return;
  }
  session.send(pdu.response({ system_id: 'carrier' }));
  session.bound = true;
  session.receives = receives;
  sessions.add(session);
  if (receives) for (const pending of waiting.splice(0)) deliver(pending);
}

const server = smpp.createServer(session => {
  session.unanswered = new Set();
  session.on('bind_transceiver', pdu => bind(session, pdu, true));
  session.on('bind_receiver', pdu => bind(session, pdu, true));
  session.on('bind_transmitter', pdu => bind(session, pdu, false));
  session.on('submit_sm', pdu => {
    if (!session.bound) { session.send(pdu.response({ command_status: smpp.ESME_RINVBNDSTS })); return; }
    const id = String(nextId++).padStart(10, '0'), n = Number(id), fault = what => log({ kind: 'fault', phone: '', text: '', what, id });
    if (each(n, 43, 3)) { fault('throttled'); session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED })); return; }
    if (each(n, 97, 50)) { fault('hung up before it was taken'); session.destroy(); return; }
    if (each(n, 97, 20)) { fault('hung up after it was taken'); take(pdu, id); session.destroy(); return; }
    if (each(n, 89, 40)) { fault('half a PDU'); session.socket.write(Buffer.from('000000400000000500000000000000', 'hex')); session.destroy(); return; }
    if (each(n, 31, 7)) { fault('no answer'); take(pdu, id); return; }
    if (each(n, 31, 17)) { fault('a late answer'); take(pdu, id); later(4000, () => { if (session.socket.writable) session.send(pdu.response({ message_id: answeredId(id) })); }); return; }
    if (each(n, 13, 5)) { fault('a receipt before the answer'); take(pdu, id); later(Number(option['receipt-after']) + 200, () => session.send(pdu.response({ message_id: answeredId(id) }))); return; }
    // What nobody can read, under numbers that none of our own deliveries has: an answer to it answers nothing else.
    if (each(n, 17, 9)) session.socket.write(Buffer.from('0000001000000110000000007ffffff0' + '0000001400000005000000007ffffff141424344' + '000000108000000f00000000ffffffff', 'hex'));
    session.send(pdu.response({ message_id: answeredId(id) }));
    take(pdu, id);
  });
  session.on('enquire_link', pdu => session.send(pdu.response()));
  session.on('unbind', pdu => { session.send(pdu.response()); session.close(); });
  session.on('error', () => session.destroy());
  session.on('close', () => {
    sessions.delete(session);
    const left = [...session.unanswered];
    session.unanswered.clear();
    for (const pdu of left) {
      if (pdu.about) log({ kind: 'again', phone: '', text: '', id: pdu.about });
      deliver(pdu);
    }
  });
});
server.on('error', problem => { console.error(`carrier: ${problem.message}`); process.exit(1); });
server.listen(Number(option.port), '127.0.0.1', () => console.log(JSON.stringify({ listening: server.address().port })));
process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => process.exit(0));
