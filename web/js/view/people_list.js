// Who is in the open room right now, and who I am.

import { counted } from "../model/wording.js";
import { avatar } from "./avatar.js";
import { byId, element, say } from "./element.js";

const byName = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

export class PeopleList {
  #chat;
  #drawn = "";

  constructor(chat) {
    this.#chat = chat;
  }

  render() {
    const { me, current: room } = this.#chat;
    const people = room?.joined ? this.#people(room, me) : [];
    const count = room?.joined ? Math.max(room.onlineCount, people.length) : 0;
    const drawn = JSON.stringify([people, count, me]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    say(byId("people-title"), count > 0 ? `Online – ${count.toLocaleString()}` : "People");
    byId("people-list").replaceChildren(...people.map((user) => item(user, user.id === me?.id)));
    const others = count - people.length;
    say(byId("people-more"), others > 0 ? `and ${counted(others, "other", "others")}` : "");
    if (me) byId("me").replaceChildren(avatar(me), element("span", { class: "me-name", title: me.id }, me.name));
  }

  #people(room, me) {
    const everybody = new Map(room.online);
    if (me) everybody.set(me.id, me.name);
    const people = Array.from(everybody, ([id, name]) => ({ id, name }));
    return people.sort((a, b) => (b.id === me?.id) - (a.id === me?.id) || byName.compare(a.name, b.name));
  }
}

function item(user, isMe) {
  return element(
    "li",
    { class: "person", title: user.id },
    avatar(user),
    element("span", { class: "person-name", dir: "auto" }, user.name),
    isMe && element("span", { class: "quiet" }, "you"),
  );
}
