// The strip above the messages while there is no connection: why, what happens next, and how to hurry it.
// The countdown is for the eyes; screen readers hear of each change of state once.

import { Remedy } from "../net/close_codes.js";
import { State } from "../net/connection.js";
import { byId } from "./element.js";

/** A loss that is mended within this time is not worth a banner. */
const PATIENCE_MS = 600;

export class Banner {
  #banner = byId("banner");
  #words = byId("banner-words");
  #action = byId("banner-action");
  #announcer = byId("announcer");
  #connection;
  #patience = 0;
  #wasLost = false;

  constructor(connection) {
    this.#connection = connection;
    connection.addEventListener("state", ({ detail }) => this.#stateIs(detail));
    this.#action.addEventListener("click", () => this.#act());
    setInterval(() => this.#render(), 250);
  }

  #stateIs({ name, words }) {
    if (name === State.ONLINE) {
      clearTimeout(this.#patience);
      this.#patience = 0;
      this.#banner.hidden = true;
      if (this.#wasLost) this.#announcer.textContent = "Connected again";
      this.#wasLost = false;
      return;
    }
    this.#patience ||= setTimeout(() => this.#reveal(), PATIENCE_MS);
    if (name === State.STOPPED) this.#reveal();
    if (name === State.STOPPED && words) this.#announcer.textContent = words;
  }

  #reveal() {
    const { name } = this.#connection.state;
    if (name === State.ONLINE || name === State.IDLE) return;
    if (name !== State.STOPPED && !this.#wasLost) this.#announcer.textContent = "No connection. Trying to reconnect";
    this.#wasLost = true;
    this.#banner.hidden = false;
    this.#render();
  }

  #render() {
    if (this.#banner.hidden) return;
    const { words, action } = describe(this.#connection.state);
    if (this.#words.textContent !== words) this.#words.textContent = words;
    if (this.#action.textContent !== action) this.#action.textContent = action;
    this.#action.hidden = action === "";
  }

  #act() {
    const { name, remedy } = this.#connection.state;
    if (name === State.STOPPED && remedy === Remedy.RELOAD) location.reload();
    else this.#connection.retryNow();
  }
}

function describe(state) {
  if (state.name === State.WAITING) {
    const seconds = Math.max(0, Math.ceil((state.until - Date.now()) / 1000));
    const next = seconds > 0 ? `Trying again in ${seconds} s` : "Trying again now";
    return { words: `${state.words}. ${next}.`, action: "Try now" };
  }
  if (state.name === State.STOPPED) {
    const actions = { [Remedy.RELOAD]: "Reload", [Remedy.RETRY]: "Try again" };
    return { words: `${state.words}.`, action: actions[state.remedy] ?? "" };
  }
  return { words: "Connecting…", action: "" };
}
