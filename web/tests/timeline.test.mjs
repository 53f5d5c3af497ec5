import assert from "node:assert/strict";
import { test } from "node:test";
import { Room, Status } from "../js/model/room.js";
import { timeline } from "../js/model/timeline.js";
import { TypingSignal } from "../js/model/typing_signal.js";
import { dayName, hue, initials, typingLine } from "../js/model/wording.js";
import { charactersLeft, isNearLimit, roomIdFrom, tidy } from "../js/model/limits.js";

const me = { id: "u_me", name: "Alex" };
const bea = { id: "u_bea", name: "Bea" };
const at = (day, hour, minute) => new Date(2026, 2, day, hour, minute).getTime();

test("days are separated, quick successions grouped, what is unsent comes last", () => {
  const room = new Room("general");
  room.messages = [
    { seq: 1, ts: at(1, 23, 58), from: bea, text: "a" },
    { seq: 2, ts: at(1, 23, 59), from: bea, text: "b" },
    { seq: 3, ts: at(2, 0, 1), from: bea, text: "c" },
    { seq: 4, ts: at(2, 9, 0), from: bea, text: "d" },
    { seq: 5, ts: at(2, 9, 1), from: me, text: "e", nonce: "n5" },
  ];
  room.firstUnread = 4;
  room.write("f", "n6", at(2, 9, 2));
  const rows = timeline(room, me);
  const drawn = rows.map(({ kind, message, startsGroup }) => (kind === "message" ? `${startsGroup ? "+" : ""}${message.text}` : kind));
  assert.deepEqual(drawn, ["day", "+a", "b", "day", "+c", "new", "+d", "+e", "f"]);
  assert.equal(new Set(rows.map(({ key }) => key)).size, rows.length);
});

test("a message keeps its key when its event replaces it", () => {
  const room = new Room("general");
  room.write("hi", "n1", at(1, 1, 1));
  const before = timeline(room, me).at(-1);
  room.apply({ type: "message", seq: 1, ts: at(1, 1, 1), from: me, text: "hi", nonce: "n1" }, me, true);
  const after = timeline(room, me).at(-1);
  assert.equal(after.key, before.key);
  assert.deepEqual([before.status, after.status], [Status.PENDING, null]);
});

test("typing is told at once, then every few seconds, and its end once", () => {
  const signal = new TypingSignal();
  assert.equal(signal.ended(), null);
  assert.deepEqual([signal.changed("a", 0), signal.changed("ab", 2_900), signal.changed("abc", 3_000)], [true, null, true]);
  assert.deepEqual([signal.changed("", 3_100), signal.ended()], [false, null]);
  assert.deepEqual([signal.changed("a", 3_200), signal.ended(), signal.ended()], [true, false, null]);
});

test("words for people and days", () => {
  assert.equal(typingLine([]), "");
  assert.equal(typingLine(["Bea"]), "\u2068Bea\u2069 is typing…");
  assert.equal(typingLine(["Bea", "Cem"]), "\u2068Bea\u2069 and \u2068Cem\u2069 are typing…");
  assert.equal(typingLine(["Bea", "Cem", "Dee"]), "Several people are typing…");
  assert.equal(dayName(at(5, 1, 0), at(5, 23, 0)), "Today");
  assert.equal(dayName(at(4, 23, 59), at(5, 0, 1)), "Yesterday");
  assert.notEqual(dayName(at(1, 12, 0), at(5, 0, 1)), "Yesterday");
  assert.deepEqual(["Alex Rivera", "bea", "  李 雷 ", "🦊 fox", ""].map(initials), ["AR", "B", "李雷", "🦊F", "?"]);
  assert.equal(hue("u_7"), hue("u_7"));
  assert.ok(new Set(Array.from({ length: 50 }, (_, n) => hue(`u_${n}`))).size > 30);
});

test("limits are counted in characters as people see them, and room names are mended where that is safe", () => {
  const limits = { text: 10, frame: 16_384 };
  assert.equal(charactersLeft("12345", limits), 5);
  assert.equal(charactersLeft("🦊🦊", limits), 8);
  assert.equal(charactersLeft("e\u0301", limits), 9);
  assert.ok(charactersLeft("x".repeat(900), { text: 1_000, frame: 1_000 }) < 0);
  assert.equal(charactersLeft("x".repeat(100_000), { text: 0, frame: 0 }), Infinity);
  assert.equal(isNearLimit(Infinity, { text: 0 }), false);
  assert.equal(tidy("\n \n  indented\nsecond \n\n"), "  indented\nsecond");
  assert.equal(isNearLimit(2, limits), false);
  assert.equal(isNearLimit(1, limits), true);
  assert.deepEqual(["#general", " team blue ", "event:42", "", "naïve", "x".repeat(65)].map(roomIdFrom), ["general", "team-blue", "event:42", null, null, null]);
});
