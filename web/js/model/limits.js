// The limits that the server named in `welcome`, applied before anything is sent, so that nobody loses a long text.

const ROOM_ID = /^[A-Za-z0-9_.:-]{1,64}$/;
const DEFAULT_TEXT = 4_000;
/** What a `send` frame holds beside its text. */
const FRAME_ALLOWANCE = 256;

/** How many characters are left for a text; negative when it is too long. */
export function charactersLeft(text, limits) {
  const limit = limits?.text || DEFAULT_TEXT;
  const characters = [...text.normalize("NFC")].length;
  const excessBytes = limits?.frame ? bytesInFrame(text) + FRAME_ALLOWANCE - limits.frame : 0;
  return Math.min(limit - characters, excessBytes > 0 ? -excessBytes : Infinity);
}

/** From which number of characters left on a person should see it. */
export function isNearLimit(left, limits) {
  return left <= Math.min(200, (limits?.text || DEFAULT_TEXT) / 10);
}

/** A room id from what a person typed, or null when it cannot be one. */
export function roomIdFrom(typed) {
  const id = typed.trim().replace(/^#/, "").replace(/\s+/g, "-");
  return ROOM_ID.test(id) ? id : null;
}

function bytesInFrame(text) {
  return new TextEncoder().encode(JSON.stringify(text)).length;
}
