// Where the person writes: Enter sends and Shift+Enter starts a new line; on a phone Enter starts a new line and the
// button sends. Each room keeps its own draft.

import { charactersLeft, isNearLimit, tidy } from "../model/limits.js";
import { TypingSignal } from "../model/typing_signal.js";
import { typingLine } from "../model/wording.js";
import { Drafts } from "./drafts.js";
import { byId, say } from "./element.js";

/** What `keyCode` is while an input method has the key, in browsers that end the composition before `keydown`. */
const TAKEN_BY_INPUT_METHOD = 229;

/** Event `written` after a message was written. */
export class Composer extends EventTarget {
  #text = byId("text");
  #form = byId("composer");
  #send = this.#form.querySelector("button");
  #left = byId("text-left");
  #chat;
  #roomId = null;
  #drafts = new Drafts();
  #me = null;
  #signal = new TypingSignal();

  constructor(chat) {
    super();
    this.#chat = chat;
    this.#text.addEventListener("input", () => this.#changed());
    this.#text.addEventListener("keydown", (event) => this.#pressed(event));
    addEventListener("resize", () => this.#resize());
    const touch = matchMedia("(pointer: coarse)");
    const showKey = () => (this.#text.enterKeyHint = touch.matches ? "enter" : "send");
    touch.addEventListener("change", showKey);
    showKey();
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  render() {
    const room = this.#chat.current;
    const me = this.#chat.me?.id ?? null;
    if (me !== this.#me) this.#isNow(me);
    if (room?.id !== this.#roomId) this.#switchTo(room);
    this.#form.hidden = !room || room.isRefused;
    const names = room ? [...room.typists.values()].map(({ name }) => name) : [];
    const line = byId("typing");
    if (line.textContent !== typingLine(names)) line.textContent = typingLine(names);
    this.#showLimit();
  }

  focus() {
    this.#text.focus();
  }

  /** Puts a text back into the field, before whatever is there. */
  takeBack(text) {
    const present = this.#text.value;
    this.#text.value = present ? `${text}\n${present}` : text;
    this.#drafts.set(this.#roomId, this.#text.value);
    this.#resize();
    this.#showLimit();
    this.focus();
  }

  /** Somebody is known to be here: their drafts come back, and nobody else's stay. */
  #isNow(me) {
    const isAnother = this.#me !== null;
    this.#me = me;
    this.#drafts.belongTo(me);
    if (isAnother || this.#text.value === "") this.#text.value = this.#drafts.get(this.#roomId);
    this.#resize();
  }

  #switchTo(room) {
    this.#tell(this.#signal.ended());
    this.#roomId = room?.id ?? null;
    this.#text.value = this.#drafts.get(this.#roomId);
    const label = room ? `Message to ${room.name}` : "Message";
    byId("text-label").textContent = label;
    this.#text.placeholder = label;
    this.#resize();
  }

  #changed() {
    this.#drafts.set(this.#roomId, this.#text.value);
    this.#resize();
    this.#showLimit();
    this.#tell(this.#signal.changed(this.#text.value, Date.now()));
  }

  #pressed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === TAKEN_BY_INPUT_METHOD) return;
    if (matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const text = tidy(this.#text.value);
    if (text === "" || !this.#chat.current || charactersLeft(text, this.#chat.limits) < 0) return;
    this.#text.value = "";
    this.#drafts.set(this.#roomId, "");
    this.#tell(this.#signal.ended());
    this.#chat.write(text);
    this.#resize();
    this.#showLimit();
    this.focus();
    this.dispatchEvent(new Event("written"));
  }

  #tell(on) {
    if (on !== null && this.#chat.currentId === this.#roomId) this.#chat.tellTyping(on);
  }

  #showLimit() {
    const text = tidy(this.#text.value);
    const left = charactersLeft(text, this.#chat.limits);
    const words = left < 0 ? `${(-left).toLocaleString()} too many` : `${left.toLocaleString()} left`;
    say(this.#left, isNearLimit(left, this.#chat.limits) ? words : "");
    this.#left.classList.toggle("is-over", left < 0);
    this.#send.disabled = text === "" || left < 0;
    this.#text.setAttribute("aria-invalid", left < 0);
  }

  /** As high as the text. While it is measured the form keeps its height, else the log above would be scrolled. */
  #resize() {
    this.#form.style.height = `${this.#form.offsetHeight}px`;
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
    this.#form.style.height = "";
  }
}
