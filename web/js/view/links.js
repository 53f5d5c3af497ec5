// Addresses of the web in a text, as links. Only http and https; all else stays text.

import { element } from "./element.js";

const ADDRESS = /\bhttps?:\/\/[^\s<>"]+/gi;
/** What ends a sentence rather than an address. */
const BEHIND = /[.,;:!?'*_)\]}]+$/;

/** The text as a list of strings and links, in its order. */
export function withLinks(text) {
  const parts = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = withoutEnd(found);
    if (!URL.canParse(address)) continue;
    parts.push(text.slice(end, index), link(address));
    end = index + address.length;
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}

/** Without the punctuation behind it; a bracket that the address itself opened belongs to it. */
function withoutEnd(found) {
  let address = found.replace(BEHIND, "");
  const rest = found.slice(address.length);
  if (rest.startsWith(")") && count(address, "(") > count(address, ")")) address += ")";
  return address;
}

function count(text, character) {
  return text.split(character).length - 1;
}

function link(address) {
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address);
}
