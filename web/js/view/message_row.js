// The rows of the conversation as elements. Each is built once and then changed only where it must be, so that screen
// readers hear a message once and nothing jumps when its state changes.

import { Status } from "../model/room.js";
import { clockTime, dayName, longTime, shortTime } from "../model/wording.js";
import { avatar, tint } from "./avatar.js";
import { element, spoken } from "./element.js";
import { withLinks } from "./links.js";

/** A row for `row.kind`: has `element` and `update(row)`. */
export function makeRow({ kind }) {
  if (kind === "day") return new DayRow();
  if (kind === "new") return new NewRow();
  return new MessageRow();
}

class DayRow {
  #name = element("span");
  element = element("h2", { class: "day" }, this.#name);

  update({ ts }) {
    setText(this.#name, dayName(ts));
  }
}

class NewRow {
  element = element("div", { class: "new-mark" }, element("span", {}, "New"));

  update() {}
}

class MessageRow {
  element = element("div", { class: "message" });
  #text = element("p", { class: "text", dir: "auto" });
  #mark = element("span", { class: "mark", role: "img" });
  #fate = element("p", { class: "fate" });
  #time = element("time");
  #formatTime = clockTime;
  #shape = null;
  #state = null;

  update(row) {
    const { message, status, reason, startsGroup } = row;
    const { from, text, edited_at, deleted } = message;
    const shape = JSON.stringify([startsGroup, from, text, edited_at, deleted]);
    if (shape !== this.#shape) this.#build(row);
    this.#shape = shape;
    this.#showTime(message.ts);
    const state = JSON.stringify([status, reason]);
    if (state !== this.#state) this.#showState(row);
    this.#state = state;
  }

  #build({ message, own, startsGroup }) {
    const { from, text, edited_at, deleted } = message;
    this.element.classList.toggle("starts-group", startsGroup);
    this.#formatTime = startsGroup ? clockTime : shortTime;
    this.#text.classList.toggle("quiet", Boolean(deleted));
    this.#text.replaceChildren(...(deleted ? ["This message was deleted"] : withLinks(text)));
    if (edited_at && !deleted) this.#text.append(element("span", { class: "quiet" }, " (edited)"));
    if (own && !deleted) this.#text.append(this.#mark);
    const opening = startsGroup
      ? [element("div", { class: "gutter" }, avatar(from)), element("div", { class: "head" }, author(from), this.#time)]
      : [element("div", { class: "gutter" }, this.#time), spoken(`${from.name}: `)];
    this.element.replaceChildren(...opening, this.#text, this.#fate);
  }

  #showTime(ts) {
    const datetime = new Date(ts).toISOString();
    if (this.#time.dateTime !== datetime) {
      this.#time.dateTime = datetime;
      this.#time.title = longTime(ts);
    }
    setText(this.#time, this.#formatTime(ts));
  }

  #showState({ status, reason }) {
    const isStored = status === null || status === Status.STORED;
    this.element.classList.toggle("is-pending", status === Status.PENDING || status === Status.WAITING);
    this.element.classList.toggle("is-failed", status === Status.FAILED);
    this.#mark.classList.toggle("is-stored", isStored);
    this.#mark.hidden = status === Status.FAILED;
    this.#mark.title = isStored ? "Stored" : "Sending";
    this.#mark.setAttribute("aria-label", this.#mark.title);
    this.#fate.classList.toggle("trouble", status === Status.FAILED);
    this.#fate.replaceChildren(...fate(status, reason));
  }
}

function author({ id, name }) {
  const made = element("span", { class: "author", dir: "auto", title: id }, name);
  tint(made, id);
  return made;
}

/** What there is to say about a message that could not be stored yet, and what can be done. */
function fate(status, reason) {
  if (status === Status.WAITING) return [`${reason}. Trying again by itself…`];
  if (status !== Status.FAILED) return [];
  return [
    `Not sent: ${reason}. `,
    element("button", { type: "button", "data-action": "retry" }, "Try again"),
    element("button", { type: "button", "data-action": "edit" }, "Edit"),
    element("button", { type: "button", "data-action": "discard" }, "Discard"),
  ];
}

function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
