// The conversation of the open room: draws the rows of the timeline by difference, keeps the place of the reader while
// things come and go above, sticks to the end while the reader is there, and asks for more at both ends.

import { timeline } from "../model/timeline.js";
import { counted } from "../model/wording.js";
import { byId, element, say } from "./element.js";
import { makeRow } from "./message_row.js";

const AT_END_PX = 48;
const LOAD_BEFORE_PX = 400;
/** More than this at once is a page of the log, not news. */
const MOST_NEWS = 10;

/** Event `edit` (detail: a text that the person wants back for writing). */
export class MessageLog extends EventTarget {
  #log = byId("log");
  #list = byId("messages");
  #top = byId("log-top");
  #bottom = byId("log-bottom");
  #toNewest = byId("to-newest");
  #chat;
  #room = null;
  #rows = new Map();
  #isAtEnd = true;
  /** As high as the log was when it was last looked at. */
  #height = 0;

  constructor(chat) {
    super();
    this.#chat = chat;
    this.#log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#list.addEventListener("click", (event) => this.#clicked(event));
    this.#top.addEventListener("click", ({ target }) => target.closest("button") && chat.loadOlder(this.#room));
    this.#toNewest.addEventListener("click", () => {
      // The button goes away, and the focus with it.
      this.#log.focus({ preventScroll: true });
      this.goToEnd();
    });
    document.addEventListener("visibilitychange", () => this.#tellReading());
    new ResizeObserver(() => this.#stick()).observe(this.#log);
  }

  render() {
    const room = this.#chat.current;
    const isOther = room !== this.#room;
    if (isOther) this.#startOver(room);
    const rows = room ? timeline(room, this.#chat.me) : [];
    this.#list.setAttribute("aria-live", !isOther && this.#areNews(rows) ? "polite" : "off");
    const place = this.#isAtEnd ? null : this.#place(rows);
    this.#draw(rows);
    this.#drawEnds(room);
    if (place) this.#log.scrollTop += place.row.getBoundingClientRect().top - place.top;
    else this.#stick();
    this.#drawToNewest(room);
    this.#tellReading();
    this.#loadMore();
  }

  /** Shows the newest message, loading it first if what is here ends before it. */
  async goToEnd() {
    this.#isAtEnd = true;
    if (this.#room?.hasNewer) await this.#chat.loadNewest(this.#room);
    this.#stick();
    this.#drawToNewest(this.#room);
    this.#tellReading();
  }

  #startOver(room) {
    this.#room = room;
    this.#isAtEnd = true;
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#log.setAttribute("aria-label", room ? `Messages in ${room.name}` : "Messages");
  }

  /** Whether what is about to be added came in at the end, a little at a time: only that is read out. */
  #areNews(rows) {
    const messages = rows.filter(({ kind }) => kind === "message");
    const isDrawn = ({ key }) => this.#rows.has(key);
    const lastDrawn = messages.findLastIndex(isDrawn);
    return messages.length - 1 - lastDrawn <= MOST_NEWS && messages.slice(0, lastDrawn + 1).every(isDrawn);
  }

  #draw(rows) {
    const wanted = new Set(rows.map(({ key }) => key));
    for (const [key, drawn] of this.#rows) {
      if (wanted.has(key)) continue;
      drawn.element.remove();
      this.#rows.delete(key);
    }
    let next = this.#list.firstElementChild;
    for (const row of rows) {
      const drawn = this.#rows.get(row.key) ?? this.#make(row);
      drawn.update(row);
      if (drawn.element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(drawn.element, next);
    }
  }

  #make(row) {
    const made = makeRow(row);
    made.element.dataset.key = row.key;
    this.#rows.set(row.key, made);
    return made;
  }

  #drawEnds(room) {
    const isEmpty = room && room.messages.length + room.unsent.length === 0;
    if (!room) this.#top.replaceChildren();
    else if (!room.joined && isEmpty) this.#top.replaceChildren(note(room.refusal ? `${room.refusal}.` : "Opening the room…"));
    else if (room.loadTrouble) this.#top.replaceChildren(note(`${room.loadTrouble}. `, element("button", { type: "button" }, "Try again")));
    else if (room.hasOlder) this.#top.replaceChildren(note(room.loading ? "Loading older messages…" : "\u00a0"));
    else this.#top.replaceChildren(beginning(room, isEmpty));
    say(this.#bottom, room?.hasNewer ? "Loading newer messages…" : "");
  }

  #drawToNewest(room) {
    const label = room?.unread ? `${counted(room.unread, "new message", "new messages")} ↓` : "Newest messages ↓";
    say(this.#toNewest, !room || this.#isAtEnd ? "" : label);
  }

  /** The first message in view that will still be there, and where it is, so that it can stay there. */
  #place(rows) {
    const kept = new Set(rows.map(({ key }) => key));
    const { top } = this.#log.getBoundingClientRect();
    for (const row of this.#list.getElementsByClassName("message")) {
      const box = row.getBoundingClientRect();
      if (box.bottom > top && kept.has(row.dataset.key)) return { row, top: box.top };
    }
    return null;
  }

  #stick() {
    if (this.#isAtEnd) this.#log.scrollTop = this.#log.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.#log;
    // The log became lower or higher, because of what is written below it: nobody scrolled.
    if (clientHeight !== this.#height) {
      this.#height = clientHeight;
      return this.#stick();
    }
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX && !this.#room?.hasNewer;
    this.#drawToNewest(this.#room);
    this.#tellReading();
    this.#loadMore();
  }

  #loadMore() {
    const room = this.#room;
    if (!room?.joined || room.loading || room.loadTrouble) return;
    const { scrollTop, clientHeight, scrollHeight } = this.#log;
    if (room.hasOlder && scrollTop < LOAD_BEFORE_PX) this.#chat.loadOlder(room);
    else if (room.hasNewer && scrollHeight - scrollTop - clientHeight < LOAD_BEFORE_PX) this.#chat.loadNewer(room);
  }

  #tellReading() {
    this.#chat.setReading(this.#isAtEnd && document.visibilityState === "visible");
  }

  #clicked({ target }) {
    const action = target.closest("button")?.dataset.action;
    const nonce = target.closest(".message")?.dataset.key.replace(/^own /, "");
    if (action === "retry") this.#chat.retry(nonce);
    if (action === "discard") this.#chat.discard(nonce);
    if (action === "edit") this.dispatchEvent(new CustomEvent("edit", { detail: this.#chat.takeBack(nonce) }));
  }
}

function note(...parts) {
  return element("p", { class: "log-note quiet" }, ...parts);
}

function beginning(room, isEmpty) {
  if (isEmpty) return opening("Nothing here yet", `Say the first word in ${room.name}.`);
  return opening(`The beginning of ${room.name}`, room.messages[0]?.seq > 1 ? "Nothing older is kept." : "");
}

function opening(title, words) {
  return element("div", { class: "beginning" }, element("strong", {}, title), element("p", { class: "quiet" }, words));
}
