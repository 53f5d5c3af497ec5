// What was written and not sent, by room. Kept in sessionStorage for whoever wrote it, so that a reload loses nothing and
// the next person at the tab is shown nothing.

const KEY = "rookery.drafts";

export class Drafts {
  #owner = null;
  #texts = new Map();

  /** Whose drafts these are from now on; those of anybody else are forgotten. */
  belongTo(owner) {
    const written = this.#owner === null ? this.#texts : new Map();
    this.#owner = owner;
    this.#texts = new Map([...kept(owner), ...written]);
    this.#keep();
  }

  get(roomId) {
    return this.#texts.get(roomId) ?? "";
  }

  set(roomId, text) {
    if (text === "") this.#texts.delete(roomId);
    else this.#texts.set(roomId, text);
    this.#keep();
  }

  #keep() {
    if (this.#owner === null) return;
    sessionStorage.setItem(KEY, JSON.stringify({ owner: this.#owner, texts: [...this.#texts] }));
  }
}

function kept(owner) {
  try {
    const { owner: of, texts } = JSON.parse(sessionStorage.getItem(KEY));
    return of === owner ? texts : [];
  } catch {
    return []; // nothing was kept, or not by this page
  }
}
