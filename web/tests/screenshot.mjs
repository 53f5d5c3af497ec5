// Takes the README's picture of the page: two people who really talk to each other, each in a browser of their own.
//
//   npm run screenshot --prefix web/tests -- "$PWD/docs/page.png"

import { enter, launch, URL_A, URL_B } from "./browser/people.mjs";

const [file] = process.argv.slice(2);
if (!file) {
  console.error("Where to? Give the path of the picture: node screenshot.mjs page.png");
  process.exit(2);
}

const browser = await launch();
const look = { viewport: { width: 1180, height: 760 }, deviceScaleFactor: 2, colorScheme: "light", locale: "en-GB" };
const alex = await enter(browser, { url: URL_A, name: "Alex Rivera", room: "general", ...look });
for (const room of ["garden-party", "releases"]) {
  await alex.page.getByLabel("Join or create a room").fill(room);
  await alex.page.keyboard.press("Enter");
  await alex.isIn(room);
}
await alex.roomLink("general").click();

const bea = await enter(browser, { url: URL_B, name: "Bea Okafor", room: "general" });
const say = async (person, text) => {
  await person.field.fill(text);
  await person.field.press("Enter");
  for (const reader of [alex, bea]) await reader.page.locator(".text", { hasText: text.split("\n")[0] }).last().waitFor();
};
await say(alex, "Hello! Is anybody here yet? ☕");
await say(bea, "Just came in. So this is our own chat now?");
await say(alex, "It is. It runs on the machine under my desk.");
await say(alex, "To try it on yours:\n\n    cargo run --release\n\nand then open http://127.0.0.1:8080");
await say(bea, "One command? I expected a weekend of YAML.");
await say(bea, "Wait, what is this <b>bold</b> doing? Ah. Text stays text. Good.");
await say(alex, "Go through a tunnel and write something; it goes out when you are back, once.");
await say(bea, "I will on the train home. Did you see garden-party? 🌻");
await say(alex, "Not yet, what is in there?");

await bea.page.goto(`${URL_B}/#garden-party`);
await bea.isIn("garden-party");
for (const text of ["Saturday, from four", "Bring a chair, and somebody who can grill"]) {
  await bea.write(text);
  await bea.sees(text, { stored: true });
}
await bea.page.goto(`${URL_B}/#general`);
await alex.roomLink("garden-party").getByText("2 unread").waitFor({ state: "attached" });
await alex.field.fill("Ah, now I see it");
await bea.field.pressSequentially("Have a look");
await alex.page.getByText("\u2068Bea Okafor\u2069 is typing…").waitFor();
await alex.page.screenshot({ path: file });
await browser.close();
console.log(`${file} is there`);
