// Stands where Kannel looks for the daemon: hands on every byte unchanged, notes which callback got which answer, and lets
// the daemon change its port when it is started again. While there is no daemon, a caller finds the door shut.
import net from 'node:net';

export async function startRelay() {
  const answers = [];      // { url, status }: what the daemon acknowledged, in order
  const open = new Set();
  let target = null, shut = 0, cut = 0;

  const server = net.createServer(caller => {
    caller.on('error', () => {});
    if (!target) { shut++; caller.destroy(); return; }
    const asked = [];      // no pipelining here: the n-th answer belongs to the n-th question
    const daemon = net.connect(target, '127.0.0.1');
    open.add(caller).add(daemon);
    const end = () => {
      if (open.delete(caller)) cut += asked.length;
      open.delete(daemon);
      caller.destroy();
      daemon.destroy();
    };
    const questions = heads(head => asked.push(head.split(' ')[1]));
    const replies = heads(head => answers.push({ url: asked.shift(), status: Number(head.split(' ')[1]) }));
    caller.on('data', bytes => { questions(bytes); daemon.write(bytes); }).on('close', end);
    daemon.on('data', bytes => { replies(bytes); caller.write(bytes); }).on('error', end).on('close', end);
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  return {
    port: server.address().port, answers,
    // How often a caller found the door shut, and how many questions were handed on and never answered.
    refused: () => ({ door_found_shut: shut, cut_off: cut }),
    lead(port) { target = port; },
    stop() { server.close(); for (const socket of open) socket.destroy(); },
  };
}

// Calls `take` with the first line of each message in a stream of HTTP messages.
function heads(take) {
  let kept = Buffer.alloc(0);
  return bytes => {
    kept = Buffer.concat([kept, bytes]);
    for (let end; (end = kept.indexOf('\r\n\r\n')) >= 0;) {
      const head = kept.toString('latin1', 0, end);
      const whole = end + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (kept.length < whole) return;
      kept = kept.subarray(whole);
      take(head.slice(0, head.indexOf('\r\n')));
    }
  };
}
