// On narrow windows the lists of rooms and people are drawers over the conversation: opened by a button, closed by
// Escape, by the scrim, by their own button and by choosing something. Wide windows always show them; the stylesheet decides.

import { byId } from "./element.js";

export class Drawers {
  #scrim = byId("scrim");
  #conversation = byId("conversation");
  #open = null;

  constructor() {
    for (const [drawer, opener] of [["rooms", "show-rooms"], ["people", "show-people"]]) {
      byId(opener).addEventListener("click", () => this.#show(byId(drawer), byId(opener)));
      byId(drawer).querySelector(".close-drawer").addEventListener("click", () => this.close());
    }
    this.#scrim.addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
    for (const width of ["(min-width: 760px)", "(min-width: 1080px)"]) {
      matchMedia(width).addEventListener("change", () => this.close());
    }
  }

  close() {
    if (!this.#open) return;
    const { drawer, opener } = this.#open;
    this.#open = null;
    drawer.classList.remove("open");
    opener.setAttribute("aria-expanded", "false");
    this.#scrim.hidden = true;
    this.#conversation.inert = false;
    opener.focus();
  }

  #show(drawer, opener) {
    this.close();
    this.#open = { drawer, opener };
    drawer.classList.add("open");
    opener.setAttribute("aria-expanded", "true");
    this.#scrim.hidden = false;
    this.#conversation.inert = true;
    drawer.querySelector(".close-drawer").focus();
  }
}
