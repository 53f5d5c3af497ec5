// The limits that the server named in `welcome`, applied before anything is sent, so that nobody loses a long text.

const ROOM_ID = /^[A-Za-z0-9_.:-]{1,64}$/;
/** What a `send` frame holds beside its text. */
const FRAME_ALLOWANCE = 256;

/** How many characters are left for a text; negative when it is too long. A limit of 0 is none. */
export function charactersLeft(text, limits) {
  const characters = [...text.normalize("NFC")].length;
  const excessBytes = limits?.frame ? bytesInFrame(text) + FRAME_ALLOWANCE - limits.frame : 0;
  return Math.min((limits?.text || Infinity) - characters, excessBytes > 0 ? -excessBytes : Infinity);
}

/** From which number of characters left on a person should see it. */
export function isNearLimit(left, limits) {
  return left < 0 || left <= Math.min(200, limits?.text / 10);
}

/** The room that a person means by what they typed: one of `rooms` that has this id or name, in whatever case, else one
 * that may be new, in small letters, since a room is called "General" whose id is `general`. Null when it cannot be one. */
export function roomIdTyped(typed, rooms) {
  const id = roomIdFrom(typed);
  const wanted = typed.trim().replace(/^#/, "").toLowerCase();
  const known = [...rooms].find((room) => [room.id, room.name].some((one) => one.toLowerCase() === wanted));
  return known?.id ?? id?.toLowerCase() ?? null;
}

/** A room id as it stands in the address, or null when it cannot be one. */
export function roomIdFrom(typed) {
  const id = typed.trim().replace(/^#/, "").replace(/\s+/g, "-");
  return ROOM_ID.test(id) ? id : null;
}

/** A text as it is sent: without blank lines around it and without space at its end. */
export function tidy(typed) {
  return typed.replace(/^(\s*\n)+/, "").trimEnd();
}

function bytesInFrame(text) {
  return new TextEncoder().encode(JSON.stringify(text)).length;
}
