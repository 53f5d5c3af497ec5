// How long to wait before the next attempt to connect: full jitter, so that thousands of clients that lost
// the same node do not come back in the same instant. It only computes; it never waits.

export const BASE_MS = 500;
export const LONGEST_MS = 30_000;

/** A random wait in milliseconds, 0 … min(30 s, 0.5 s · 2ⁿ), for the n-th attempt in a row (from 0). */
export function backoff(attempt, random = Math.random) {
  return random() * Math.min(LONGEST_MS, BASE_MS * 2 ** attempt);
}
