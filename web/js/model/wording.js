// Short sentences and labels that are made of names, numbers and times. Pure.

const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const thisYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const otherYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

export const clockTime = (ts) => timeOfDay.format(ts);
/** Without "AM" and "PM", for where there is little space. */
export const shortTime = (ts) => {
  const parts = timeOfDay.formatToParts(ts).filter(({ type }) => type !== "dayPeriod");
  return parts.map(({ value }) => value).join("").trim();
};
export const longTime = (ts) => fullTime.format(ts);

/** The heading of a day: "Today", "Yesterday", or its date. */
export function dayName(ts, now = Date.now()) {
  const day = new Date(ts);
  const today = new Date(now);
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (day.toDateString() === today.toDateString()) return "Today";
  if (day.toDateString() === yesterday.toDateString()) return "Yesterday";
  return (day.getFullYear() === today.getFullYear() ? thisYear : otherYear).format(day);
}

export function typingLine(names) {
  if (names.length === 0) return "";
  const [first, second] = names.map(isolated);
  if (names.length === 1) return `${first} is typing…`;
  if (names.length === 2) return `${first} and ${second} are typing…`;
  return "Several people are typing…";
}

/** A name of another direction of writing must not turn the words around it (FSI … PDI). */
function isolated(name) {
  return `\u2068${name}\u2069`;
}

export function counted(count, one, many) {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

/** "30 s", "5 min", "2 h", "7 days". */
export function span(ms) {
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

/** Up to two letters for an avatar. */
export function initials(name) {
  const words = name.trim().split(/\s+/u);
  const first = [...(words[0] ?? "")][0] ?? "?";
  const last = words.length > 1 ? ([...words.at(-1)][0] ?? "") : "";
  return (first + last).toLocaleUpperCase();
}

/** A hue, 0 … 359, that is always the same for one user id. */
export function hue(userId) {
  let hash = 2166136261;
  for (const unit of userId) hash = Math.imul(hash ^ unit.codePointAt(0), 16777619);
  return ((hash ^ (hash >>> 15)) >>> 0) % 360;
}
