// The live view: a card per figure, fed once a second over a WebSocket.

import { Plot } from "./plot.js";

const KEPT = 300;
const RETRY_MS = 1000;

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

const count = (value) => whole.format(value);
const many = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
const rate = (value) => (value >= 100 ? whole : fine).format(value);
const ms = (value) => (value === null ? "–" : `${fine.format(value)} ms`);
const percent = (value) => `${fine.format(value)} %`;

function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${fine.format(value)} ${units[unit]}`;
}

/** What the cards show: a title, the plotted figure, how it is written, and a line below it. */
const CARDS = [
  { title: "Connections", of: (f) => f.connections, write: count, more: (f) => `${many(f.sessions, "session")}, ${many(f.users, "user")}` },
  { title: "Rooms followed", of: (f) => f.rooms, write: count },
  { title: "Frames in per second", of: (f) => f.messages_in, write: rate, more: (f) => `${rate(f.appends)} messages stored` },
  { title: "Deliveries per second", of: (f) => f.deliveries, write: rate, more: (f) => `${bytes(f.delivered_bytes)}/s` },
  { title: "Append latency, p50 and p99", of: (f) => f.append_p50_ms, second: (f) => f.append_p99_ms, write: ms, more: (f) => `p99 ${ms(f.append_p99_ms)}` },
  { title: "Messages not stored per second", of: (f) => f.appends_failed, write: rate, more: (f) => `${many(f.frames_rate_limited, "frame")} rate-limited, since the start` },
  { title: "HTTP requests per second", of: (f) => f.http_requests, write: rate, more: (f) => `${many(f.upgrades_refused, "upgrade")} refused, ${many(f.guests_minted, "guest")}, since the start` },
  { title: "Waiting for slow readers", of: (f) => f.outbox_bytes, write: bytes },
  { title: "Slow readers closed", of: (f) => f.slow_consumers, write: count, more: () => "since the start" },
  { title: "Gaps healed", of: (f) => f.gaps_healed, write: count, more: (f) => `${many(f.events_healed, "event")}, since the start` },
  { title: "Bus lag", of: (f) => f.bus_lag_ms, write: ms, more: (f) => `${many(f.bus_reconnects, "reconnect")}, ${many(f.bus_lagged, "overflow")}` },
  { title: "Store round trip", of: (f) => f.redis_round_trip_ms, write: ms },
  { title: "Processor", of: (f) => f.cpu_percent, write: percent, more: () => "100 % is one core" },
  { title: "Memory", of: (f) => f.memory_bytes, write: bytes },
  { title: "Open files and sockets", of: (f) => f.open_files, write: count, more: (f) => `of ${count(f.most_files)} that may be` },
];

function element(name, className, parent) {
  const made = document.createElement(name);
  made.className = className;
  parent.append(made);
  return made;
}

class Card {
  constructor(spec, parent) {
    this.spec = spec;
    const section = element("section", "card", parent);
    element("h2", "", section).textContent = spec.title;
    this.value = element("p", "value", section);
    this.more = element("p", "more", section);
    this.plot = new Plot();
    section.append(this.plot.svg);
    const scale = element("div", "scale", section);
    this.top = element("span", "", scale);
  }

  show(history) {
    const { of, second, write, more } = this.spec;
    const latest = history.at(-1);
    this.value.textContent = write(of(latest));
    this.more.textContent = more ? more(latest) : "";
    const top = this.plot.draw(history.map(of), second ? history.map(second) : []);
    this.top.textContent = `highest ${write(top)}`;
  }
}

function duration(seconds) {
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

const find = (id) => document.getElementById(id);
const cards = CARDS.map((spec) => new Card(spec, find("cards")));
let history = [];

function state(words, ready) {
  const element = find("state");
  if (element.textContent !== words) element.textContent = words;
  element.classList.toggle("ready", ready);
}

function show() {
  const latest = history.at(-1);
  if (!latest) return;
  find("node").textContent = latest.node;
  find("about").textContent = `up ${duration(latest.uptime_s)} · ${latest.store} store · version ${latest.version}`;
  state(latest.missing.length ? latest.missing.join("; ") : "ready", latest.missing.length === 0);
  for (const card of cards) card.show(history);
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}/live`);
  socket.onmessage = ({ data }) => {
    const figures = JSON.parse(data);
    // The first message is what was so far.
    history = Array.isArray(figures) ? figures : [...history, figures].slice(-KEPT);
    document.body.classList.remove("away");
    show();
  };
  socket.onclose = () => {
    document.body.classList.add("away");
    state("no connection to the node", false);
    setTimeout(connect, RETRY_MS);
  };
}

connect();
