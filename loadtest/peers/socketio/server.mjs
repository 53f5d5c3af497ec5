// Socket.IO, as its documentation has it: rooms, and `io.to(room).emit`. With REDIS_URL, the Redis
// adapter joins several of these servers into one, and every message is stored before it is emitted.
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const httpServer = createServer();
const io = new Server(httpServer, { serveClient: false });

// From its page on memory: the first HTTP request of a session need not be kept.
io.engine.on("connection", (rawSocket) => {
  rawSocket.request = null;
});

const store = process.env.REDIS_URL ? await connect(process.env.REDIS_URL) : null;

async function connect(url) {
  const pubClient = createClient({ url });
  pubClient.on("error", console.error);
  const subClient = pubClient.duplicate();
  subClient.on("error", console.error);
  await Promise.all([pubClient.connect(), subClient.connect()]);
  io.adapter(createAdapter(pubClient, subClient));
  return pubClient;
}

io.on("connection", (socket) => {
  socket.on("join", ({ room, name }, ack) => {
    socket.data.name = name;
    socket.join(room);
    ack?.({ room });
  });

  socket.on("send", async ({ room, text }, ack) => {
    const message = { room, from: socket.data.name, text };
    if (store) await keep(message);
    io.to(room).emit("message", message);
    ack?.({ ok: true });
  });
});

// A sorted set holds equal members once, so a message needs a word of its own besides its time.
let stored = 0;
function keep(message) {
  const ts = Date.now();
  stored += 1;
  const value = JSON.stringify({ id: `${process.pid}-${stored}`, ts, ...message });
  return store.zAdd(`room:${message.room}:messages`, { score: ts, value });
}

httpServer.listen(Number(process.env.PORT), "127.0.0.1");
