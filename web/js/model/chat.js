// All that this tab knows of the conversation: who I am, my rooms, which one is open. Turns frames into the state of
// rooms and the person's wishes into frames. It knows no DOM; whoever shows it listens to `change` and reads the fields.

import { State } from "../net/connection.js";
import { inWords } from "../net/request_error.js";
import { newNonce } from "./nonce.js";
import { Outbox } from "./outbox.js";
import { Applied, Room, Status } from "./room.js";

const PAGE = 50;
/** So many rooms are in a welcome at most. */
const ROOMS_IN_WELCOME = 200;
/** So many answers to `join` are awaited at once when all rooms are joined again. */
const JOINS_AT_ONCE = 16;
const EXPIRY_CHECK_MS = 500;

/** What a `room` frame says of one that is no longer this person's. */
const GONE = new Set(["left", "removed", "banned", "deleted"]);

/** Event: `change`, after anything did. */
export class Chat extends EventTarget {
  me = null;
  limits = null;
  rooms = new Map();
  currentId = null;
  #connection;
  #outboxes = new Map();
  #reading = false;
  #clockOffset = 0;

  constructor(connection) {
    super();
    this.#connection = connection;
    connection.addEventListener("welcome", ({ detail }) => this.#welcomed(detail));
    connection.addEventListener("frame", ({ detail }) => this.#take(detail));
    connection.addEventListener("state", ({ detail }) => this.#connectionIs(detail.name));
    setInterval(() => this.#expire(), EXPIRY_CHECK_MS);
  }

  get current() {
    return this.rooms.get(this.currentId) ?? null;
  }

  /** Whether a message that was written here may get lost if the page goes away now. */
  get hasUnsent() {
    return [...this.rooms.values()].some((room) => room.nextToSend() !== undefined);
  }

  /** How many rooms get no messages until they are opened, because one connection may not be in all of them. */
  get notFollowed() {
    const most = this.limits?.rooms || Infinity;
    return Math.max(0, this.rooms.size - most);
  }

  /** What the server's clock says now, in milliseconds since the epoch. */
  get now() {
    return Date.now() + this.#clockOffset;
  }

  /** Shows a room, and joins it if need be. */
  open(id) {
    const previous = this.current;
    this.currentId = id;
    if (previous && previous.id !== id) this.#close(previous);
    const room = this.#room(id);
    if (!room.joined) this.#join(room);
    this.#changed();
  }

  /** Tells whether the person is looking at the end of the open room, so that what comes counts as read. */
  setReading(isReading) {
    this.#reading = isReading;
    if (!isReading || !this.current?.unread) return;
    this.current.markRead();
    this.#changed();
  }

  /** Leaves a room. Rejects with a `RequestError`. */
  async leave(id) {
    const room = this.rooms.get(id);
    if (room.joined) await this.#leave(room);
    this.#forget(id);
  }

  write(text) {
    const room = this.current;
    room.write(text, newNonce(), this.now);
    room.firstUnread = null;
    this.#changed();
    this.#flush(room);
  }

  retry(nonce) {
    this.current.mark(nonce, Status.PENDING);
    this.#changed();
    this.#flush(this.current);
  }

  /** Gives up on an own message that failed, and returns its text. */
  takeBack(nonce) {
    const text = this.current.takeBack(nonce);
    this.#changed();
    return text;
  }

  /** Throws an own message away that failed. */
  discard(nonce) {
    this.takeBack(nonce);
  }

  tellTyping(on) {
    if (this.current?.joined) this.#connection.tell({ type: "typing", room: this.currentId, on });
  }

  async loadOlder(room) {
    const first = room.messages[0]?.seq;
    await this.#load(room, { before: first }, ({ messages, more }) => {
      if (room.messages[0]?.seq === first) room.prepend(messages, more && messages.length > 0);
    });
  }

  async loadNewer(room) {
    const last = room.messages.at(-1)?.seq ?? 0;
    const seq = room.seq;
    await this.#load(room, { after: last }, ({ messages, more }) => {
      // What arrived meanwhile may be missing from the answer; then there is one more page.
      if (room.messages.at(-1)?.seq === last) room.append(messages, more || room.seq !== seq);
    });
  }

  /** Goes to the end of the room when what is loaded ends before it. */
  async loadNewest(room) {
    const seq = room.seq;
    await this.#load(room, { before: seq + 1 }, ({ messages }) => room.replaceMessages(messages, room.seq !== seq));
  }

  async #load(room, where, take) {
    if (room.loading) return;
    const { epoch } = room;
    room.loading = true;
    room.loadTrouble = null;
    this.#changed();
    try {
      const page = await this.#connection.request({ type: "history", room: room.id, ...where, limit: PAGE });
      if (room.epoch === epoch) take(page);
    } catch (error) {
      room.loadTrouble = inWords(error);
    }
    room.loading = false;
    this.#changed();
  }

  async #welcomed(welcome) {
    if (this.me && this.me.id !== welcome.user.id) this.#startOver();
    this.me = welcome.user;
    this.limits = welcome.limits;
    this.#clockOffset = welcome.server_time - Date.now();
    for (const row of welcome.rooms ?? []) this.#takeRow(row);
    this.#changed();
    this.#joinAll();
    if (welcome.rooms?.length >= ROOMS_IN_WELCOME) await this.#readOtherRooms();
  }

  /** A welcome has the latest rooms alone; the others follow, and are joined when they are opened. */
  async #readOtherRooms() {
    try {
      for (let after; ; ) {
        const page = await this.#connection.request({ type: "my_rooms", limit: ROOMS_IN_WELCOME, after });
        for (const row of page.rooms) this.#takeRow(row);
        this.#changed();
        if ((after = page.next) === undefined) return;
      }
    } catch {
      // They come with the next welcome.
    }
  }

  /** Joins the open room and then all others, several at a time, as many as one connection may follow. */
  #joinAll() {
    const current = this.current ? [this.current] : [];
    const rooms = [...new Set([...current, ...this.rooms.values()])].slice(0, this.limits?.rooms || Infinity);
    const joinOn = async () => {
      for (let room; (room = rooms.shift()); ) await this.#join(room);
    };
    for (let many = 0; many < JOINS_AT_ONCE; many += 1) joinOn();
  }

  /** Somebody else is at this tab now: what the one before saw and wrote is not theirs. */
  #startOver() {
    this.rooms.clear();
    this.#outboxes.clear();
    if (this.currentId !== null) this.#room(this.currentId);
  }

  #connectionIs(state) {
    if (state !== State.ONLINE) for (const room of this.rooms.values()) room.lost();
    if (state === State.STOPPED) this.#failUnsent();
    this.#changed();
  }

  #failUnsent() {
    for (const room of this.rooms.values()) {
      for (const { nonce, status } of room.unsent) {
        if (status !== Status.STORED) room.mark(nonce, Status.FAILED, "The connection ended before it was stored");
      }
    }
  }

  #take(frame) {
    if (frame.type === "room") return this.#takeRoomChange(frame);
    const room = this.rooms.get(frame.room);
    if (!room || room.joining) return;
    if (frame.type === "presence") room.present(frame);
    else if (frame.type === "epoch") this.#takeEpoch(room, frame);
    else if (frame.type === "typing") this.#takeTyping(room, frame);
    else if (frame.seq !== undefined) this.#takeEvent(room, frame);
    this.#changed();
  }

  #takeEvent(room, event) {
    if (room.apply(event, this.me, this.#isReading(room)) === Applied.GAP) this.#connection.restart();
  }

  #takeEpoch(room, frame) {
    if (room.enterEpoch(frame) === Applied.GAP) this.#connection.restart();
  }

  #takeTyping(room, frame) {
    if (frame.user.id !== this.me.id) room.typing(frame, this.now);
  }

  #takeRoomChange(frame) {
    if (GONE.has(frame.change)) this.#forget(frame.room);
    else this.#takeRow(frame);
    this.#changed();
  }

  /** What is unread is counted here, from joining on: as long as nobody tells the server what was read, it cannot know. */
  #takeRow(row) {
    this.#room(row.room).describe(row);
  }

  async #join(room) {
    if (room.joining || !this.rooms.has(room.id) || this.#connection.state.name !== State.ONLINE) return;
    room.joining = true;
    try {
      const join = { type: "join", room: room.id, since: room.cursor, limit: PAGE };
      const answer = await this.#connection.request(join);
      room.restore(answer.room, this.me, this.#isReading(room));
      this.#flush(room);
    } catch (error) {
      this.#notJoined(room, error);
    }
    room.joining = false;
    this.#changed();
  }

  async #leave(room) {
    try {
      await this.#connection.request({ type: "leave", room: room.id });
    } catch (error) {
      // It is still ours, but this connection hears nothing of it any more.
      room.lost();
      this.#join(room);
      throw error;
    }
  }

  #notJoined(room, error) {
    if (error.code === "disconnected") return;
    // Without the answer we do not know whether this connection is in the room, and cannot join twice on it.
    if (error.code === "timeout") return this.#connection.restart();
    room.refusal = inWords(error);
    if (error.retryAfterMs !== undefined) setTimeout(() => this.#join(room), error.retryAfterMs);
  }

  #room(id) {
    if (!this.rooms.has(id)) {
      const room = new Room(id);
      const request = (frame) => this.#connection.request(frame);
      this.rooms.set(id, room);
      this.#outboxes.set(id, new Outbox(room, request, () => this.me, () => this.#changed()));
    }
    return this.rooms.get(id);
  }

  #close(room) {
    room.firstUnread = null;
    if (room.isRefused) this.#forget(room.id);
  }

  #forget(id) {
    this.rooms.delete(id);
    this.#outboxes.delete(id);
    if (this.currentId === id) this.currentId = null;
    this.#changed();
  }

  #flush(room) {
    this.#outboxes.get(room.id)?.flush();
  }

  #isReading(room) {
    return this.#reading && room.id === this.currentId;
  }

  #expire() {
    const changes = [...this.rooms.values()].filter((room) => room.expire(this.now));
    if (changes.length > 0) this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
