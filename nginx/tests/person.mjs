// Somebody at a keyboard: a guest with one WebSocket, who sees frames in the order they came.
import assert from "node:assert/strict";
import { until } from "./balancer.mjs";

export class Person {
  #socket;
  #lastId = 0;
  /** Every frame of every connection so far. */
  frames = [];
  /** The close code of the latest connection, once it has ended. */
  closed = undefined;

  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  /** A new guest of the cluster at `url`. */
  static async guest(url, name) {
    const answer = await fetch(`${url}/api/v1/guest`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name }),
    });
    assert.equal(answer.ok, true, `a guest's token: ${answer.status}`);
    return new Person(url, (await answer.json()).token);
  }

  /** Connects and says hello; resolves to the `welcome`. */
  async connect() {
    const socket = new WebSocket(this.url.replace("http", "ws") + "/ws");
    this.#socket = socket;
    this.closed = undefined;
    socket.addEventListener("message", ({ data }) => this.frames.push(JSON.parse(data)));
    const open = new Promise((done, failed) => {
      socket.addEventListener("open", done);
      socket.addEventListener("error", () => failed(new Error("no connection")));
    });
    socket.addEventListener("close", ({ code }) => {
      if (socket === this.#socket) this.closed = code;
    });
    await open;
    return this.ask({ type: "hello", token: this.token });
  }

  /** As `connect`, again and again until it works. */
  async reconnect() {
    return until("the connection is back", () => this.connect().catch(() => undefined));
  }

  /** Sends a frame and resolves to its answer; fails where the connection ends before. */
  async ask(frame) {
    const id = (this.#lastId += 1);
    this.#socket.send(JSON.stringify({ ...frame, id }));
    return until(`'${frame.type}' is answered`, () => {
      const answer = this.frames.find((each) => each.id === id);
      if (answer?.type === "error") throw new Error(`${frame.type}: ${answer.code}: ${answer.message}`);
      if (!answer && this.closed !== undefined) throw new Error(`closed with ${this.closed}`);
      return answer;
    });
  }

  /** Resolves to the first frame for which `wanted` is true, past or to come. */
  async sees(what, wanted) {
    return until(`${what} is seen`, () => this.frames.find(wanted));
  }

  /** The messages of `room`, live and caught up, in the order they came. */
  messages(room) {
    return this.frames.flatMap((frame) => {
      if (frame.type === "message" && frame.room === room) return [frame];
      const caughtUp = frame.type === "ok" && frame.room?.room === room ? frame.room.events : [];
      return (caughtUp ?? []).filter((event) => event.type === "message");
    });
  }

  leave() {
    this.#socket.close();
  }
}
