// Starts bearerbox and smsbox on free loopback ports, with a configuration made from kannel.conf.
// node kannel.mjs --dir DIR --carrier-port N --hook-url http://127.0.0.1:PORT/v1/hooks/kannel/SECRET [--user U --password P] [--carrier-id ID --carrier-password P] [--sendsms-port N]
// First line on stdout: {"sendsms":PORT,"admin":PORT,"pids":[…]}. SIGTERM stops both boxes, smsbox first.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
export const pause = ms => new Promise(done => setTimeout(done, ms));

export function freePort() {
  return new Promise((done, fail) => {
    const probe = net.createServer().on('error', fail);
    probe.listen(0, '127.0.0.1', () => { const { port } = probe.address(); probe.close(() => done(port)); });
  });
}

async function listening(port, child, limit = 20000) {
  for (const end = Date.now() + limit; Date.now() < end; await pause(100)) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}; its log is in the directory given`);
    const open = await new Promise(done => {
      const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); done(true); }).on('error', () => done(false));
    });
    if (open) return;
  }
  throw new Error(`nothing listens on ${port}`);
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise(done => child.once('exit', done));
  child.kill('SIGTERM');
  if (await Promise.race([ended.then(() => true), pause(5000)])) return;
  child.kill('SIGKILL');
  await ended;
}

const find = name => ['/usr/sbin/', '/usr/bin/', '/usr/local/sbin/'].map(dir => dir + name).find(existsSync);
export const installed = () => Boolean(find('bearerbox') && find('smsbox'));

// → { sendsms, admin, children, stop() }
export async function startKannel({ dir, carrierPort, carrierId = 'pingjing', carrierPassword = 'secret', hookUrl, user = 'pj', password = 'pj', sendsmsPort, retries = 20, retryDelay = 2, times = true }) {
  mkdirSync(dir, { recursive: true });
  const ports = { admin: await freePort(), smsbox: await freePort(), sendsms: sendsmsPort ?? await freePort() };
  const values = {
    ADMIN_PORT: ports.admin, SMSBOX_PORT: ports.smsbox, SENDSMS_PORT: ports.sendsms, CARRIER_PORT: carrierPort, CARRIER_ID: carrierId, CARRIER_PASSWORD: carrierPassword,
    USER: user, PASSWORD: password, HOOK_URL: hookUrl, DIR: path.resolve(dir), SECRET: randomBytes(16).toString('hex'), RETRIES: retries, RETRY_DELAY: retryDelay,
    TIMES: times ? '&ts=%T' : '',  // Kannel's clock is of no use to a daemon on a test clock
  };
  const file = path.join(dir, 'kannel.conf');
  const text = readFileSync(path.join(here, 'kannel.conf'), 'utf8').replace(/@([A-Z_]+)@/g, (whole, name) => values[name] ?? whole);
  writeFileSync(file, text, { mode: 0o600 });

  const children = [];
  const kannel = { ...ports, children, async stop() { for (const child of [...children].reverse()) await stop(child); } };
  try {
    for (const [name, port] of [['bearerbox', ports.admin], ['smsbox', ports.sendsms]]) {
      const child = spawn(find(name) ?? name, [file], { stdio: 'ignore' });
      child.on('error', () => {});
      children.push(child);
      await listening(port, child);
    }
  } catch (problem) {
    await kannel.stop();
    throw problem;
  }
  return kannel;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = { type: 'string' };
  const { values: option } = parseArgs({ options: { dir: text, 'carrier-port': text, 'carrier-id': text, 'carrier-password': text, 'hook-url': text, user: text, password: text, 'sendsms-port': text } });
  if (!option.dir || !option['carrier-port'] || !option['hook-url']) { console.error('kannel: --dir, --carrier-port and --hook-url are needed'); process.exit(2); }
  const kannel = await startKannel({ dir: option.dir, carrierPort: option['carrier-port'], carrierId: option['carrier-id'], carrierPassword: option['carrier-password'],
    hookUrl: option['hook-url'], user: option.user, password: option.password, sendsmsPort: option['sendsms-port'] });
  console.log(JSON.stringify({ sendsms: kannel.sendsms, admin: kannel.admin, pids: kannel.children.map(child => child.pid) }));
  let told = false;
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, async () => { told = true; await kannel.stop(); process.exit(0); });
  for (const child of kannel.children) child.on('exit', async () => { if (told) return; await kannel.stop(); process.exit(1); });
}
