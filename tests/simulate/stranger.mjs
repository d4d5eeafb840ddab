// A client that is not ours, on npm's smpp: sends texts to the simulator, plain, in parts and as a payload, and collects what comes back.
// node stranger.mjs PORT COUNT   prints {"ids":{phone:[id…]},"reports":[…],"answers":[{from,to,text}…],"statuses":[…]} when all is there.
import smpp from 'smpp';

const [port, count] = process.argv.slice(2).map(Number);
const ids = {}, reports = [], answers = [], statuses = [], parts = new Map();
let waiting = 0;

const textOf = pdu => {
  const body = pdu.short_message?.message ?? '';
  const raw = body.length ? body : pdu.message_payload?.message ?? '';
  return typeof raw === 'string' ? raw : Buffer.from(raw).swap16().toString('utf16le');
};

function take(pdu) {
  if ((pdu.esm_class & 0x3c) !== 0) {
    reports.push(textOf(pdu));
    return;
  }
  const header = pdu.short_message?.udh?.[0];
  if (!header) { answers.push({ from: pdu.source_addr, to: pdu.destination_addr, text: textOf(pdu) }); return; }
  const [, , reference, total, number] = header;
  const key = `${pdu.source_addr}/${reference}`, seen = parts.get(key) ?? new Map();
  seen.set(number, textOf(pdu));
  parts.set(key, seen);
  if (seen.size === total) answers.push({ from: pdu.source_addr, to: pdu.destination_addr, text: [...seen.keys()].sort((a, b) => a - b).map(n => seen.get(n)).join('') });
}

function submit(session, phone, fields) {
  ++waiting;
  session.submit_sm({ source_addr: '10690011007', destination_addr: phone, registered_delivery: 1, ...fields }, answer => {
    --waiting;
    statuses.push(answer.command_status);
    if (answer.command_status === 0) (ids[phone] ??= []).push(answer.message_id);
  });
}

const session = smpp.connect({ url: `smpp://127.0.0.1:${port}` }, () => {
  session.bind_transceiver({ system_id: 'pingjing', password: 'secret' }, bound => {
    if (bound.command_status !== 0) { console.error('bind', bound.command_status); process.exit(1); }
    for (let n = 0; n < count; ++n) {
      const phone = `139${String(n).padStart(8, '0')}`, long = '请回复数字评价民警工作:1满意 2基本满意 3不满意。'.repeat(4) + '回T退订';
      if (n % 3 === 0) submit(session, phone, { short_message: '请回复:1满意。回T退订' });
      else if (n % 3 === 1) submit(session, phone, { message_payload: long });
      else
        for (let part = 0, pieces = long.match(/[^]{1,67}/g); part < pieces.length; ++part)
          submit(session, phone, { esm_class: 0x40, short_message: { udh: Buffer.from([5, 0, 3, n & 255, pieces.length, part + 1]), message: pieces[part] } });
    }
  });
});
session.on('deliver_sm', pdu => { session.send(pdu.response()); take(pdu); });
session.on('enquire_link', pdu => session.send(pdu.response()));
session.on('error', error => { console.error(String(error)); process.exit(1); });

const began = Date.now();
setInterval(() => {
  const expected = Object.values(ids).flat().length;
  const done = waiting === 0 && expected > 0 && reports.length >= expected && answers.length >= count;
  if (!done && Date.now() - began < 10000) return;
  console.log(JSON.stringify({ ids, reports, answers, statuses }));
  session.unbind(() => process.exit(done ? 0 : 1));
}, 50);
