// One connection to a node, kept alive: opens the socket, says hello, matches answers to requests, notices
// silence, and comes back after a loss. It knows frames, not rooms: what to resume is decided by whoever
// listens to `welcome`. It never keeps a request over a loss; senders repeat what they must (see outbox.js).

import { Returns } from "./backoff.js";
import { meaningOfClose, Remedy } from "./close_codes.js";
import { inWords, RequestError } from "./request_error.js";

const PROTOCOL_VERSION = 1;
const WELCOME_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 15_000;
const PONG_WITHIN_MS = 8_000;
const WATCH_EVERY_MS = 2_000;
/** A connection that has lived this long was a success: the backoff starts from the beginning when it is lost. */
const STEADY_AFTER_MS = 5_000;
const DEFAULT_HEARTBEAT_MS = 25_000;

export const State = Object.freeze({
  IDLE: "idle",
  CONNECTING: "connecting",
  ONLINE: "online",
  WAITING: "waiting",
  STOPPED: "stopped",
});

/**
 * Events: `state` (detail: the new state, `{name, until?, words?, remedy?}`), `welcome` and `frame`
 * (detail: the frame; every frame that is no answer).
 */
export class Connection extends EventTarget {
  state = { name: State.IDLE };
  #url;
  #token = null;
  #socket = null;
  #returns = new Returns();
  #timer = 0;
  #watch = 0;
  #requests = new Map();
  #lastRequest = 0;
  #heartbeatMs = DEFAULT_HEARTBEAT_MS;
  /** The most bytes of a frame; 0 is no limit. */
  #frameBytes = 0;
  #heardAt = 0;
  #pingedAt = 0;
  #onlineSince = 0;
  #comeBackAt = null;

  constructor(url) {
    super();
    this.#url = url;
  }

  start(token) {
    this.#token = token;
    this.#returns.beginAnew();
    this.#open();
  }

  stop(words = "", remedy = Remedy.NONE) {
    this.#drop();
    this.#enter({ name: State.STOPPED, words, remedy });
  }

  /** Tries at once instead of waiting further. */
  retryNow() {
    if (this.state.name === State.WAITING || this.state.name === State.STOPPED) this.#open();
  }

  /** Gives up a connection that got out of step with us; the next one resumes. */
  restart() {
    if (this.state.name === State.ONLINE) this.#lost(4004);
  }

  /** Finds out whether the connection still lives, for when the browser suspects that it does not. */
  probe() {
    if (this.state.name === State.ONLINE && !this.#pingedAt) this.#ping();
  }

  /** Sends a frame that wants an answer; resolves with it, rejects with a `RequestError`. */
  request(frame) {
    if (this.state.name !== State.ONLINE) return Promise.reject(disconnected());
    return this.#ask(frame);
  }

  /** Sends a frame that wants no answer. What cannot be sent now is not worth sending later. */
  tell(frame) {
    if (this.state.name === State.ONLINE) this.#socket.send(JSON.stringify(frame));
  }

  #open() {
    this.#drop();
    this.#enter({ name: State.CONNECTING });
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lost(1006), WELCOME_WITHIN_MS);
    socket.onopen = () => this.#sayHello();
    socket.onmessage = ({ data }) => this.#heard(data);
    socket.onclose = ({ code }) => this.#lost(code);
  }

  /** Forgets the socket without waiting for its `close`, which may take minutes on a dead network. */
  #drop() {
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    const open = [...this.#requests.values()];
    this.#requests.clear();
    for (const request of open) request.reject(disconnected());
  }

  async #sayHello() {
    try {
      const hello = { type: "hello", version: PROTOCOL_VERSION, client: "web", epochs: true, token: this.#token };
      this.#welcomed(await this.#ask(hello));
    } catch (error) {
      if (error.code === "token_expired") this.#lost(4005);
      else if (error.code === "unauthenticated") this.#lost(4501, { words: `The server did not accept your sign-in (${inWords(error)})` });
      else if (error.code !== "disconnected") this.#lost(1006, { toldMs: error.retryAfterMs, words: inWords(error) });
    }
  }

  #welcomed(welcome) {
    clearTimeout(this.#timer);
    this.#heartbeatMs = welcome.heartbeat_ms || DEFAULT_HEARTBEAT_MS;
    this.#frameBytes = welcome.limits?.frame ?? 0;
    this.#onlineSince = Date.now();
    this.#comeBackAt = null;
    this.#watch = setInterval(() => this.#listenForSilence(), WATCH_EVERY_MS);
    this.#enter({ name: State.ONLINE });
    this.#emit("welcome", welcome);
  }

  #ask(frame) {
    const id = ++this.#lastRequest;
    const json = JSON.stringify({ ...frame, id });
    // The server passes over what is too large without saying which frame it was, and would do so every time.
    if (this.#frameBytes && bytesOf(json) > this.#frameBytes) return Promise.reject(tooLarge());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#requests.delete(id);
        reject(new RequestError({ code: "timeout", message: "no answer", retry_after_ms: 1_000 }));
      }, ANSWER_WITHIN_MS);
      this.#requests.set(id, {
        resolve: (answer) => (clearTimeout(timer), resolve(answer)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      });
      this.#socket.send(json);
    });
  }

  #heard(data) {
    this.#heardAt = Date.now();
    this.#pingedAt = 0;
    const frame = parse(data);
    if (!frame) return;
    const request = frame.id === undefined ? undefined : this.#requests.get(frame.id);
    if (request) {
      this.#requests.delete(frame.id);
      if (frame.type === "error") request.reject(new RequestError(frame));
      else request.resolve(frame);
    } else if (frame.type === "error" && frame.code === "token_expired") {
      this.#lost(4005);
    } else if (frame.type === "reconnect") {
      this.#comeBackAt = Date.now() + (frame.after_ms ?? 0);
    } else {
      this.#emit("frame", frame);
    }
  }

  #listenForSilence() {
    const now = Date.now();
    if (this.#pingedAt && now - this.#pingedAt > PONG_WITHIN_MS) this.#lost(4003);
    else if (!this.#pingedAt && now - this.#heardAt > this.#heartbeatMs) this.#ping();
  }

  #ping() {
    this.#pingedAt = Date.now();
    this.tell({ type: "ping" });
  }

  /** `toldMs` is when the node said that trying again is worth it; `words` are better than those of the code. */
  #lost(code, { toldMs, words } = {}) {
    const meaning = meaningOfClose(code);
    if (!meaning.comeBack) return this.stop(words ?? meaning.words, meaning.remedy);
    const now = Date.now();
    if (this.state.name === State.ONLINE && now - this.#onlineSince > STEADY_AFTER_MS) this.#returns.beginAnew();
    const wait = this.#returns.wait(this.#comeBackAt === null ? toldMs : this.#comeBackAt - now);
    this.#comeBackAt = null;
    this.#drop();
    this.#timer = setTimeout(() => this.#open(), wait);
    this.#enter({ name: State.WAITING, until: now + wait, words: words ?? meaning.words });
  }

  #enter(state) {
    this.state = state;
    this.#emit("state", state);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function disconnected() {
  return new RequestError({ code: "disconnected", message: "" });
}

function tooLarge() {
  return new RequestError({ code: "too_large", message: "" });
}

function bytesOf(text) {
  return new TextEncoder().encode(text).length;
}

function parse(data) {
  try {
    const frame = JSON.parse(data);
    return typeof frame?.type === "string" ? frame : null;
  } catch {
    return null; // not a frame of this protocol: nothing that a person could do about it
  }
}
