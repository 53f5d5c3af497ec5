// The list of rooms, as links, so that they work like links, and the field to join or make another.

import { roomIdTyped } from "../model/limits.js";
import { counted } from "../model/wording.js";
import { byId, element, say, spoken } from "./element.js";

/** Event `opened` after somebody chose a room. */
export class RoomList extends EventTarget {
  #list = byId("room-list");
  #input = byId("join-room");
  #trouble = byId("join-trouble");
  #chat;
  #drawers;
  #drawn = "";

  constructor(chat, drawers) {
    super();
    this.#chat = chat;
    this.#drawers = drawers;
    this.#list.addEventListener("click", ({ target }) => {
      if (!target.closest("a")) return;
      drawers.close();
      this.dispatchEvent(new Event("opened"));
    });
    byId("join-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#join();
    });
    this.#input.addEventListener("input", () => say(this.#trouble, ""));
  }

  render() {
    const rooms = [...this.#chat.rooms.values()];
    const { currentId } = this.#chat;
    const { notFollowed } = this.#chat;
    const drawn = JSON.stringify([currentId, notFollowed, rooms.map(({ id, name, unread, refusal }) => [id, name, unread, refusal])]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const focused = document.activeElement?.closest?.(".room-link")?.getAttribute("href");
    this.#list.replaceChildren(...rooms.map((room) => item(room, room.id === currentId)));
    say(byId("rooms-more"), notFollowed > 0 ? `${counted(notFollowed, "room is", "rooms are")} not followed until opened` : "");
    if (focused) this.#list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
    byId("unread-elsewhere").hidden = !rooms.some(({ id, unread }) => id !== currentId && unread > 0);
  }

  #join() {
    const typed = this.#input.value;
    const id = roomIdTyped(typed, this.#chat.rooms.values());
    if (!id) {
      say(this.#trouble, typed.trim() ? "A room's name has up to 64 letters a–z, digits and _ . : -" : "Which room?");
      return;
    }
    this.#input.value = "";
    this.#drawers.close();
    location.hash = id;
    this.dispatchEvent(new Event("opened"));
  }
}

/** What stands before the colon of an id: rooms of different kinds may have the same name. */
function prefixOf(id) {
  return id.includes(":") ? id.slice(0, id.lastIndexOf(":")) : "";
}

function item({ id, name, unread, refusal }, isCurrent) {
  const link = element(
    "a",
    { class: "room-link", href: `#${id}`, "aria-current": isCurrent ? "page" : null, title: refusal },
    element("span", { class: "hash", "aria-hidden": "true" }, "#"),
    element("span", { class: "room-link-name" }, name),
    prefixOf(id) && element("span", { class: "room-prefix quiet" }, prefixOf(id)),
  );
  if (unread > 0 && !isCurrent) {
    const badge = unread > 99 ? "99+" : String(unread);
    link.classList.add("has-unread");
    link.append(element("span", { class: "badge", "aria-hidden": "true" }, badge), spoken(`, ${counted(unread, "unread message", "unread messages")}`));
  }
  return element("li", {}, link);
}
