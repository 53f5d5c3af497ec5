// What this page knows of one room: a window of its log, what was written here and has not come back yet,
// who is there, who is typing. Pure state: no socket, no DOM, no timer; times come in as arguments.
// `messages` is always ascending by `seq`, without repeats, and never longer than `MAX_LOADED`.

export const MAX_LOADED = 500;

/** What `apply` did with an event. */
export const Applied = Object.freeze({ DONE: "done", REPEAT: "repeat", GAP: "gap" });

/** How far an own message has come. `WAITING` is pending, too: the server asked for patience. */
export const Status = Object.freeze({ PENDING: "pending", WAITING: "waiting", STORED: "stored", FAILED: "failed" });

export class Room {
  kind = "public";
  /** True while this connection is subscribed to the room. */
  joined = false;
  /** True while the answer to `join` is awaited; live events wait in the answer. */
  joining = false;
  /** Why the room could not be joined, in words. */
  refusal = null;
  epoch = null;
  /** The number of the last event that was taken in. */
  seq = 0;
  ttlMs = null;
  messages = [];
  hasOlder = false;
  hasNewer = false;
  /** True while a page of history is awaited; `loadTrouble` says in words why the last one did not come. */
  loading = false;
  loadTrouble = null;
  /** Own messages that are not in the log yet, in the order of writing. */
  unsent = [];
  /** Who is here; where `isEverybodyNamed` is false, who was here when the page was last told names. */
  online = new Map();
  onlineCount = 0;
  #isWhole = true;
  typists = new Map();
  unread = 0;
  /** Where the first unread message was when the person came back; null when there is none to mark. */
  firstUnread = null;

  constructor(id) {
    this.id = id;
    this.name = id;
  }

  /** Where to resume, or undefined when nothing was seen yet. */
  get cursor() {
    return this.epoch === null ? undefined : { epoch: this.epoch, seq: this.seq };
  }

  /** The server did not let us in, and never had. */
  get isRefused() {
    return this.refusal !== null && this.epoch === null;
  }

  /** Takes over kind and name from a row of `welcome` or of a `room` frame. */
  describe({ kind, name }) {
    this.kind = kind ?? this.kind;
    this.name = name || this.name;
  }

  /** Takes in the answer to `join`. */
  restore(snapshot, me, reading) {
    this.describe(snapshot);
    this.joined = true;
    this.refusal = null;
    this.ttlMs = snapshot.ttl_ms ?? null;
    if (snapshot.recovered) {
      for (const event of snapshot.events ?? []) this.apply(event, me, reading);
    } else {
      const isSameLog = this.epoch === snapshot.epoch;
      const missed = (snapshot.messages ?? []).filter(({ seq, from }) => seq > this.seq && from.id !== me?.id);
      if (isSameLog && !reading) this.#countUnread(missed);
      this.replaceMessages(snapshot.messages ?? []);
      this.unsent = this.unsent.filter((one) => one.status !== Status.STORED);
      for (const message of this.messages) this.#dropUnsent(message, me);
    }
    this.epoch = snapshot.epoch;
    this.seq = snapshot.seq;
    this.online = new Map((snapshot.online ?? []).map((user) => [user.id, user.name]));
    this.onlineCount = snapshot.online_count ?? this.online.size;
    this.#isWhole = this.onlineCount <= this.online.size;
    this.typists.clear();
  }

  /** The log goes on in another epoch, which has all that was taken in; if not, that is a gap. */
  enterEpoch({ epoch, seq }) {
    if (seq !== this.seq) return Applied.GAP;
    this.epoch = epoch;
    return Applied.DONE;
  }

  /** The connection is gone: what was said of this moment no longer holds. */
  lost() {
    this.joined = false;
    this.typists.clear();
  }

  /** Takes in a durable event. `reading`: a person is looking at the end of this room right now. */
  apply(event, me, reading) {
    if (event.seq <= this.seq) return Applied.REPEAT;
    if (event.seq !== this.seq + 1) return Applied.GAP;
    this.seq = event.seq;
    if (event.type === "message") this.#takeMessage(event, me, reading);
    else if (event.type === "edited") this.#change(event.target, { text: event.text, edited_at: event.ts });
    else if (event.type === "deleted") this.#change(event.target, { text: "", deleted: true });
    return Applied.DONE;
  }

  /** Shows the newest page, as `history` or a snapshot gave it, instead of what was loaded. */
  replaceMessages(messages, hasNewer = false) {
    this.messages = messages.slice(-MAX_LOADED);
    this.hasOlder = messages.length > 0 && messages[0].seq > 1;
    this.hasNewer = hasNewer;
  }

  /** Adds a page of history before the first message; the newest make room if there are too many. */
  prepend(messages, more) {
    const first = this.messages[0]?.seq ?? Infinity;
    this.messages = [...messages.filter(({ seq }) => seq < first), ...this.messages];
    this.hasOlder = more;
    if (this.messages.length > MAX_LOADED) {
      this.messages.length = MAX_LOADED;
      this.hasNewer = true;
    }
  }

  /** Adds a page of history after the last message; the oldest make room if there are too many. */
  append(messages, more) {
    const last = this.messages.at(-1)?.seq ?? 0;
    this.messages.push(...messages.filter(({ seq }) => seq > last));
    this.hasNewer = more;
    this.#dropOldest();
  }

  /** Remembers what the person wrote until it comes back in the log. */
  write(text, nonce, ts) {
    this.unsent.push({ nonce, text, ts, status: Status.PENDING, reason: null });
  }

  nextToSend() {
    return this.unsent.find(({ status }) => status === Status.PENDING || status === Status.WAITING);
  }

  /** The server has stored an own message. Its event usually follows, or came before. */
  confirm(nonce, { seq, ts }, me) {
    const own = this.unsent.find((one) => one.nonce === nonce);
    if (!own) return;
    if (seq > this.seq) return void Object.assign(own, { status: Status.STORED, reason: null });
    // Stored by an earlier attempt whose event has passed already: no other one will come.
    this.unsent.splice(this.unsent.indexOf(own), 1);
    this.#insert({ type: "message", room: this.id, seq, ts, from: me, text: own.text, nonce });
  }

  /** Marks an own message as waiting or failed, with the reason in words. */
  mark(nonce, status, reason = null) {
    const own = this.unsent.find((one) => one.nonce === nonce);
    if (own) Object.assign(own, { status, reason });
  }

  /** Takes an own unsent message away and returns its text. */
  takeBack(nonce) {
    const index = this.unsent.findIndex((one) => one.nonce === nonce);
    return index < 0 ? "" : this.unsent.splice(index, 1)[0].text;
  }

  /** False where there are too many to be named: nobody hears then which of them go. */
  get isEverybodyNamed() {
    return this.#isWhole && this.onlineCount === this.online.size;
  }

  /** Who is here as far as they are known, and how many: never more than there are, and oneself among them. */
  peopleHere(me) {
    const people = new Map(this.online);
    if (me) people.set(me.id, me.name);
    return { people, count: this.isEverybodyNamed ? people.size : this.onlineCount };
  }

  present({ user, status, online_count, online }) {
    if (online) this.online = new Map(online.map(({ id, name }) => [id, name]));
    // In a room with many people a number is all that is told.
    this.#isWhole = online !== undefined || (this.#isWhole && user !== undefined);
    if (user && status === "online") this.online.set(user.id, user.name);
    if (user && status === "offline") {
      this.online.delete(user.id);
      this.typists.delete(user.id);
    }
    if (online_count !== undefined) this.onlineCount = online_count;
  }

  typing({ user, on, expires_ms }, now) {
    if (on) this.typists.set(user.id, { name: user.name, until: now + (expires_ms ?? 6_000) });
    else this.typists.delete(user.id);
  }

  /** The person sees the end of the room: nothing is unread. */
  markRead() {
    this.unread = 0;
  }

  /** Takes away what has run out at `now` (server time for messages). Says whether anything did. */
  expire(now) {
    const hasRunOut = ({ expires_at }) => expires_at <= now;
    const before = this.messages.length + this.typists.size;
    if (this.messages.some(hasRunOut)) this.messages = this.messages.filter((message) => !hasRunOut(message));
    for (const [id, { until }] of this.typists) if (until <= now) this.typists.delete(id);
    return this.messages.length + this.typists.size !== before;
  }

  #takeMessage(message, me, reading) {
    this.#dropUnsent(message, me);
    this.typists.delete(message.from.id);
    if (!this.hasNewer) {
      this.messages.push(message);
      this.#dropOldest();
    }
    if (!reading && message.from.id !== me?.id) this.#countUnread([message]);
  }

  #countUnread(messages) {
    if (messages.length > 0 && this.unread === 0) this.firstUnread = messages[0].seq;
    this.unread += messages.length;
  }

  #dropUnsent(message, me) {
    if (message.nonce === undefined || message.from.id !== me?.id) return;
    this.takeBack(message.nonce);
  }

  #insert(message) {
    const index = this.messages.findIndex(({ seq }) => seq >= message.seq);
    const isBeforeWindow = index === 0 && this.hasOlder;
    const isAfterWindow = index < 0 && this.hasNewer;
    if (isBeforeWindow || isAfterWindow || this.messages[index]?.seq === message.seq) return;
    this.messages.splice(index < 0 ? this.messages.length : index, 0, message);
    this.#dropOldest();
  }

  #change(target, fields) {
    const index = this.messages.findIndex(({ seq }) => seq === target);
    if (index >= 0) this.messages[index] = { ...this.messages[index], ...fields };
  }

  #dropOldest() {
    const excess = this.messages.length - MAX_LOADED;
    if (excess <= 0) return;
    this.messages.splice(0, excess);
    this.hasOlder = true;
  }
}
