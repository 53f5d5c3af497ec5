import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff, LONGEST_MS, Returns } from "../js/net/backoff.js";

const longest = () => 1;

test("the wait is spread over the whole range, which doubles up to 5 s", () => {
  for (const [failures, most] of [[0, 500], [1, 1_000], [3, 4_000], [4, 5_000], [60, 5_000], [5_000, 5_000]]) {
    assert.equal(backoff(failures, () => 0), 0);
    assert.equal(backoff(failures, longest), most);
    const waits = Array.from({ length: 500 }, () => backoff(failures));
    assert.ok(waits.every((wait) => wait >= 0 && wait <= most));
    assert.ok(waits.some((wait) => wait < most / 4) && waits.some((wait) => wait > (most * 3) / 4));
  }
  assert.equal(LONGEST_MS, 5_000);
});

test("each failure in a row doubles the longest wait, and a success begins anew", () => {
  const returns = new Returns();
  assert.deepEqual([1, 2, 3, 4, 5].map(() => returns.wait(undefined, longest)), [500, 1_000, 2_000, 4_000, 5_000]);
  returns.beginAnew();
  assert.equal(returns.wait(undefined, longest), 500);
});

test("what a node says is waited, within reason, and begins anew too", () => {
  const returns = new Returns();
  for (let n = 0; n < 10; n += 1) returns.wait(undefined, longest);
  assert.equal(returns.wait(1_234, longest), 1_234);
  assert.equal(returns.wait(undefined, longest), 500);
  assert.equal(returns.wait(3_600_000), 60_000);
  assert.equal(returns.wait(0), 0);
});
