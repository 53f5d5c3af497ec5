// Somebody who writes and reads through everything that happens to the cluster, and remembers what
// was acknowledged and what was seen.
import { setTimeout as pause } from "node:timers/promises";
import { Person } from "../../nginx/tests/person.mjs";

/** The longest wait before another attempt, in milliseconds. */
const LONGEST_WAIT = 1_000;

export class Audited {
  /** Texts that were acknowledged, by number. */
  acknowledged = new Map();
  /** The nodes that it was on. */
  nodes = new Set();
  #person;
  #room;
  #cursor;
  #first;

  static async arrive(url, token, room) {
    const audited = new Audited();
    audited.#person = new Person(url, token);
    audited.#room = room;
    await audited.#come();
    audited.#first = audited.#cursor.seq + 1;
    return audited;
  }

  /** Connects and comes into the room behind what was seen last, for as long as it takes. */
  async #come() {
    for (;;) {
      try {
        const { node } = await this.#person.connect();
        this.nodes.add(node);
        const seq = this.#person.messages(this.#room).at(-1)?.seq ?? this.#cursor?.seq;
        const since = this.#cursor && { ...this.#cursor, seq };
        const { room } = await this.#person.ask({ type: "join", room: this.#room, since });
        if (since && !room.recovered) throw new Error("the room was not recovered: something was lost");
        this.#cursor ??= { epoch: room.epoch, seq: room.seq };
        return;
      } catch (error) {
        if (/not recovered/.test(error.message)) throw error;
        await pause(Math.random() * LONGEST_WAIT);
      }
    }
  }

  /** Sends `count` messages that begin with `name`, each until it is acknowledged. */
  async write(name, count, gapMs) {
    for (let number = 0; number < count; number++) {
      const text = `${name} ${number}`;
      const frame = { type: "send", room: this.#room, text, nonce: text };
      for (;;) {
        try {
          const { seq } = await this.#person.ask(frame);
          this.acknowledged.set(seq, text);
          break;
        } catch {
          await this.#come();
        }
      }
      await pause(gapMs);
    }
  }

  /** What was seen since it came, as [number, text], in the order of arrival. */
  get seen() {
    return this.#person.messages(this.#room).map(({ seq, text }) => [seq, text]);
  }

  /** Sees to it that everything up to `last` has come. */
  async reach(last) {
    while ((this.seen.at(-1)?.[0] ?? 0) < last) {
      if (this.#person.closed !== undefined) await this.#come();
      await pause(50);
    }
  }

  get first() {
    return this.#first;
  }

  leave() {
    this.#person.leave();
  }
}
