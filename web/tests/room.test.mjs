import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Applied, MAX_LOADED, Room, Status } from "../js/model/room.js";

const me = { id: "u_me", name: "Alex" };
const bea = { id: "u_bea", name: "Bea" };
let room;

const message = (seq, more = {}) => ({ type: "message", room: "general", seq, ts: seq * 1_000, from: bea, text: `text ${seq}`, ...more });
const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const snapshot = (seq, more) => ({ room: "general", kind: "public", name: "General", epoch: "e1", seq, online: [bea], online_count: 1, recovered: false, ...more });
const seqs = () => room.messages.map(({ seq }) => seq);

beforeEach(() => {
  room = new Room("general");
  room.restore(snapshot(3, { messages: numbers(1, 3) }), me, true);
});

test("events are taken once and in order, and a gap is noticed", () => {
  assert.equal(room.apply(message(4), me, true), Applied.DONE);
  assert.equal(room.apply(message(4), me, true), Applied.REPEAT);
  assert.equal(room.apply(message(2), me, true), Applied.REPEAT);
  assert.equal(room.apply(message(6), me, true), Applied.GAP);
  assert.deepEqual(seqs(), [1, 2, 3, 4]);
  assert.deepEqual(room.cursor, { epoch: "e1", seq: 4 });
});

test("a room goes on in another epoch, live and when it is resumed", () => {
  room.apply(message(4), me, true);
  assert.equal(room.enterEpoch({ epoch: "e2", seq: 3 }), Applied.GAP);
  assert.deepEqual(room.cursor, { epoch: "e1", seq: 4 });
  assert.equal(room.enterEpoch({ epoch: "e2", seq: 4 }), Applied.DONE);
  assert.equal(room.apply(message(5), me, true), Applied.DONE);
  assert.deepEqual(room.cursor, { epoch: "e2", seq: 5 });
  room.restore(snapshot(6, { epoch: "e3", recovered: true, events: [message(6)] }), me, true);
  assert.deepEqual(room.cursor, { epoch: "e3", seq: 6 });
  assert.deepEqual(seqs(), [1, 2, 3, 4, 5, 6]);
});

test("a message that was written here is replaced by its event, whichever of event and answer comes first", () => {
  room.write("one", "n1", 0);
  room.apply(message(4, { from: me, text: "one", nonce: "n1" }), me, true);
  room.confirm("n1", { seq: 4, ts: 4_000 }, me);
  room.write("two", "n2", 0);
  room.confirm("n2", { seq: 5, ts: 5_000 }, me);
  assert.deepEqual(room.unsent.map(({ status }) => status), [Status.STORED]);
  room.apply(message(5, { from: me, text: "two", nonce: "n2" }), me, true);
  assert.deepEqual(seqs(), [1, 2, 3, 4, 5]);
  assert.deepEqual(room.unsent, []);
});

test("somebody else's message with the same nonce replaces nothing", () => {
  room.write("mine", "n1", 0);
  room.apply(message(4, { nonce: "n1" }), me, true);
  assert.equal(room.unsent.length, 1);
});

test("an answer that repeats an old one is shown once, although no event follows", () => {
  room.write("stored before the connection broke", "n1", 0);
  room.restore(snapshot(5, { recovered: true, events: [message(4), message(5)] }), me, true);
  room.confirm("n1", { seq: 5, ts: 5_000, duplicate: true }, me);
  assert.deepEqual(seqs(), [1, 2, 3, 4, 5]);
  assert.deepEqual(room.unsent, []);
});

test("a duplicate whose place in the log is not loaded does not appear out of place", () => {
  room.write("older than what is shown", "n1", 0);
  room.restore(snapshot(100, { epoch: "e2", messages: numbers(51, 100) }), me, true);
  room.confirm("n1", { seq: 20, ts: 1, duplicate: true }, me);
  assert.deepEqual(seqs()[0], 51);
  assert.deepEqual(room.unsent, []);
});

test("resuming adds what was missed; a log that is another one replaces what was shown, but not what is unsent", () => {
  room.write("still here", "n1", 0);
  room.restore(snapshot(5, { recovered: true, events: numbers(4, 5) }), me, true);
  assert.deepEqual(seqs(), [1, 2, 3, 4, 5]);
  room.restore(snapshot(1, { epoch: "e2", messages: [message(1, { text: "new log" })] }), me, true);
  assert.deepEqual(room.messages.map(({ text }) => text), ["new log"]);
  assert.deepEqual(room.cursor, { epoch: "e2", seq: 1 });
  assert.equal(room.nextToSend().nonce, "n1");
});

test("what is unsent goes out in the order of writing, and a failed one waits for the person", () => {
  room.write("one", "n1", 0);
  room.write("two", "n2", 0);
  assert.equal(room.nextToSend().nonce, "n1");
  room.mark("n1", Status.FAILED, "no");
  assert.equal(room.nextToSend().nonce, "n2");
  room.mark("n1", Status.PENDING);
  assert.equal(room.nextToSend().nonce, "n1");
  assert.equal(room.takeBack("n1"), "one");
  assert.equal(room.nextToSend().nonce, "n2");
});

test("pages of history join without repeats, and memory stays bounded in both directions", () => {
  const last = 2_000;
  room.restore(snapshot(last, { epoch: "e2", messages: numbers(last - 49, last) }), me, true);
  while (room.hasOlder) {
    const first = room.messages[0].seq;
    room.prepend(numbers(Math.max(1, first - 100), first), first > 101);
    assert.ok(room.messages.length <= MAX_LOADED);
  }
  assert.deepEqual([seqs()[0], seqs().at(-1), room.hasNewer], [1, MAX_LOADED, true]);

  room.apply(message(last + 1), me, false);
  assert.equal(seqs().at(-1), MAX_LOADED, "a live event does not leave a hole before it");
  assert.equal(room.unread, 1);

  while (room.hasNewer) {
    const end = room.messages.at(-1).seq;
    const to = Math.min(end + 100, last + 1);
    room.append(numbers(end, to), to < last + 1);
    assert.ok(room.messages.length <= MAX_LOADED);
  }
  assert.deepEqual(seqs(), numbers(last + 2 - MAX_LOADED, last + 1).map(({ seq }) => seq));
  assert.equal(room.hasOlder, true);
});

test("live messages push the oldest out", () => {
  for (const one of numbers(4, MAX_LOADED + 10)) room.apply(one, me, true);
  assert.deepEqual([room.messages.length, seqs()[0], room.hasOlder], [MAX_LOADED, 11, true]);
});

test("unread counts what others wrote while nobody looked", () => {
  room.apply(message(4), me, true);
  room.apply(message(5, { from: me }), me, false);
  assert.equal(room.unread, 0);
  room.apply(message(6), me, false);
  room.apply(message(7), me, false);
  assert.deepEqual([room.unread, room.firstUnread], [2, 6]);
  room.markRead();
  assert.deepEqual([room.unread, room.firstUnread], [0, 6]);
});

test("messages and typing run out on time", () => {
  room.apply(message(4, { expires_at: 10_000 }), me, true);
  room.typing({ user: bea, on: true, expires_ms: 500 }, 9_000);
  assert.equal(room.expire(9_400), false);
  assert.equal(room.expire(9_600), true);
  assert.equal(room.typists.size, 0);
  assert.equal(room.expire(10_000), true);
  assert.deepEqual(seqs(), [1, 2, 3]);
});

test("a message ends its author's typing line, and so does leaving", () => {
  room.typing({ user: bea, on: true }, 0);
  room.apply(message(4), me, true);
  assert.equal(room.typists.size, 0);
  room.typing({ user: bea, on: true }, 0);
  room.present({ user: bea, status: "offline", online_count: 0 });
  assert.deepEqual([room.typists.size, room.online.size, room.onlineCount], [0, 0, 0]);
});

test("edits and deletions change the message that they name", () => {
  room.apply({ type: "edited", seq: 4, ts: 9, target: 2, text: "better" }, me, true);
  room.apply({ type: "deleted", seq: 5, ts: 9, target: 3 }, me, true);
  room.apply({ type: "reacted", seq: 6, ts: 9, target: 1, emoji: "👍", on: true }, me, true);
  assert.deepEqual(room.messages.map(({ text, deleted = false }) => [text, deleted]), [["text 1", false], ["better", false], ["", true]]);
  assert.equal(room.seq, 6);
});

const crowd = (from, to) => Array.from({ length: to - from }, (_, index) => ({ id: `u_${from + index}`, name: `User ${from + index}` }));
const shown = () => {
  const { people, count } = room.peopleHere(me);
  return { names: people.size, count, isEverybodyNamed: room.isEverybodyNamed };
};

test("people are counted with oneself, before and after one's own arrival is told", () => {
  assert.deepEqual(shown(), { names: 2, count: 2, isEverybodyNamed: true });
  room.present({ user: me, status: "online", online_count: 2 });
  assert.deepEqual(shown(), { names: 2, count: 2, isEverybodyNamed: true });
});

test("a room with more people than are named never shows more than there are, and is right again by itself", () => {
  room.restore(snapshot(3, { recovered: true, events: [], online: crowd(0, 200), online_count: 205 }), me, true);
  assert.deepEqual(shown(), { names: 201, count: 205, isEverybodyNamed: false });
  // 80 of them go; nobody hears who.
  for (const online_count of [201, 150, 125]) room.present({ online_count });
  assert.deepEqual(shown(), { names: 201, count: 125, isEverybodyNamed: false });
  // That the names are as many as there are does not make them right.
  room.present({ online_count: 200 });
  assert.equal(room.isEverybodyNamed, false);
  room.present({ user: { id: "u_7", name: "User 7" }, status: "offline", online_count: 124 });
  assert.equal(shown().count, 124);
  room.present({ online_count: 125, online: [...crowd(80, 204), me] });
  assert.deepEqual(shown(), { names: 125, count: 125, isEverybodyNamed: true });
  room.present({ user: { id: "u_100", name: "User 100" }, status: "offline", online_count: 124 });
  assert.deepEqual(shown(), { names: 124, count: 124, isEverybodyNamed: true });
});

test("a small room that becomes one with many people keeps its count right", () => {
  room.restore(snapshot(3, { recovered: true, events: [], online: [...crowd(0, 199), me], online_count: 200 }), me, true);
  assert.deepEqual(shown(), { names: 200, count: 200, isEverybodyNamed: true });
  room.present({ online_count: 275 });
  assert.deepEqual(shown(), { names: 200, count: 275, isEverybodyNamed: false });
});

test("somebody's other name takes the place of the first", () => {
  room.present({ user: { ...bea, name: "Beatrice" }, status: "online", online_count: 1 });
  assert.deepEqual([...room.online], [["u_bea", "Beatrice"]]);
});
