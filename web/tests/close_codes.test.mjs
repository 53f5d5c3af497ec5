import assert from "node:assert/strict";
import { test } from "node:test";
import { meaningOfClose, Remedy } from "../js/net/close_codes.js";

test("the range decides, also for codes that nobody has heard of", () => {
  for (const code of [1000, 1001, 1006, 1011, 4000, 4002, 4008, 4009, 4321, 4499]) assert.equal(meaningOfClose(code).comeBack, true, code);
  for (const code of [1002, 1007, 4500, 4502, 4504, 4506, 4777, 4999]) assert.equal(meaningOfClose(code).comeBack, false, code);
});

test("an expired or refused token asks for another sign-in instead of coming back with the same one", () => {
  for (const code of [4005, 4501, 4503]) {
    const { comeBack, remedy } = meaningOfClose(code);
    assert.deepEqual({ comeBack, remedy }, { comeBack: false, remedy: Remedy.SIGN_IN });
  }
});

test("whoever stays away is told why in words", () => {
  for (let code = 4500; code < 5000; code += 1) assert.match(meaningOfClose(code).words, /\w+ \w+/);
});
