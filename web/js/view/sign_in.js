// The first thing that somebody sees: a name, and in they go. Also for those who bring a token, where guests are not let in.

import { areGuestsTaken, becomeGuest, lastName } from "../identity.js";
import { inWords } from "../net/request_error.js";
import { byId, say } from "./element.js";

/** Event `identity` (detail: `{token, user?, expires_at?}`) when somebody has signed in. */
export class SignIn extends EventTarget {
  #form = byId("sign-in-form");
  #name = byId("name");
  #token = byId("token");
  #trouble = byId("sign-in-trouble");

  constructor() {
    super();
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    byId("token-entry").addEventListener("toggle", ({ target }) => {
      this.#name.required = !target.open && !byId("name-entry").hidden;
      if (target.open) this.#token.focus();
    });
  }

  show(reason) {
    byId("app").hidden = true;
    byId("sign-in").hidden = false;
    if (reason) byId("sign-in-reason").textContent = `${reason}.`;
    this.#name.value = lastName();
    if (byId("name-entry").hidden) this.#token.focus();
    else this.#name.focus();
    this.#offerWhatIsTaken();
  }

  /** The token that was given here is not accepted: it stays in its field, to be looked at. */
  refuseToken(words) {
    this.show();
    byId("token-entry").open = true;
    say(this.#trouble, `This token is refused. ${words}.`);
    this.#token.focus();
  }

  /** Whoever has come in needs the token here no more. */
  accepted() {
    this.#token.value = "";
  }

  /** Where nobody comes in without a token, a name is not asked for. */
  async #offerWhatIsTaken() {
    if (await areGuestsTaken()) return;
    byId("name-entry").hidden = true;
    this.#name.required = false;
    byId("token-entry").open = true;
    byId("sign-in-reason").textContent = "This server lets in whoever has a token. Ask whoever runs it for one.";
  }

  hide() {
    byId("sign-in").hidden = true;
    byId("app").hidden = false;
  }

  async #submit() {
    const button = this.#form.querySelector("button[type=submit]");
    say(this.#trouble, "");
    button.disabled = true;
    try {
      const identity = await this.#identity();
      this.dispatchEvent(new CustomEvent("identity", { detail: identity }));
    } catch (error) {
      say(this.#trouble, `${this.#explain(error)}.`);
    }
    button.disabled = false;
  }

  async #identity() {
    const token = this.#token.value.trim();
    if (byId("token-entry").open && token) return { token };
    return becomeGuest(this.#name.value.trim());
  }

  #explain(error) {
    if (error.code === "disconnected") return "The server cannot be reached. Check your network and try again";
    if (error.code === "forbidden") return "This server lets in nobody without a token. Ask whoever runs it for one";
    if (error.code === "rate_limited") return "Too many people are signing in at once. Try again in a moment";
    return inWords(error);
  }
}
