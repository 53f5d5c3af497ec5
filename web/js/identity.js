// Who the person at this tab is: a token and the user it stands for. Kept in sessionStorage, so that two tabs
// of one browser can be two people, and a reload stays the same one. The token goes nowhere but into `hello`.

import { RequestError } from "./net/request_error.js";

const KEY = "rookery.identity";
const NAME_KEY = "rookery.name";

/** `{token, user?, expires_at?}` as it was kept, or null when there is none or it has run out. */
export function keptIdentity() {
  try {
    const identity = JSON.parse(sessionStorage.getItem(KEY));
    if (!identity?.token || identity.expires_at <= Date.now()) return null;
    return identity;
  } catch {
    return null;
  }
}

export function keep(identity) {
  sessionStorage.setItem(KEY, JSON.stringify(identity));
  if (identity.user) sessionStorage.setItem(NAME_KEY, identity.user.name);
}

export function forget() {
  sessionStorage.removeItem(KEY);
}

/** The name that was last used in this tab, to offer it again. */
export function lastName() {
  return sessionStorage.getItem(NAME_KEY) ?? "";
}

/** Whether the server takes guests; yes where it does not say, since asking for an identity tells as well. */
export async function areGuestsTaken() {
  try {
    const response = await fetch("/api/v1/guest");
    return !response.ok || (await response.json()).guests !== false;
  } catch {
    return true;
  }
}

/** Asks the server for a guest's identity. Rejects with a `RequestError`. */
export async function becomeGuest(name) {
  let response;
  try {
    response = await fetch("/api/v1/guest", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name }),
    });
  } catch {
    throw new RequestError({ code: "disconnected", message: "" });
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new RequestError(answer.error ?? { code: "internal", message: `status ${response.status}` });
  }
  return answer;
}
