// Puts the page together: identity, connection, conversation, and the views that show them. Nothing else happens here.

import { forget, keep, keptIdentity } from "./identity.js";
import { Chat } from "./model/chat.js";
import { roomIdFrom } from "./model/limits.js";
import { Remedy } from "./net/close_codes.js";
import { Connection, State } from "./net/connection.js";
import { Banner } from "./view/banner.js";
import { Composer } from "./view/composer.js";
import { Drawers } from "./view/drawers.js";
import { byId } from "./view/element.js";
import { MessageLog } from "./view/message_log.js";
import { PeopleList } from "./view/people_list.js";
import { RoomHeader } from "./view/room_header.js";
import { RoomList } from "./view/room_list.js";
import { SignIn } from "./view/sign_in.js";

const FIRST_ROOM = "general";

const connection = new Connection(new URL("/ws", location.href.replace(/^http/, "ws")));
const chat = new Chat(connection);
const signIn = new SignIn();
new Banner(connection);
const composer = new Composer(chat);
const messageLog = new MessageLog(chat);
const header = new RoomHeader(chat, connection);
const roomList = new RoomList(chat, new Drawers());
const views = [header, roomList, new PeopleList(chat), messageLog, composer];

let isDrawAsked = false;

function draw() {
  isDrawAsked = false;
  for (const view of views) view.render();
}

chat.addEventListener("change", () => {
  header.renderTitle();
  if (!chat.current) goToAnotherRoom();
  if (!isDrawAsked) requestAnimationFrame(draw);
  isDrawAsked = true;
});

/** The open room was left or taken away. */
function goToAnotherRoom() {
  const [next] = chat.rooms.keys();
  history.replaceState(null, "", next ? `#${next}` : location.pathname);
  if (next) openFromAddress();
}

function openFromAddress() {
  chat.open(roomIdFrom(location.hash) ?? FIRST_ROOM);
}

/** Where the focus goes behind a choice: to where one writes, unless a keyboard would cover half of a phone. */
function focusConversation() {
  if (matchMedia("(pointer: fine)").matches) composer.focus();
  else byId("log").focus({ preventScroll: true });
}

let identity = keptIdentity();

function enter(who) {
  identity = who;
  signIn.hide();
  openFromAddress();
  connection.start(identity.token);
  focusConversation();
}

signIn.addEventListener("identity", ({ detail }) => {
  keep(detail);
  enter(detail);
});
connection.addEventListener("state", ({ detail }) => {
  if (detail.name === State.ONLINE) signIn.accepted();
  if (detail.name !== State.STOPPED || detail.remedy !== Remedy.SIGN_IN) return;
  forget();
  if (identity.user) signIn.show(detail.words);
  else signIn.refuseToken(detail.words);
});
composer.addEventListener("written", () => messageLog.goToEnd());
roomList.addEventListener("opened", focusConversation);
messageLog.addEventListener("edit", ({ detail }) => composer.takeBack(detail));

addEventListener("hashchange", openFromAddress);
addEventListener("online", () => (connection.retryNow(), connection.probe()));
addEventListener("offline", () => connection.probe());
document.addEventListener("visibilitychange", () => connection.probe());
addEventListener("beforeunload", (event) => {
  if (chat.hasUnsent) event.preventDefault();
});
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  composer.focus();
});

if (identity) enter(identity);
else signIn.show();
