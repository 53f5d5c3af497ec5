// How long to wait before the next attempt to connect: full jitter, so that thousands of clients that lost
// the same node do not come back in the same instant. It only computes; it never waits.

export const BASE_MS = 500;
export const LONGEST_MS = 5_000;
/** The longest that a node's word is believed. */
export const LONGEST_TOLD_MS = 60_000;

/** A random wait in milliseconds, 0 … min(5 s, 0.5 s · 2ⁿ), after n failures in a row before this one. */
export function backoff(failures, random = Math.random) {
  return random() * Math.min(LONGEST_MS, BASE_MS * 2 ** failures);
}

/** The waits of one client, one after the other. */
export class Returns {
  #failures = 0;

  /** The wait after a failure: `toldMs`, where the node said that; else longer with each failure since. */
  wait(toldMs, random = Math.random) {
    if (toldMs !== undefined) {
      this.beginAnew();
      return Math.min(LONGEST_TOLD_MS, Math.max(0, toldMs));
    }
    const wait = backoff(this.#failures, random);
    this.#failures += 1;
    return wait;
  }

  /** After a success. */
  beginAnew() {
    this.#failures = 0;
  }
}
