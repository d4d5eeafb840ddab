// The desk of a duty room: a webhook that is busy at the first knock, takes every later one and acknowledges what it took.
import http from 'node:http';

// `acknowledge(alarm)` is called for each alarm that was taken.
export async function startDesk(acknowledge) {
  const knocks = [];  // every delivery: { alarm, status }
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', piece => { body += piece; }).on('end', () => {
      const alarm = JSON.parse(body), status = knocks.length === 0 ? 503 : 200;
      knocks.push({ alarm, status });
      response.writeHead(status).end();
      if (status === 200) acknowledge(alarm);
    });
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${server.address().port}/alarm`, knocks, stop() { server.close(); server.closeAllConnections(); } };
}
