// What a close code asks the client to do, and how to say it to a person.
// The range decides; the words for single codes are only better words.

/** What the person can do about a connection that stays closed. */
export const Remedy = Object.freeze({
  SIGN_IN: "sign in",
  RELOAD: "reload",
  RETRY: "retry",
  NONE: "none",
});

const COMING_BACK = {
  4000: "The server is being restarted",
  4001: "The server had an internal problem",
  4002: "The connection was too slow to keep up",
  4003: "The connection went silent",
  4004: "The conversation got out of step",
  4008: "Too much was sent at once",
  4009: "Something far too large was sent",
};

const NOT_UNDERSTOOD = ["This page and the server do not understand each other. Reload the page", Remedy.RELOAD];

const STAYING_AWAY = {
  // WebSocket's own codes for one who would do the same wrong again.
  1002: NOT_UNDERSTOOD,
  1003: NOT_UNDERSTOOD,
  1007: NOT_UNDERSTOOD,
  1009: NOT_UNDERSTOOD,
  1010: NOT_UNDERSTOOD,
  4500: NOT_UNDERSTOOD,
  4502: ["The server gave up waiting for this page to introduce itself", Remedy.RETRY],
  4503: ["Your session was ended", Remedy.SIGN_IN],
  4504: ["You are banned from this server", Remedy.NONE],
  4505: ["You have too many connections open. Close some tabs and try again", Remedy.RETRY],
  4506: ["This page is of another version than the server. Reload the page", Remedy.RELOAD],
};

const SIGN_IN_AGAIN = {
  4005: "Your sign-in has run out. Sign in again to go on",
  4501: "The server did not accept your sign-in. Sign in again",
};

/** `{comeBack, words, remedy}`: whether to reconnect by itself, and if not, why and what helps. */
export function meaningOfClose(code) {
  if (code in SIGN_IN_AGAIN) return { comeBack: false, words: SIGN_IN_AGAIN[code], remedy: Remedy.SIGN_IN };
  if (code in STAYING_AWAY || (code >= 4500 && code <= 4999)) {
    const [words, remedy] = STAYING_AWAY[code] ?? [`The server closed the connection for good (code ${code})`, Remedy.RETRY];
    return { comeBack: false, words, remedy };
  }
  return { comeBack: true, words: COMING_BACK[code] ?? "The connection was lost", remedy: Remedy.NONE };
}
