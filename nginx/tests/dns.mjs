// A name server for one name, answering A queries from a list that the test changes: what Docker's
// DNS is to `docker compose up --scale`.
import dgram from "node:dgram";

const A = 1;
const IN = 1;

/** `addresses` may be replaced at any time; the next query sees it. Runs until `scope` is over. */
export async function startNameServer(scope, addresses) {
  const nameServer = { addresses };
  const socket = dgram.createSocket("udp4");
  socket.on("message", (query, from) => {
    socket.send(answerTo(query, nameServer.addresses), from.port, from.address);
  });
  await new Promise((done) => socket.bind(0, "127.0.0.1", done));
  nameServer.port = socket.address().port;
  scope.after(() => new Promise((done) => socket.close(done)));
  return nameServer;
}

function answerTo(query, addresses) {
  let end = 12;
  while (query[end] !== 0) end += query[end] + 1;
  const question = query.subarray(12, end + 5);
  const asksForA = query.readUInt16BE(end + 1) === A;
  const records = asksForA ? addresses.map(record) : [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180, 2); // an answer, recursion available, no error
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question, ...records]);
}

function record(address) {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16BE(0xc00c, 0); // the name of the question
  bytes.writeUInt16BE(A, 2);
  bytes.writeUInt16BE(IN, 4);
  bytes.writeUInt32BE(600, 6); // a long lifetime: `valid=` in upstream.conf has to win
  bytes.writeUInt16BE(4, 10);
  address.split(".").forEach((part, index) => bytes.writeUInt8(Number(part), 12 + index));
  return bytes;
}
