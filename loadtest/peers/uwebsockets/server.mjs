// uWebSockets.js: rooms are topics of its native publish and subscribe.
import uWS from "@trufflesuite/uws-js-unofficial";

// This package steps in with JavaScript where it has no binary, and that is not what is to be measured.
if (!String(uWS.App).includes("[native code]")) throw new Error("no binary for this Node.js: use 20 or 18");

const decoder = new TextDecoder();

const app = uWS.App()
  .ws("/*", {
    // Past this limit it drops messages without a word. A chat must deliver them, so let them wait.
    maxBackpressure: 64 * 1024 * 1024,
    message(socket, data) {
      const frame = JSON.parse(decoder.decode(data));
      if (frame.type === "join") {
        socket.getUserData().name = frame.name;
        socket.subscribe(frame.room);
        socket.send(JSON.stringify({ type: "joined", room: frame.room }), false);
      } else if (frame.type === "send") {
        const from = socket.getUserData().name;
        const message = { type: "message", room: frame.room, from, text: frame.text };
        app.publish(frame.room, JSON.stringify(message), false);
      }
    },
  })
  .listen("127.0.0.1", Number(process.env.PORT), (listening) => {
    if (!listening) throw new Error(`port ${process.env.PORT} is taken`);
  });
