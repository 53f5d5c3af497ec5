// What stands under what in a room: days, the mark before what is new, and messages, of which those that one
// person wrote in quick succession form a group. Pure; the view only has to make elements of the rows.

const GROUP_WITHIN_MS = 5 * 60_000;

/**
 * Rows from top to bottom: `{key, kind: "day", ts}`, `{key, kind: "new"}` or
 * `{key, kind: "message", message, own, status, reason, startsGroup}`.
 * `key` stays the same when an unsent message is replaced by its event.
 */
export function timeline(room, me) {
  const rows = [];
  let previous = null;
  let isMarked = room.firstUnread === null;
  for (const message of room.messages) {
    const own = message.from.id === me?.id;
    const key = own && message.nonce !== undefined ? `own ${message.nonce}` : `seq ${message.seq}`;
    const startsNew = !isMarked && message.seq >= room.firstUnread;
    const startsDay = addDay(rows, previous, message, key);
    if (startsNew) {
      isMarked = true;
      rows.push({ key: "new", kind: "new" });
    }
    const startsGroup = startsDay || startsNew || !continues(previous, message);
    rows.push({ key, kind: "message", message, own, status: null, reason: null, startsGroup });
    previous = message;
  }
  for (const unsent of room.unsent) {
    const message = { text: unsent.text, ts: unsent.ts, nonce: unsent.nonce, from: me };
    const key = `own ${unsent.nonce}`;
    const startsGroup = addDay(rows, previous, message, key) || !continues(previous, message);
    const { status, reason } = unsent;
    rows.push({ key, kind: "message", message, own: true, status, reason, startsGroup });
    previous = message;
  }
  return rows;
}

function addDay(rows, previous, message, messageKey) {
  const day = new Date(message.ts).toDateString();
  if (previous && new Date(previous.ts).toDateString() === day) return false;
  rows.push({ key: `day before ${messageKey}`, kind: "day", ts: message.ts });
  return true;
}

function continues(previous, message) {
  return previous !== null && previous.from.id === message.from.id && message.ts - previous.ts < GROUP_WITHIN_MS;
}
