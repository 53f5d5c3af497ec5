// An upstream that writes down what nginx sends it and answers as told: for what a real node cannot
// be made to do at a chosen moment, such as dropping a connection after it has read a POST. What
// nginx does with real nodes is in cluster.test.mjs.
import http from "node:http";

/**
 * `answer(request, response)` serves plain requests, `upgrade(request, socket)` upgrades; both have
 * a friendly default. `seen` is every request, in order; `open` the upgraded sockets. It runs until
 * `scope` is over.
 */
export async function startRecorder(scope, { port = 0, address = "127.0.0.1", answer, upgrade } = {}) {
  const recorder = { seen: [], open: new Set(), connections: 0 };
  const note = async (request) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    recorder.seen.push({ method: request.method, url: request.url, headers: request.headers, body });
  };
  const server = http.createServer(async (request, response) => {
    await note(request);
    if (answer) answer(request, response);
    else response.end(`answered by ${recorder.port}`);
  });
  server.on("connection", () => (recorder.connections += 1));
  server.on("upgrade", (request, socket) => {
    recorder.seen.push({ method: request.method, url: request.url, headers: request.headers });
    recorder.open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => recorder.open.delete(socket));
    if (upgrade) upgrade(request, socket);
    else {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      socket.pipe(socket);
    }
  });
  await new Promise((done, failed) => {
    server.once("error", failed);
    server.listen(port, address, done);
  });
  recorder.port = server.address().port;
  scope.after(() => {
    server.closeAllConnections();
    for (const socket of recorder.open) socket.destroy();
    return new Promise((done) => server.close(done));
  });
  return recorder;
}
