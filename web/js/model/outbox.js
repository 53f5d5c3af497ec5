// Sends what was written in one room: one message at a time, in the order of writing, each until the server has
// stored or refused it. Repeating is safe because the nonce stays the same.

import { inWords } from "../net/request_error.js";
import { Status } from "./room.js";

export class Outbox {
  #room;
  #request;
  #me;
  #onChange;
  #busy = false;

  /** `request` sends a frame and resolves with its answer; `me` returns the user who writes. */
  constructor(room, request, me, onChange) {
    this.#room = room;
    this.#request = request;
    this.#me = me;
    this.#onChange = onChange;
  }

  /** Sends whatever is there. Ends when nothing is left or the connection is gone. */
  async flush() {
    if (this.#busy) return;
    this.#busy = true;
    let next;
    while ((next = this.#room.nextToSend()) && (await this.#send(next))) this.#onChange();
    this.#busy = false;
    this.#onChange();
  }

  /** Says whether it makes sense to go on with the next one. */
  async #send({ nonce, text }) {
    try {
      const stored = await this.#request({ type: "send", room: this.#room.id, nonce, text });
      this.#room.confirm(nonce, stored, this.#me());
      return true;
    } catch (error) {
      if (error.code === "disconnected") return false;
      if (error.retryAfterMs === undefined) {
        this.#room.mark(nonce, Status.FAILED, inWords(error));
        return true;
      }
      this.#room.mark(nonce, Status.WAITING, inWords(error));
      this.#onChange();
      await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs));
      return true;
    }
  }
}
