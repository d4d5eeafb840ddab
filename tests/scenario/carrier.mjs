// A short message centre (SMPP 3.4) on a loopback port. It knows only what a carrier can know: phones and texts.
// node carrier.mjs --port 0 --log carrier.jsonl [--system-id ID --password SECRET] [--seed S] [--receipt-after MS] [--answer-after MS] [--again-after MS]
// First line on stdout: {"listening":PORT}. SIGTERM ends it.
// Log lines: {"time","kind","phone","text",…}; kind = submit | receipt | answer | refused.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import smpp from 'smpp';
import { citizen, emergency, hash, isSurvey } from './citizens.mjs';

const { values: option } = parseArgs({ options: {
  port: { type: 'string', default: '0' }, log: { type: 'string' }, 'system-id': { type: 'string', default: 'pingjing' }, password: { type: 'string', default: 'secret' },
  seed: { type: 'string', default: '1' }, 'receipt-after': { type: 'string', default: '100' }, 'answer-after': { type: 'string', default: '400' }, 'again-after': { type: 'string', default: '1500' },
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

function deliver(pdu) {
  const session = [...sessions].find(bound => bound.receives && bound.socket.writable);
  if (!session) { waiting.push(pdu); return; }
  // Not acknowledged by the time the link breaks: the carrier keeps it and tries again on the next link.
  const unanswered = session.unanswered;
  unanswered.add(pdu);
  session.deliver_sm(pdu, response => {
    unanswered.delete(pdu);
    if (response.command_status !== 0) later(1000, () => deliver(pdu));
  });
}

function stamp() {
  return new Date().toISOString().replace(/[-T:]/g, '').slice(2, 12);
}

function sendReceipt(submit, id, status) {
  const error = status === 'DELIVRD' ? '000' : '001';
  log({ kind: 'receipt', phone: submit.phone, text: '', id, status });
  deliver({ source_addr: submit.phone, destination_addr: submit.source, esm_class: 0x04, data_coding: 0,
    short_message: `id:${id} sub:001 dlvrd:${status === 'DELIVRD' ? '001' : '000'} submit date:${stamp()} done date:${stamp()} stat:${status} err:${error} text:` });
}

// As a handset does it: GSM-7 where the text allows, else UCS-2 in parts of 67 with a header.
function sendAnswer(submit, answer) {
  // Some networks write the number with its country: Kannel then hands over +86….
  const abroad = /^1[3-9]\d{9}$/.test(submit.phone) && hash(option.seed, submit.phone, 'number') % 3 === 0;
  const address = { source_addr: abroad ? `86${submit.phone}` : submit.phone, source_addr_ton: abroad ? 1 : 0, source_addr_npi: 1, destination_addr: submit.source };
  const plain = /^[\x20-\x5f a-z]*$/.test(answer.text);
  const texts = answer.text.length <= 70 ? [answer.text] : answer.text.match(/[^]{1,67}/g);
  const reference = hash(option.seed, submit.phone, answer.text) & 0xff;
  log({ kind: 'answer', phone: submit.phone, dest: submit.source, text: answer.text, means: answer.means, by: answer.by ?? 'code', correction: answer.correction ?? false, parts: texts.length });
  texts.forEach((text, i) => {
    const body = plain ? text : Buffer.from(text, 'utf16le').swap16();
    const header = Buffer.from([5, 0, 3, reference, texts.length, i + 1]);
    deliver({ ...address, data_coding: plain ? 0 : 8, esm_class: 0, short_message: texts.length === 1 ? body : { udh: header, message: body } });
  });
}

function take(pdu, id) {
  const message = join(pdu, id);
  if (!message) return;
  const submit = { phone: pdu.destination_addr.replace(/^\+/, ''), source: pdu.source_addr };
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
    const id = String(nextId++).padStart(10, '0');
    session.send(pdu.response({ message_id: id }));
    take(pdu, id);
  });
  session.on('enquire_link', pdu => session.send(pdu.response()));
  session.on('unbind', pdu => { session.send(pdu.response()); session.close(); });
  session.on('error', () => session.destroy());
  session.on('close', () => {
    sessions.delete(session);
    const left = [...session.unanswered];
    session.unanswered.clear();
    left.forEach(deliver);
  });
});
server.on('error', problem => { console.error(`carrier: ${problem.message}`); process.exit(1); });
server.listen(Number(option.port), '127.0.0.1', () => console.log(JSON.stringify({ listening: server.address().port })));
process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => process.exit(0));
