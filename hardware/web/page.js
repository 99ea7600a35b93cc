// The page: a device on the screen, at the other end of one WebSocket. hardware/web_visit.py says what is said over it.

import { Camera } from "./camera.js";
import { Ring } from "./ring.js";
import { Sound } from "./sound.js";

const $ = (id) => document.getElementById(id);
const HINTS = {
  hold: "Hold the ring or the space bar while you speak.",
  tap: "Tap the ring or the space bar, and speak.",
  hands_free: "Just speak. The ring and the space bar do as well.",
};
const LINKS = { up: "connected", down: "no connection", connecting: "connecting", resting: "resting", draining: "changing the connection" };
const MOST_SAID = 30;
const TAKEN_OVER = 4001;
const METER_FALL = 0.05; // at each look, of which there are 15 a second

const ring = new Ring();
const camera = new Camera();
const link = new Worker("link.js");
link.postMessage({ open: new URL("ws", location.href.replace(/^http/, "ws")).href });
let parts = [];
let sound; // while the device is switched on here
let over = ""; // why the device is not here any more
let pressed = false;
let shown;
let noticeTimer;
const levels = { heard: 0, played: 0 };

const tell = (message) => link.postMessage({ tell: message });
const ask = (...words) => tell(JSON.stringify({ ask: words }));

link.onmessage = ({ data }) => ("closed" in data ? leave(data.closed) : take(data.message));

function take(message) {
  if (message.ring) ring.show(message.ring);
  if (message.shown) show(message.shown);
  if (message.parts) {
    ({ parts } = message);
    drawState();
  }
  if ("muted" in message) mute(message.muted);
  if (message.capture) capture(message);
  if (message.rest) camera.rest();
  if (message.notice) notice(message.notice);
}

function leave(code) {
  over = code === TAKEN_OVER
    ? "Another page is the device now. Reload this one to have it back."
    : "The device is gone. Start it again, and open the address that it prints.";
  switchOff();
  camera.rest();
  ring.show(new Array(document.querySelectorAll("#lamps circle").length * 3).fill(0));
  $("link").textContent = "gone";
  $("link").className = "bad";
  for (const control of document.querySelectorAll(".controls button, .controls input")) control.disabled = true;
  drawState();
}

// --- the button, which is the switch to begin with ---

let muted = false;
let switching = false;

function mute(now) {
  muted = now;
  sound?.mute(now);
}

async function switchOn() {
  if (over || switching) return;
  switching = true;
  const begun = new Sound(link, (why) => { switchOff(); notice(why, true); });
  begun.mute(muted);
  try {
    await begun.on(parts.includes("microphone"));
    sound = begun;
    $("notice").hidden = true;
  } catch (error) {
    begun.close();
    notice(remedy(error, "microphone"), true);
  }
  switching = false;
  drawState();
}

function switchOff() {
  if (!sound) return;
  press(false);
  sound.close();
  sound = undefined;
  tell(JSON.stringify({ sound: null }));
  drawState();
}

function remedy(error, part) {
  switch (error.name) {
    case "NotAllowedError":
      return `The browser does not let this page use the ${part}. Allow it beside the address, and try again.`;
    case "NotFoundError":
      return `The browser finds no ${part}. Connect one, and try again.`;
    case "NotReadableError":
      return `The ${part} cannot be read. Another program may have it; end that, and try again.`;
    case "TimeoutError":
      return "The browser's sound does not begin. Connect a loudspeaker or headphones, and press the ring again.";
    default:
      return `The ${part} cannot be used: ${error.message}`;
  }
}

function press(down) {
  if (down === pressed || (down && !sound)) return;
  pressed = down;
  $("button").classList.toggle("pressed", down);
  tell(JSON.stringify({ button: down }));
}

$("button").addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  $("button").setPointerCapture(event.pointerId);
  press(true);
});
for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) $("button").addEventListener(kind, () => press(false));
// Not when it is touched, but when it is let go: only then do browsers let a touch begin any sound.
$("button").addEventListener("click", () => sound || switchOn());
$("button").addEventListener("contextmenu", (event) => event.preventDefault());
const isSpace = (event) => event.code === "Space" && (event.target === $("button") || !event.target.closest("button, input"));
addEventListener("keydown", (event) => {
  if (!isSpace(event)) return;
  event.preventDefault();
  if (event.repeat) return;
  if (sound) press(true);
  else switchOn();
});
addEventListener("keyup", (event) => {
  if (!isSpace(event)) return;
  event.preventDefault();
  press(false);
});
addEventListener("blur", () => press(false));

// --- the other controls ---

$("mute").onclick = () => ask(shown?.muted ? "unmute" : "mute");
$("network").onclick = () => ask("network", shown?.network ? "cut" : "restore");
$("look").onclick = () => ask("look");
$("stop").onclick = () => ask("stop");
$("volume").onchange = () => ask("volume", $("volume").value);

// --- the camera ---

async function capture({ capture: number, width_px, quality }) {
  try {
    const jpeg = new Uint8Array(await camera.capture(width_px, quality));
    const message = new Uint8Array(12 + jpeg.length);
    message.set(new Uint8Array(new Uint32Array([2, number, 0]).buffer));
    message.set(jpeg, 12);
    tell(message);
  } catch (error) {
    const why = remedy(error, "camera");
    notice(why);
    tell(JSON.stringify({ camera: number, why }));
  }
}

// --- what there is to read ---

function show(now) {
  const before = shown;
  shown = now;
  $("link").textContent = LINKS[now.link] ?? now.link;
  $("link").className = now.link === "down" ? "bad" : now.link === "connecting" ? "" : "up";
  $("heard").style.transform = `scaleX(${(levels.heard = settled(levels.heard, now.microphone_level))})`;
  $("heard").className = now.gate_open ? "sent" : ""; // cyan is only ever an open microphone
  $("played").style.transform = `scaleX(${(levels.played = settled(levels.played, now.speaker_level))})`;
  if (document.activeElement !== $("volume") || before === undefined) $("volume").value = now.volume_percent;
  $("mute").setAttribute("aria-pressed", now.muted);
  $("mute").textContent = now.muted ? "Muted" : "Mute";
  $("network").disabled = now.network === null;
  $("network").setAttribute("aria-pressed", now.network === false);
  $("network").textContent = now.network === null ? "The network cannot be cut here" : now.network ? "Cut the network" : "Network is cut";
  $("look").hidden = !parts.includes("camera");
  drawState();
  if (differs(before?.words, now.words) && now.words) say(now.words);
  if (differs(before?.last_turn, now.last_turn)) drawTurn(now.last_turn);
  if (differs(before?.news, now.news)) drawNews(now.news);
}

const settled = (before, level) => Math.max(level, before - METER_FALL);
const differs = (one, other) => JSON.stringify(one) !== JSON.stringify(other);

function put(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

function drawState() {
  put("state", over ? "gone" : sound ? shown?.state ?? "" : "off");
  put("meaning", over || (sound ? shown?.meaning ?? "" : "Press the ring to switch it on."));
  const asks = parts.includes("microphone") ? "The browser will ask for the microphone." : "";
  put("hint", over ? "" : sound ? HINTS[shown?.mode] ?? "" : asks);
}

function notice(text, lasting = false) {
  $("notice").textContent = text;
  $("notice").hidden = false;
  clearTimeout(noticeTimer);
  if (!lasting) noticeTimer = setTimeout(() => ($("notice").hidden = true), 8000);
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function say({ speaker, text }) {
  const last = $("said").lastElementChild;
  // An answer grows word by word; what is said next begins otherwise.
  if (last?.dataset.speaker === speaker && text.startsWith(last.textContent)) {
    last.textContent = text;
  } else {
    const line = element("li", text, speaker);
    line.dataset.speaker = speaker;
    $("said").append(line);
    if ($("said").children.length > MOST_SAID) $("said").firstElementChild.remove();
  }
  $("said").scrollTop = $("said").scrollHeight;
}

function drawTurn(turn) {
  const steps = [
    ["you", "you spoke", turn.listened_ms],
    ["wait", "waited", turn.first_audio_ms],
    ["answer", "answer", turn.sounded_ms],
  ].filter(([, , ms]) => ms > 0);
  if (!steps.length) return;
  const bar = element("div", "", "bar");
  const list = element("ul", "", "parts");
  for (const [kind, name, ms] of steps) {
    const part = element("span", "", kind);
    part.style.flexGrow = ms;
    bar.append(part);
    const item = element("li", "");
    item.append(element("b", "", kind), `${name} `, element("em", `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`));
    list.append(item);
  }
  const dry = turn.underruns ? `, ran dry ${turn.underruns} times` : "";
  $("turn").replaceChildren(bar, list, element("p", `${turn.outcome}${dry}`, "faint"));
}

function drawNews(news) {
  $("news").replaceChildren(...news.map(({ at_s, text, bad }) => {
    const line = element("li", "", bad ? "bad" : "");
    line.append(element("time", new Date(at_s * 1000).toTimeString().slice(0, 8)), element("span", text));
    return line;
  }));
  $("news").scrollTop = $("news").scrollHeight;
}
