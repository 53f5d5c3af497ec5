// A round picture of somebody: initials on a colour that is always theirs.

import { hue, initials } from "../model/wording.js";
import { element } from "./element.js";

export function avatar({ id, name }) {
  const made = element("span", { class: "avatar", "aria-hidden": "true" }, initials(name));
  tint(made, id);
  return made;
}

/** Gives an element the person's hue, which the stylesheet turns into colours of good contrast. */
export function tint(target, userId) {
  target.style.setProperty("--hue", hue(userId));
}
