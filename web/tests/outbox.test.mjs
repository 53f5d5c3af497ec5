import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "../js/model/outbox.js";
import { Room, Status } from "../js/model/room.js";
import { RequestError } from "../js/net/request_error.js";

const me = { id: "u_me", name: "Alex" };

function outboxAnswering(answers) {
  const room = new Room("general");
  const sent = [];
  const request = async (frame) => {
    sent.push(frame.nonce);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { room, sent, outbox: new Outbox(room, request, () => me, () => {}) };
}

test("one at a time, in order, and a busy server's wait is kept without letting the next one overtake", async () => {
  const busy = new RequestError({ code: "rate_limited", message: "slow down", retry_after_ms: 5 });
  const { room, sent, outbox } = outboxAnswering([busy, { seq: 1, ts: 1 }, { seq: 2, ts: 2 }]);
  room.write("one", "n1", 0);
  room.write("two", "n2", 0);
  await Promise.all([outbox.flush(), outbox.flush()]);
  assert.deepEqual(sent, ["n1", "n1", "n2"]);
  assert.deepEqual(room.unsent.map(({ status }) => status), [Status.STORED, Status.STORED]);
});

test("a refused message is marked with the reason and does not hold up the next one", async () => {
  const refused = new RequestError({ code: "bad_request", message: "text holds a control character" });
  const { room, sent, outbox } = outboxAnswering([refused, { seq: 1, ts: 1 }]);
  room.write("one", "n1", 0);
  room.write("two", "n2", 0);
  await outbox.flush();
  assert.deepEqual(sent, ["n1", "n2"]);
  assert.equal(room.unsent[0].status, Status.FAILED);
  assert.match(room.unsent[0].reason, /control character/);
});

test("a lost connection keeps the message pending, and it is sent again with the same nonce", async () => {
  const lost = new RequestError({ code: "disconnected", message: "" });
  const { room, sent, outbox } = outboxAnswering([lost, { seq: 1, ts: 1, duplicate: true }]);
  room.write("one", "n1", 0);
  await outbox.flush();
  assert.equal(room.unsent[0].status, Status.PENDING);
  await outbox.flush();
  assert.deepEqual(sent, ["n1", "n1"]);
});
