// A site of its own in a folder: the lists of tests/data/day1, a configuration with one channel, and the real program.
import { spawn } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

export const kannelAccount = { user: 'pj', password: 'pj' };

// By Kannel, or by SMPP to the carrier itself.
export const kannelChannel = ({ sendsmsPort, tps }) => `name = "kannel"
provider = "http"
preset = "kannel"
url = "http://127.0.0.1:${sendsmsPort}/cgi-bin/sendsms"
username = "${kannelAccount.user}"
password_file = "kannel.password"
hook_secret_file = "kannel.hook"
source = "106900110"
extension_digits = 2
tps = ${tps}`;
export const smppChannel = ({ port, tps, more = '' }) => `name = "centre"
provider = "smpp"
host = "127.0.0.1"
port = ${port}
system_id = "pingjing"
password_file = "smpp.password"
source = "106900110"
extension_digits = 2
tps = ${tps}
${more}`;

export function makeSite({ dir, data, program, clock, deskUrl, publicUrl, secrets, channel }) {
  mkdirSync(dir, { recursive: true });
  for (const file of readdirSync(data)) copyFileSync(path.join(data, file), path.join(dir, file));
  for (const [file, secret] of Object.entries(secrets)) writeFileSync(path.join(dir, file), secret, { mode: 0o600 });
  const config = path.join(dir, 'pingjing.toml');
  writeFileSync(config, `[service]
sign = "XX公安"
state_dir = "state"
key_dir = "keys"
test_clock = true
[http]
listen = "127.0.0.1:0"
${publicUrl ? `public_url = "${publicUrl}"` : ''}
[lists]
staff_phones = "staff_phones.txt"
officers = "officers.csv"
units = "units.csv"
flags = "flags.csv"
[categories]
map = "categories.csv"
[survey]
since = "2026-11-01"
[desk]
kind = "webhook"
url = "${deskUrl}"
[[channel]]
${channel}
`);
  return { dir, config, program, env: { ...process.env, PINGJING_CLOCK: clock } };
}

// One command to its end → { code, out, said }.
export function run(site, ...words) {
  return new Promise((done, fail) => {
    const child = spawn(site.program, [...words, '-c', site.config], { env: site.env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60000 });
    let out = '', said = '';
    child.stdout.setEncoding('utf8').on('data', text => { out += text; });
    child.stderr.setEncoding('utf8').on('data', text => { said += text; });
    child.on('error', fail).on('close', code => done({ code, out, said }));
  });
}

// The same where anything but success ends the scenario.
export async function must(site, ...words) {
  const { code, out, said } = await run(site, ...words);
  if (code !== 0) throw new Error(`pingjing ${words.join(' ')} exits ${code}: ${said || out}`);
  return out;
}

export const report = async (site, ...words) => JSON.parse(await must(site, 'report', ...words, '--format', 'json'));

// `pingjing serve`, once it says that it is ready → { port, recovered, child, ended }.
export function serve(site) {
  return new Promise((done, fail) => {
    const child = spawn(site.program, ['serve', '-c', site.config], { env: site.env, stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise(over => child.once('exit', (code, signal) => over(code ?? signal)));
    ended.then(how => fail(new Error(`serve ended with ${how} before it was ready; see serve.log`)));
    createInterface({ input: child.stderr }).on('line', line => {
      appendFileSync(path.join(site.dir, 'serve.log'), line + '\n');
      if (!line.includes('"serve.ready"')) return;
      const ready = JSON.parse(line);
      done({ port: Number(ready.listen.split(':').pop()), recovered: ready.in_doubt_after_start, child, ended });
    });
  });
}

// The rows of a 110 system's export, as expect.mjs wants calls: number, unit, lead officer; `line` is where a row starts.
export function readCalls(file) {
  const rows = [], text = new TextDecoder('gb18030').decode(readFileSync(file));
  let row = { line: 1, cells: [] }, line = 1;
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g)) {
    row.cells.push(quoted?.replaceAll('""', '"') ?? plain);
    line += (quoted?.match(/\n/g) ?? []).length;
    if (end === ',') continue;
    rows.push(row);
    row = { line: ++line, cells: [] };
  }
  const head = rows.shift().cells;
  return rows.map(({ line: at, cells }) => {
    const call = Object.fromEntries(head.map((name, i) => [name, cells[i] ?? '']));
    return {
      line: at, id: call.jjdbh, unit: call.cjdwdm || call.gxdwdm, officers: call.cjybh ? [{ badge: call.cjybh, role: 'lead' }] : [],
      calling_line: call.bjdh.normalize('NFKC').replace(/[\s-]/g, '').replace(/^(\+86|0086|86|0)(?=1[3-9]\d{9}$)/, ''),
    };
  });
}
