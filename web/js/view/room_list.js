// The list of rooms, as links, so that they work like links, and the field to join or make another.

import { roomIdFrom } from "../model/limits.js";
import { counted } from "../model/wording.js";
import { byId, element, say, spoken } from "./element.js";

export class RoomList {
  #list = byId("room-list");
  #input = byId("join-room");
  #trouble = byId("join-trouble");
  #chat;
  #drawers;
  #drawn = "";

  constructor(chat, drawers) {
    this.#chat = chat;
    this.#drawers = drawers;
    this.#list.addEventListener("click", ({ target }) => {
      if (target.closest("a")) drawers.close();
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
    const drawn = JSON.stringify([currentId, rooms.map(({ id, name, unread, refusal }) => [id, name, unread, refusal])]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const focused = document.activeElement?.closest?.(".room-link")?.getAttribute("href");
    this.#list.replaceChildren(...rooms.map((room) => item(room, room.id === currentId)));
    if (focused) this.#list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
    byId("unread-elsewhere").hidden = !rooms.some(({ id, unread }) => id !== currentId && unread > 0);
  }

  #join() {
    const typed = this.#input.value;
    const id = roomIdFrom(typed);
    if (!id) {
      say(this.#trouble, typed.trim() ? "A room's name has up to 64 letters a–z, digits and _ . : -" : "Which room?");
      return;
    }
    this.#input.value = "";
    this.#drawers.close();
    location.hash = id;
    byId("text").focus();
  }
}

function item({ id, name, unread, refusal }, isCurrent) {
  const link = element(
    "a",
    { class: "room-link", href: `#${id}`, "aria-current": isCurrent ? "page" : null, title: refusal },
    element("span", { class: "hash", "aria-hidden": "true" }, "#"),
    element("span", { class: "room-link-name" }, name),
  );
  if (unread > 0 && !isCurrent) {
    const badge = unread > 99 ? "99+" : String(unread);
    link.classList.add("has-unread");
    link.append(element("span", { class: "badge", "aria-hidden": "true" }, badge), spoken(`, ${counted(unread, "unread message", "unread messages")}`));
  }
  return element("li", {}, link);
}
