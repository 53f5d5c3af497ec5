// Bun's own server: rooms are topics of its native publish and subscribe.
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  fetch(request, server) {
    if (server.upgrade(request, { data: { name: "" } })) return undefined;
    return new Response("WebSocket only", { status: 426 });
  },
  websocket: {
    // Past this limit Bun drops messages without a word. A chat must deliver them, so let them wait.
    backpressureLimit: 64 * 1024 * 1024,
    message(socket, data) {
      const frame = JSON.parse(data);
      if (frame.type === "join") {
        socket.data.name = frame.name;
        socket.subscribe(frame.room);
        socket.send(JSON.stringify({ type: "joined", room: frame.room }));
      } else if (frame.type === "send") {
        const message = { type: "message", room: frame.room, from: socket.data.name, text: frame.text };
        server.publish(frame.room, JSON.stringify(message));
      }
    },
  },
});
