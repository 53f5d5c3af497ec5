// The first thing that somebody sees: a name, and in they go. Also for those who bring a token, where guests are not let in.

import { becomeGuest, lastName } from "../identity.js";
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
      this.#name.required = !target.open;
      if (target.open) this.#token.focus();
    });
  }

  show(reason) {
    byId("app").hidden = true;
    byId("sign-in").hidden = false;
    if (reason) byId("sign-in-reason").textContent = `${reason}.`;
    this.#name.value = lastName();
    this.#name.focus();
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
      this.#token.value = "";
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
