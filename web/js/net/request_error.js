// A request that was not granted: the server's error answer, or one of our own codes
// `disconnected` (no connection to send it on, or it ended first) and `timeout` (no answer came).

export class RequestError extends Error {
  constructor({ code, message, retry_after_ms }) {
    super(message);
    this.name = "RequestError";
    this.code = code;
    /** Milliseconds after which trying again is worth it; undefined when it is not. */
    this.retryAfterMs = retry_after_ms;
  }
}

const WORDS = {
  forbidden: "You are not allowed to do that here",
  not_found: "There is no such room",
  too_large: "That is too long",
  rate_limited: "That was a bit fast",
  slow_mode: "This room is in slow mode",
  unavailable: "The server cannot store or show messages right now",
  internal: "The server had an internal problem",
  disconnected: "There is no connection to the server",
  timeout: "The server did not answer",
};

/** Codes of which the server's own words are for programs and operators. */
const SAID_ALREADY = new Set(["unavailable", "internal", "rate_limited"]);
/** What only operators can make use of. */
const SETTINGS = /\s*\((?:limits|rooms|http|auth)\.[^)]*\)/g;

/** What went wrong, as a sentence without a full stop. */
export function inWords(error) {
  const known = WORDS[error.code];
  const said = error.message?.replace(SETTINGS, "").trim().replace(/\.$/, "");
  if (!known) return said || "Something went wrong";
  if (SAID_ALREADY.has(error.code)) return known;
  return said && said.toLowerCase() !== known.toLowerCase() ? `${known} (${said})` : known;
}
