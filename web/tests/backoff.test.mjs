import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff, LONGEST_MS } from "../js/net/backoff.js";

test("the wait is spread over the whole range, which doubles up to 30 s", () => {
  for (const [attempt, most] of [[0, 500], [1, 1_000], [3, 4_000], [5, 16_000], [6, 30_000], [60, 30_000], [5_000, 30_000]]) {
    assert.equal(backoff(attempt, () => 0), 0);
    assert.equal(backoff(attempt, () => 1), most);
    const waits = Array.from({ length: 500 }, () => backoff(attempt));
    assert.ok(waits.every((wait) => wait >= 0 && wait <= most));
    assert.ok(waits.some((wait) => wait < most / 4) && waits.some((wait) => wait > (most * 3) / 4));
  }
  assert.equal(LONGEST_MS, 30_000);
});
