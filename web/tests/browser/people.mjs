// People in front of the page: each in a browser context of their own, of a real Chromium (CHROMIUM or /usr/bin/chromium).
// Everything the browser complains about is kept, so that a test can demand that there was nothing.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, afterEach, before } from "node:test";
import { chromium } from "playwright-core";

export const URL_A = process.env.ROOKERY_URL_A ?? "http://127.0.0.1:8080";
export const URL_B = process.env.ROOKERY_URL_B ?? URL_A;

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: FLAGS });
}

/** A room that no other test and no earlier run has used. */
export function newRoom(prefix = "test-") {
  return prefix + randomBytes(6).toString("hex");
}

export class Person {
  /** What the browser complained about: console errors, uncaught errors, policy violations. */
  complaints = [];
  /** The nodes that welcomed this person, in order. */
  nodes = [];

  constructor(name, context, page) {
    this.name = name;
    this.context = context;
    this.page = page;
    this.field = page.getByRole("textbox", { name: /^Message to / });
    this.banner = page.locator("#banner");
    this.log = page.getByRole("region", { name: /^Messages/ });
    this.people = page.getByRole("complementary", { name: "People" });
  }

  async write(text) {
    await this.field.fill(text);
    // On a phone Enter begins a new line.
    const isPhone = await this.page.evaluate(() => matchMedia("(pointer: coarse)").matches);
    if (isPhone) await this.page.getByRole("button", { name: "Send" }).tap();
    else await this.field.press("Enter");
  }

  /** The link to a room in the list of rooms. */
  roomLink(room) {
    return this.page.locator(`.room-link[href="#${room}"]`);
  }

  /** Resolves when a room is the open one and is joined. */
  async isIn(room) {
    await this.page.locator(`.room-link[href="#${room}"][aria-current=page]`).waitFor({ state: "attached" });
    await this.page.locator("#online-count", { hasText: /\d online/ }).waitFor({ state: "attached" });
  }

  /** The message with exactly this text. */
  message(text) {
    return this.page.locator(".message").filter({ has: this.page.locator(".text", { hasText: exactly(text) }) });
  }

  /** Resolves when a message is there and the log has it (`stored` says that it is an own one). */
  async sees(text, { stored = false } = {}) {
    const message = this.message(text);
    await message.waitFor();
    if (stored) await message.getByRole("img", { name: "Stored" }).waitFor();
  }

  /** The texts of all messages that are shown, from top to bottom. */
  texts() {
    return this.page.locator(".message .text").evaluateAll((all) => all.map((one) => one.textContent));
  }

  /** Scrolls like a person who pulls the bar: to a share of the whole height, 0 being the top. */
  scrollTo(share) {
    return this.log.evaluate((log, to) => (log.scrollTop = to * (log.scrollHeight - log.clientHeight)), share);
  }
}

/**
 * A browser for the tests of a file, and the people in front of it. Behind each test all go, and nobody's browser
 * may have complained about anything.
 */
export function company() {
  let browser;
  let people = [];

  async function among(person) {
    people.push(await person);
    return person;
  }

  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());
  afterEach(async () => {
    const complaints = people.flatMap((person) => person.complaints);
    for (const person of people) await person.context.close();
    people = [];
    assert.deepEqual(complaints, []);
  });
  return {
    come: (options) => among(enter(browser, options)),
    comeToTheDoor: (options) => among(arrive(browser, options)),
    /** Somebody has closed the browser. */
    gone(person) {
      people = people.filter((other) => other !== person);
    },
  };
}

/** Opens the page, takes a name and waits until the room is joined. */
export async function enter(browser, { url = URL_A, name, room, ...options }) {
  const person = await arrive(browser, { url, name, room, ...options });
  await person.page.getByLabel("Your name").fill(name);
  await person.page.getByRole("button", { name: "Start chatting" }).click();
  await person.isIn(room);
  return person;
}

/** Opens the page and stays at the door. */
export async function arrive(browser, { url = URL_A, name, room, ...options }) {
  const context = await browser.newContext({ viewport: { width: 1240, height: 780 }, ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const person = new Person(name, context, page);
  listen(person);
  await page.goto(`${url}/#${room}`);
  return person;
}

function listen({ page, complaints, nodes }) {
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => {
      const frame = JSON.parse(payload);
      if (frame.type === "welcome") nodes.push(frame.node);
    });
  });
}

function exactly(text) {
  return new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+")}\\s*$`);
}
