// The head of the open room: its name, how many are there, leaving it; and the same in the window's title.

import { State } from "../net/connection.js";
import { inWords } from "../net/request_error.js";
import { counted, span } from "../model/wording.js";
import { byId, say } from "./element.js";

export class RoomHeader {
  #chat;
  #connection;
  #leave = byId("leave");
  #trouble = null;

  constructor(chat, connection) {
    this.#chat = chat;
    this.#connection = connection;
    this.#leave.addEventListener("click", () => this.#leaveRoom());
  }

  render() {
    const room = this.#chat.current;
    if (this.#trouble && this.#trouble.room !== room) this.#trouble = null;
    say(byId("room-name"), room ? room.name : "No room");
    say(byId("room-about"), room ? this.#about(room) : "Join a room to start talking");
    say(byId("online-count"), room?.joined ? `${this.#count(room).toLocaleString()} online` : "People");
    this.#leave.hidden = !room;
    this.#leave.disabled = this.#connection.state.name !== State.ONLINE;
    const label = room ? `Leave ${room.name}` : "Leave";
    if (this.#leave.getAttribute("aria-label") !== label) this.#leave.setAttribute("aria-label", label);
    this.renderTitle();
  }

  /** Also while the tab is hidden, where nothing else is drawn. */
  renderTitle() {
    const room = this.#chat.current;
    const unread = [...this.#chat.rooms.values()].reduce((sum, one) => sum + one.unread, 0);
    const title = `${unread > 0 ? `(${unread}) ` : ""}${room ? `${room.name} – ` : ""}Rookery`;
    if (document.title !== title) document.title = title;
  }

  #count(room) {
    return room.peopleHere(this.#chat.me).count;
  }

  #about(room) {
    if (this.#trouble) return this.#trouble.words;
    if (room.refusal && !room.joined) return `${room.refusal}.`;
    if (room.ttlMs) return `Messages vanish after ${span(room.ttlMs)}`;
    return room.kind === "public" ? "Open to everybody" : counted(this.#count(room), "person here", "people here");
  }

  async #leaveRoom() {
    const room = this.#chat.current;
    try {
      await this.#chat.leave(room.id);
    } catch (error) {
      this.#trouble = { room, words: `${inWords(error)}.` };
      this.render();
    }
  }
}
