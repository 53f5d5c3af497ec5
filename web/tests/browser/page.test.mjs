// The page itself: narrow windows, keyboard and screen readers, and the policy that it lives under.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { arrive, enter, launch, newRoom, URL_A } from "./people.mjs";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

let browser;

before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function assertFits(person, what) {
  const { content, shown } = await person.page.evaluate(() => ({ content: document.documentElement.scrollWidth, shown: innerWidth }));
  assert.ok(content <= shown, `${what}: ${content} px of content in ${shown} px`);
  const outside = await person.page.evaluate(() =>
    [...document.querySelectorAll("#app button, #app input, #app textarea, #app .text, #sign-in *")]
      .filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().right > innerWidth + 1)
      .map((one) => one.outerHTML.slice(0, 80)),
  );
  assert.deepEqual(outside, [], what);
}

for (const width of [320, 390]) {
  test(`nothing is wider than a phone of ${width} px, and the drawers open and close`, async () => {
    const phone = { viewport: { width, height: 640 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2, reducedMotion: "reduce" };
    const room = newRoom("a-room-with-quite-a-long-name-");
    const door = await arrive(browser, { name: "Alex", room, ...phone });
    await assertFits(door, "taking a name");
    await door.context.close();

    const alex = await enter(browser, { name: "Wolfeschlegelsteinhausenbergerdorff the Third", room, ...phone });
    await alex.write("x".repeat(500));
    await alex.write("https://example.org/" + "a/".repeat(100));
    await alex.page.locator(".mark.is-stored").nth(1).waitFor();
    await assertFits(alex, "the conversation");

    const rooms = alex.page.getByRole("navigation", { name: "Rooms" });
    const opener = alex.page.getByRole("button", { name: "Rooms", exact: true });
    assert.equal(await rooms.isVisible(), false);
    await opener.tap();
    await alex.roomLink(room).waitFor();
    await assertFits(alex, "the rooms");
    await alex.page.keyboard.press("Escape");
    await rooms.waitFor({ state: "hidden" });
    assert.ok(await opener.evaluate((button) => button === document.activeElement), "focus returns to the button");

    await alex.page.getByRole("button", { name: "1 online" }).tap();
    await alex.people.getByText("you", { exact: true }).waitFor();
    await assertFits(alex, "the people");
    await alex.people.getByRole("button", { name: "Close" }).tap();
    await alex.people.waitFor({ state: "hidden" });
    assert.deepEqual(alex.complaints, []);
    await alex.context.close();
  });
}

test("the strict policy is sent, and nothing offends against it", async () => {
  const answer = await fetch(URL_A);
  assert.equal(answer.headers.get("content-security-policy"), POLICY);
  for (const file of ["/style.css", "/js/main.js", "/icon.svg"]) assert.equal((await fetch(URL_A + file)).status, 200, file);

  const alex = await enter(browser, { name: "Alex", room: newRoom() });
  await alex.write("hello");
  await alex.sees("hello", { stored: true });
  const blocked = await alex.page.evaluate(async () => {
    const violation = new Promise((resolve) => addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), { once: true }));
    const script = document.createElement("script");
    script.textContent = "window.wasRun = true";
    document.body.append(script);
    return [await violation, window.wasRun];
  });
  assert.deepEqual(blocked, ["script-src-elem", undefined]);
  assert.ok(alex.complaints.every((complaint) => complaint.includes("inline script")), "only the one that was provoked");
  await alex.context.close();
});

test("everything that can be used has a name, and the keyboard reaches it", async () => {
  const alex = await enter(browser, { name: "Alex", room: newRoom() });
  await alex.write("hello");
  await alex.sees("hello", { stored: true });
  const session = await alex.context.newCDPSession(alex.page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const usable = nodes.filter(({ ignored, role }) => !ignored && ["button", "link", "textbox", "navigation", "log", "region", "complementary"].includes(role?.value));
  assert.ok(usable.length >= 10, `${usable.length} parts`);
  assert.deepEqual(usable.filter(({ name, role }) => !name?.value && role.value !== "log").map(({ role }) => role.value), []);
  const log = nodes.find(({ role }) => role?.value === "log");
  assert.equal(log.properties.find(({ name }) => name === "live").value.value, "polite");

  const reached = [];
  while (!reached.includes("Skip to the message field") && reached.length < 40) {
    await alex.page.keyboard.press("Tab");
    reached.push(await alex.page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim()));
  }
  assert.equal(reached.at(-1), "Skip to the message field", `the keyboard reached ${reached}`);
  await alex.page.keyboard.press("Enter");
  assert.ok(await alex.field.evaluate((field) => field === document.activeElement));
  await alex.page.keyboard.type("by keyboard alone");
  await alex.page.keyboard.press("Enter");
  await alex.sees("by keyboard alone", { stored: true });
  assert.deepEqual(alex.complaints, []);
  await alex.context.close();
});

for (const colorScheme of ["light", "dark"]) {
  test(`text has enough contrast in the ${colorScheme} scheme`, async () => {
    const alex = await enter(browser, { name: "Alex", room: newRoom(), colorScheme });
    await alex.write("hello");
    await alex.sees("hello", { stored: true });
    // And one that is still on its way.
    await alex.page.evaluate(() => (WebSocket.prototype.send = () => {}));
    await alex.write("pending");
    await alex.page.locator(".is-pending").waitFor();
    const contrasts = await alex.page.evaluate(contrastsOfText);
    assert.ok(contrasts.length > 8);
    assert.ok(contrasts.some(({ text }) => text === "pending"));
    assert.deepEqual(contrasts.filter(({ ratio }) => ratio < 4.5), []);
    await alex.context.close();
  });
}

/** Runs in the page: the contrast of each visible text against the ground that it stands on, as WCAG counts it. */
function contrastsOfText() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const [r, g, b] = channels(colour).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (start) => {
    for (let one = start; one; one = one.parentElement) {
      const { backgroundColor } = getComputedStyle(one);
      if (channels(backgroundColor)[3] === 255) return backgroundColor;
    }
    return "white";
  };
  /** The colour of a text as it is seen: what is translucent is mixed with the ground. */
  const mixed = (one) => {
    let opacity = 1;
    for (let each = one; each; each = each.parentElement) opacity *= Number(getComputedStyle(each).opacity);
    const [ink, behind] = [channels(getComputedStyle(one).color), channels(ground(one))];
    return `rgb(${[0, 1, 2].map((at) => ink[at] * opacity + behind[at] * (1 - opacity)).join(" ")})`;
  };
  const hasText = (one) => [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  return [...document.querySelectorAll("#app *")]
    .filter((one) => hasText(one) && one.checkVisibility({ visibilityProperty: true }) && !one.closest(".visually-hidden, .skip, :disabled, svg"))
    .map((one) => {
      const [dark, light] = [luminance(mixed(one)), luminance(ground(one))].sort((a, b) => a - b);
      return { text: one.textContent.slice(0, 30), ratio: Math.round(((light + 0.05) / (dark + 0.05)) * 100) / 100 };
    });
}
