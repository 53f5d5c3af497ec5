// Writing: several lines, input methods, phones, drafts, links, and what failed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { company, newRoom } from "./people.mjs";

const PHONE = { viewport: { width: 390, height: 700 }, isMobile: true, hasTouch: true, reducedMotion: "reduce" };

const { come, comeToTheDoor } = company();

const isFocused = (locator) => locator.evaluate((one) => one === document.activeElement);

test("whoever writes several lines stays at the end of the log and sees what comes", async () => {
  const room = newRoom();
  const alex = await come({ name: "Alex", room });
  const bea = await come({ name: "Bea", room });
  for (let number = 1; number <= 30; number += 1) await alex.write(`line ${number}`);
  await alex.sees("line 30", { stored: true });
  await alex.field.pressSequentially("one");
  for (const word of ["two", "three", "four", "five"]) {
    await alex.field.press("Shift+Enter");
    await alex.field.pressSequentially(word);
  }
  await bea.write("do you see this?");
  await alex.sees("do you see this?");
  const message = await alex.message("do you see this?").boundingBox();
  const log = await alex.log.boundingBox();
  assert.ok(message.y + message.height <= log.y + log.height + 1, `the message ends at ${message.y + message.height} of ${log.y + log.height}`);
  assert.equal(await alex.page.getByRole("button", { name: /Newest|new message/ }).isVisible(), false);
});

test("the Enter that confirms a composition sends nothing", async () => {
  const alex = await come({ name: "Alex", room: newRoom() });
  await alex.field.fill("にほん");
  // As Safari does it: the composition has ended already, and only keyCode tells.
  await alex.field.evaluate((field) => field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true, cancelable: true })));
  assert.equal(await alex.field.inputValue(), "にほん");
  await alex.field.press("Enter");
  await alex.sees("にほん", { stored: true });
});

test("on a phone Enter begins a new line and the button sends", async () => {
  const alex = await come({ name: "Alex", room: newRoom(), ...PHONE });
  await alex.field.tap();
  await alex.page.keyboard.type("first");
  await alex.page.keyboard.press("Enter");
  await alex.page.keyboard.type("second");
  assert.equal(await alex.field.inputValue(), "first\nsecond");
  await alex.page.getByRole("button", { name: "Send" }).tap();
  const text = alex.page.locator(".text", { hasText: "first" });
  await text.waitFor();
  assert.equal((await text.innerText()).trim(), "first\nsecond");
});

test("a draft outlives a reload, and the next person at the tab is not shown it", async () => {
  const room = newRoom();
  const alex = await come({ name: "Alex", room });
  await alex.field.fill("half a thought");
  await alex.page.reload();
  await alex.isIn(room);
  await alex.page.waitForFunction(() => document.getElementById("text").value === "half a thought");
  // Alex's session ends, and somebody else takes a name at the same tab.
  await alex.page.evaluate(() => sessionStorage.removeItem("rookery.identity"));
  await alex.page.reload();
  await alex.page.getByLabel("Your name").fill("Zoe");
  await alex.page.getByRole("button", { name: "Start chatting" }).click();
  await alex.isIn(room);
  await alex.people.getByText("Zoe", { exact: true }).waitFor();
  assert.equal(await alex.field.inputValue(), "");
});

test("an address of the web is a link, and nothing else is", async () => {
  const room = newRoom();
  const alex = await come({ name: "Alex", room });
  await alex.write("see https://example.org/a_(b)?c=1. Not javascript:alert(1) (http://example.org/x)");
  await alex.page.locator(".text a").nth(1).waitFor();
  const links = await alex.page.locator(".text a").evaluateAll((all) => all.map((one) => [one.getAttribute("href"), one.rel, one.target]));
  assert.deepEqual(links, [
    ["https://example.org/a_(b)?c=1", "noopener noreferrer", "_blank"],
    ["http://example.org/x", "noopener noreferrer", "_blank"],
  ]);
});

test("a message that failed can be thrown away", async () => {
  const alex = await come({ name: "Alex", room: newRoom() });
  await alex.write("bell \u0007 rings");
  await alex.page.getByText(/Not sent: /).waitFor();
  await alex.page.getByRole("button", { name: "Discard" }).click();
  await alex.page.getByText(/Not sent: /).waitFor({ state: "detached" });
  assert.deepEqual(await alex.texts(), []);
});

test("a room's name leads to the room that has it, in whatever case, and kinds of rooms can be told apart", async () => {
  const party = newRoom("party-");
  const alex = await come({ name: "Alex", room: party });
  const join = async (typed) => {
    await alex.page.getByLabel("Join or create a room").fill(typed);
    await alex.page.keyboard.press("Enter");
  };
  await join(`event:${party}`);
  await alex.isIn(`event:${party}`);
  await alex.roomLink(`event:${party}`).getByText("event", { exact: true }).waitFor();
  await join(party.toUpperCase());
  await alex.isIn(party);
  await join("General");
  await alex.isIn("general");
});

test("the focus is where one goes on behind a choice", async () => {
  const [room, other] = [newRoom(), newRoom()];
  const alex = await come({ name: "Alex", room });
  await alex.page.getByLabel("Join or create a room").fill(other);
  await alex.page.keyboard.press("Enter");
  await alex.isIn(other);
  assert.ok(await isFocused(alex.field));
  await alex.roomLink(room).click();
  await alex.isIn(room);
  assert.ok(await isFocused(alex.field));
  for (let number = 1; number <= 40; number += 1) await alex.write(`line ${number}`);
  await alex.sees("line 40", { stored: true });
  await alex.scrollTo(0);
  await alex.page.getByRole("button", { name: "Newest messages" }).click();
  assert.ok(await isFocused(alex.log));
});

test("a token that is refused is called one, and stays to be looked at", async () => {
  const alex = await comeToTheDoor({ name: "Alex", room: newRoom() });
  await alex.page.getByText("I have a token").click();
  await alex.page.getByLabel("Token").fill("not.a.token");
  await alex.page.getByRole("button", { name: "Start chatting" }).click();
  await alex.page.getByRole("alert").getByText(/This token is refused/).waitFor();
  assert.equal(await alex.page.getByLabel("Token").inputValue(), "not.a.token");
});

test("a long name is cut, and what stands beside it stays in its row", async () => {
  const room = newRoom();
  const alex = await come({ name: "W".repeat(64), room });
  const bea = await come({ name: "M".repeat(64), room });
  await bea.write("hello");
  await alex.sees("hello");
  const outside = await alex.page.evaluate(() =>
    [...document.querySelectorAll("#people-list *, #me *, .head *")]
      .filter((one) => one.getBoundingClientRect().right > one.closest("#people-list, #me, .message").getBoundingClientRect().right + 1)
      .map((one) => one.outerHTML.slice(0, 80)),
  );
  assert.deepEqual(outside, []);
});
