// Makes elements. Text always goes in as text nodes, so whatever a person wrote can only ever be read, never run.

export const byId = (id) => document.getElementById(id);

/** `element("p", {class: "quiet", hidden: true, onclick: f}, "text", child, …)`. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== false));
  return made;
}

/** Text for screen readers only. */
export const spoken = (text) => element("span", { class: "visually-hidden" }, text);

/** Sets the text of an element and hides it when there is none. */
export function say(target, text) {
  if (target.textContent !== text) target.textContent = text;
  target.hidden = text === "";
}
