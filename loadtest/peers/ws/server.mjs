// The `ws` library: a map from rooms to their sockets, and one text for all of a room.
import { WebSocket, WebSocketServer } from "ws";

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.env.PORT) });

server.on("connection", (socket) => {
  const joined = new Set();
  let name = "";

  socket.on("error", console.error);
  socket.on("message", (data) => {
    const frame = JSON.parse(data);
    if (frame.type === "join") {
      name = frame.name;
      joined.add(frame.room);
      membersOf(frame.room).add(socket);
      socket.send(JSON.stringify({ type: "joined", room: frame.room }));
    } else if (frame.type === "send") {
      broadcast(frame.room, { type: "message", room: frame.room, from: name, text: frame.text });
    }
  });
  socket.on("close", () => {
    for (const room of joined) leave(room, socket);
  });
});

function membersOf(room) {
  let members = rooms.get(room);
  if (!members) rooms.set(room, (members = new Set()));
  return members;
}

function leave(room, socket) {
  const members = rooms.get(room);
  members.delete(socket);
  if (members.size === 0) rooms.delete(room);
}

// Encoded once: handed a string, `ws` would encode it again for every socket.
function broadcast(room, message) {
  const bytes = Buffer.from(JSON.stringify(message));
  for (const member of rooms.get(room) ?? []) {
    if (member.readyState === WebSocket.OPEN) member.send(bytes, { binary: false });
  }
}
