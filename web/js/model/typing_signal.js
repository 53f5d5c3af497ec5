// Tells a room that somebody is typing: seldom while it goes on, and once when it ends. Says what to send; sends nothing.

const REPEAT_AFTER_MS = 3_000;

export class TypingSignal {
  #saidAt = null;

  /** The text changed. Returns true or false to send as `on`, or null when there is nothing to say. */
  changed(text, now) {
    if (text.trim() === "") return this.ended();
    if (this.#saidAt !== null && now - this.#saidAt < REPEAT_AFTER_MS) return null;
    this.#saidAt = now;
    return true;
  }

  /** The text was sent or left. Returns false to send as `on`, or null when nobody was told of typing. */
  ended() {
    if (this.#saidAt === null) return null;
    this.#saidAt = null;
    return false;
  }
}
