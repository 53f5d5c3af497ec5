// Two people talk to each other, through two ways in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { company, newRoom, URL_A, URL_B } from "./people.mjs";

const { come, gone } = company();

async function alexAndBea(room) {
  const alex = await come({ url: URL_A, name: "Alex", room });
  const bea = await come({ url: URL_B, name: "Bea", room });
  return { alex, bea };
}

test("they see each other come and go, and each one's messages once and in one order", async () => {
  const { alex, bea } = await alexAndBea(newRoom());
  for (const person of [alex, bea]) {
    for (const name of ["Alex", "Bea"]) await person.people.getByText(name, { exact: true }).waitFor();
    await person.people.getByRole("heading", { name: "Online – 2" }).waitFor();
  }

  for (let round = 1; round <= 5; round += 1) {
    await alex.write(`question ${round}`);
    await bea.sees(`question ${round}`);
    await bea.write(`answer ${round}`);
    await alex.sees(`answer ${round}`);
  }
  const inOneGo = async (person, texts) => {
    for (const text of texts) await person.write(text);
  };
  await Promise.all([inOneGo(alex, ["a1", "a2", "a3"]), inOneGo(bea, ["b1", "b2", "b3"])]);
  for (const text of ["a1", "a2", "a3"]) await alex.sees(text, { stored: true });
  for (const text of ["b1", "b2", "b3"]) await bea.sees(text, { stored: true });
  for (const text of ["a3", "b3"]) await Promise.all([alex.sees(text), bea.sees(text)]);
  const texts = await alex.texts();
  assert.equal(texts.length, 16);
  assert.equal(new Set(texts).size, 16);
  assert.deepEqual(await bea.texts(), texts);

  await bea.context.close();
  gone(bea);
  await alex.people.getByText("Bea", { exact: true }).waitFor({ state: "detached" });
});

test("a line tells who is typing, and ends with the message", async () => {
  const { alex, bea } = await alexAndBea(newRoom());
  const line = alex.page.getByText("\u2068Bea\u2069 is typing…");
  await bea.field.pressSequentially("let me think");
  await line.waitFor();
  await bea.field.press("Enter");
  await alex.sees("let me think");
  await line.waitFor({ state: "detached" });

  await bea.field.pressSequentially("or not");
  await line.waitFor();
  await bea.field.fill("");
  await line.waitFor({ state: "detached" });
});

test("text is shown as text, with its lines, and nothing in it is run", async () => {
  const { alex, bea } = await alexAndBea(newRoom());
  const hostile = "<img src=x onerror=alert(1)><script>alert(2)</script> & https://example.org/?a=<b>";
  await bea.write(hostile);
  await alex.sees(hostile);
  assert.equal(await alex.page.locator(".message img:not([role]), .message script").count(), 0);
  assert.equal(await alex.page.locator(".message a").getAttribute("href"), "https://example.org/?a=");

  await bea.field.fill("first line");
  await bea.field.press("Shift+Enter");
  await bea.field.pressSequentially("second line");
  await bea.field.press("Enter");
  const text = alex.page.locator(".text", { hasText: "first line" });
  await text.waitFor();
  assert.equal((await text.innerText()).trim(), "first line\nsecond line");
});

test("older messages come on scrolling up, in their place, without moving what is read", async () => {
  const room = newRoom();
  const alex = await come({ url: URL_A, name: "Alex", room });
  const all = Array.from({ length: 130 }, (_, index) => `line ${index + 1}`);
  for (const text of all) await alex.write(text);
  await alex.sees(all.at(-1), { stored: true });

  const bea = await come({ url: URL_B, name: "Bea", room });
  await bea.sees(all.at(-1));
  const shown = await bea.texts();
  assert.deepEqual(shown, all.slice(-shown.length));
  assert.ok(shown.length < all.length, "not all of it at once");

  // A person who reads: what is in view stays where it is while older messages are put above it.
  const anchor = bea.message(shown[0]);
  await bea.scrollTo(0);
  await bea.page.waitForFunction((count) => document.querySelectorAll(".message").length > count, shown.length);
  const box = await anchor.boundingBox();
  const frame = await bea.log.boundingBox();
  assert.ok(box.y >= frame.y && box.y < frame.y + frame.height, `the first message that was in view is at ${box.y}`);

  while (!(await bea.page.getByText(/^The beginning of /).isVisible())) {
    const count = (await bea.texts()).length;
    await bea.scrollTo(0);
    await bea.page.waitForFunction(
      ([before]) => document.querySelectorAll(".message").length > before || document.querySelector(".beginning"),
      [count],
    );
  }
  assert.deepEqual(await bea.texts(), all);

  await bea.scrollTo(0);
  await alex.write("news");
  await bea.page.getByRole("button", { name: "1 new message" }).click();
  await bea.sees("news");
  await bea.page.getByRole("button", { name: /new message/ }).waitFor({ state: "hidden" });
});

test("a room that is not in view counts what is unread; rooms can be joined and left", async () => {
  const room = newRoom();
  const other = newRoom();
  const { alex, bea } = await alexAndBea(room);
  await alex.page.getByLabel("Join or create a room").fill(other);
  await alex.page.keyboard.press("Enter");
  await alex.page.getByText("Nothing here yet").waitFor();
  await bea.write("are you there?");
  await bea.write("hello?");
  const link = alex.roomLink(room);
  await link.getByText("2 unread messages").waitFor({ state: "attached" });
  await alex.page.waitForFunction(() => document.title.startsWith("(2) "));
  await link.click();
  await alex.sees("hello?");
  await alex.page.getByText("New", { exact: true }).waitFor();
  await alex.page.waitForFunction(() => !document.title.startsWith("("));

  await alex.page.getByRole("button", { name: /^Leave / }).click();
  await alex.isIn(other);
  await bea.people.getByText("Alex", { exact: true }).waitFor({ state: "detached" });

  await alex.page.getByLabel("Join or create a room").fill("what/is this?");
  await alex.page.keyboard.press("Enter");
  await alex.page.getByRole("alert").getByText("up to 64 letters").waitFor();
});

test("a text that is too long stays in the field and says by how much", async () => {
  const alex = await come({ name: "Alex", room: newRoom() });
  await alex.field.fill("x".repeat(3_950));
  await alex.page.getByText("50 left").waitFor();
  await alex.field.fill("x".repeat(4_003));
  await alex.page.getByText("3 too many").waitFor();
  await alex.field.press("Enter");
  assert.ok(await alex.page.getByRole("button", { name: "Send" }).isDisabled());
  assert.equal((await alex.field.inputValue()).length, 4_003);
  await alex.field.fill("🦊".repeat(4_000));
  await alex.page.getByText("0 left", { exact: true }).waitFor();
  await alex.field.press("Enter");
  await alex.sees("🦊".repeat(4_000), { stored: true });
});

test("a message that the server refuses says why and can be changed", async () => {
  const { alex, bea } = await alexAndBea(newRoom());
  await alex.write("bell \u0007 rings");
  await alex.page.getByText(/Not sent: .*control character/).waitFor();
  await alex.page.getByRole("button", { name: "Edit" }).click();
  assert.equal(await alex.field.inputValue(), "bell \u0007 rings");
  await alex.write("the bell rings");
  await bea.sees("the bell rings");
  assert.deepEqual(await alex.texts(), ["the bell rings"]);
});
