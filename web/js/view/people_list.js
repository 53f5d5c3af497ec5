// Who is in the open room right now, and who I am.

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
    const here = room?.joined ? room.peopleHere(me) : { people: new Map(), count: 0 };
    const people = sorted(here.people, me);
    const { count } = here;
    const isPast = room?.joined && !room.isEverybodyNamed;
    const drawn = JSON.stringify([people, count, me, isPast]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    say(byId("people-title"), count > 0 ? `Online – ${count.toLocaleString()}` : "People");
    byId("people-list").replaceChildren(...people.map((user) => item(user, user.id === me?.id)));
    say(byId("people-more"), isPast ? "Too many to name them all: these were here a while ago" : "");
    if (me) byId("me").replaceChildren(avatar(me), element("span", { class: "me-name", dir: "auto", title: me.id }, me.name));
  }
}

/** Oneself first, then the others by name. */
function sorted(names, me) {
  const people = Array.from(names, ([id, name]) => ({ id, name }));
  return people.sort((a, b) => (b.id === me?.id) - (a.id === me?.id) || byName.compare(a.name, b.name));
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
