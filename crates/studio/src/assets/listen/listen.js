// A participant's way through a listening test. The server says where they are; a page that is loaded again goes on there.
// Text is always text: nothing is ever parsed as HTML.

const $ = (selector) => document.querySelector(selector);
const stageBox = $("#stage");

function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const PATHS = { play: "M7 4.5v15l12.5-7.5z", pause: "M6.500 5h4v14h-4zM13.500 5h4v14h-4z" };

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

const say = (text) => { $("#status").textContent = text; };
const wait = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

// Requests. What the server did not answer is sent again until it does: an answer that it has kept already is not kept twice.

class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

async function request(path, data) {
  const options = data === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data) };
  for (let pause = 500; ; pause = Math.min(2 * pause, 5000)) {
    let response;
    try {
      response = await fetch(path, { cache: "no-store", ...options });
      const body = await response.json();
      if (response.ok) {
        $("#offline").hidden = true;
        return body;
      }
      if (response.status < 500) {
        $("#offline").hidden = true;
        throw new Refused(response.status, body.error || `the study answered with ${response.status}`);
      }
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    $("#offline").hidden = false;
    await wait(pause);
  }
}

// Sounds. `heard` counts each second of a sound once, however often it is played.

class Sound {
  constructor({ label, url, seconds }, group) {
    Object.assign(this, { label, seconds, group });
    this.audio = new Audio(url);
    this.audio.preload = "auto";
    this.audio.loop = group.together;
    this.changed = () => {};
    for (const event of ["play", "pause", "ended", "timeupdate", "loadedmetadata"]) {
      this.audio.addEventListener(event, () => this.changed());
    }
    this.audio.addEventListener("error", () => { this.failed = true; this.changed(); });
  }

  get playing() { return !this.audio.paused && !this.audio.ended; }

  get heard() {
    let sum = 0;
    for (let i = 0; i < this.audio.played.length; i++) sum += this.audio.played.end(i) - this.audio.played.start(i);
    return sum;
  }

  get needed() { return Math.max(0, Math.min(this.group.minimum, (this.seconds || Infinity) - 0.3)); }
  get isEnough() { return this.heard >= this.needed; }

  async toggle() {
    if (this.playing) {
      this.audio.pause();
      return;
    }
    const other = this.group.sounds.find((sound) => sound.playing);
    for (const sound of this.group.sounds) sound.audio.pause();
    // Versions of one piece go on where the other was, so that they can be compared note by note.
    // Near the end there is nothing to compare.
    if (other && this.group.together) {
      const at = other.audio.currentTime;
      this.audio.currentTime = at < this.audio.duration - 1 ? at : 0;
    }
    if (this.failed) { this.failed = false; this.audio.load(); }
    try {
      await this.audio.play();
    } catch (error) {
      if (error.name !== "AbortError") say("This sound cannot be played: check that the study is still there.");
    }
  }

  // A button; its text for screen readers follows what it does.
  button() {
    const button = h("button", { type: "button", class: "play", onclick: () => this.toggle() });
    const name = this.label === "Music" ? "the music" : this.label;
    let shown = null;
    this.draw = () => {
      if (shown === this.playing) return;
      shown = this.playing;
      button.replaceChildren(icon(shown ? "pause" : "play"));
      button.setAttribute("aria-label", `${shown ? "Pause" : "Play"} ${name}`);
    };
    this.draw();
    return button;
  }

  heardText() {
    if (this.failed) return "cannot be played";
    if (this.isEnough) return "✓ heard";
    return `${Math.ceil(this.needed - this.heard)} s more`;
  }
}

class Group {
  constructor(sounds, minimum, together = false) {
    this.minimum = minimum;
    this.together = together;
    this.sounds = sounds.map((sound) => new Sound(sound, this));
    this.changed = () => {};
  }

  // A row with a button, a name, a position and how much is still to be heard.
  row(sound) {
    const heard = h("span", { class: "heard" });
    const position = h("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0, "aria-label": `Position in ${sound.label}` });
    position.addEventListener("input", () => { if (sound.audio.duration) sound.audio.currentTime = Number(position.value) * sound.audio.duration; });
    const row = h("div", { class: "sound" }, sound.button(), h("div", { class: "label" }, h("span", {}, sound.label), heard), position);
    this.watch(sound, row, heard, () => { position.value = sound.audio.duration ? sound.audio.currentTime / sound.audio.duration : 0; });
    return row;
  }

  watch(sound, row, heard, more = () => {}) {
    let told = false;
    sound.changed = () => {
      sound.draw();
      row.classList.toggle("is-playing", sound.playing);
      heard.textContent = sound.heardText();
      heard.classList.toggle("is-enough", sound.isEnough);
      if (sound.isEnough && !told && this.minimum > 0) {
        told = true;
        say(`${sound.label}: heard enough`);
      }
      more();
      this.changed();
    };
    sound.changed();
  }

  get missing() { return this.sounds.find((sound) => !sound.isEnough); }
  get listened() { return this.sounds.map((sound) => Math.round(100 * sound.heard) / 100); }

  end() {
    for (const sound of this.sounds) {
      sound.changed = () => {};
      sound.audio.pause();
      sound.audio.removeAttribute("src");
      sound.audio.load();
    }
  }
}

// Pages. Each replaces the one before, and moves the focus to its heading.

let study = null;
let group = null;
let volumeIsSet = false;

function show(title, ...content) {
  const heading = h("h2", { tabindex: "-1" }, title);
  stageBox.replaceChildren(heading, ...content.flat(Infinity));
  heading.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function progress({ done, total }) {
  $("#progress").hidden = total === undefined;
  if (total === undefined) return;
  $("#bar").max = total;
  $("#bar").value = done;
  $("#count").textContent = `${Math.min(done + 1, total)} of ${total}`;
}

const paragraphs = (text) => h("div", { class: "text" }, text.split(/\n\s*\n/).map((part) => h("p", {}, part)));

// A form whose button says what is missing, and sends when nothing is.
function form(label, missing, send, ...content) {
  const hint = h("p", { class: "missing", role: "alert" });
  const button = h("button", { class: "button primary" }, label);
  const element = h("form", { novalidate: true }, content, h("div", { class: "actions" }, button, hint));
  let urgent = false;
  element.update = () => {
    const text = missing();
    button.classList.toggle("waits", Boolean(text));
    if (!text) urgent = false;
    hint.classList.toggle("is-urgent", urgent);
    const shown = urgent ? text : "";
    if (hint.textContent !== shown) hint.textContent = shown;
  };
  element.addEventListener("input", element.update);
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (element.isSending) return;
    urgent = true;
    element.update();
    if (missing()) return;
    element.isSending = true;
    button.setAttribute("aria-disabled", "true");
    try {
      await send();
    } catch (error) {
      hint.textContent = error.message;
      hint.classList.add("is-urgent");
      if (error.status === 403 || error.status === 404 || error.status === 409) {
        await wait(1500);
        await go(await current());
      }
    }
    element.isSending = false;
    button.removeAttribute("aria-disabled");
  });
  element.update();
  return element;
}

function consent() {
  const agree = h("input", { type: "checkbox", id: "agree" });
  const page = form("Begin", () => (agree.checked ? "" : "Tick the box if you agree."), async () => {
    const state = await request("/api/join", { consent: true, ...(token ? { token } : {}) });
    if (token) history.replaceState(null, "", location.pathname);
    await go(state);
  }, h("label", { class: "check" }, agree, h("span", {}, "I have read this and agree to take part.")));
  show("Welcome", paragraphs(study.consent), page);
}

const EXPLAINED = {
  pairs: "Each time you hear two short pieces, A and B, and choose.",
  "human-or-machine": "Each time you hear one short piece, and say whether a person or a machine wrote it, and how sure you are.",
  rating: "Each time you hear one short piece, and rate it from 1 to 5.",
  abx: "Each time you hear A, B and X. X is one of the two: say which.",
  mushra: "Each time you hear a reference and several versions of it, and grade each version from 0 to 100. One of the versions is the reference itself.",
};

function volume(next) {
  group = new Group([{ label: "Sound check", url: "/api/volume", seconds: 8 }], 2);
  const page = form("I hear it well", () => (group.missing ? "Play the sound first." : ""), async () => {
    volumeIsSet = true;
    await next();
  });
  group.changed = page.update;
  show("Set your volume", h("p", {}, "Play this sound, and set the volume so that it is pleasant. Then leave it as it is: all music has the same loudness."),
    h("div", { class: "sounds" }, group.row(group.sounds[0])),
    h("p", {}, EXPLAINED[study.kind], study.minimum_seconds > 0 ? ` Listen to at least ${study.minimum_seconds} seconds of each sound; you may hear it as often as you like.` : ""),
    page);
}

// Choices as a group of radio buttons; `value()` is the chosen one.
function choices(legend, name, options, style = "") {
  const inputs = options.map(([value]) => h("input", { type: "radio", name, value }));
  const labels = options.map(([, text, spoken], at) => h("label", {}, inputs[at], h("span", {}, spoken ? [text, h("span", { class: "sr" }, ` ${spoken}`)] : text)));
  const box = h("fieldset", {}, h("legend", {}, legend), h("div", { class: `choices ${style}` }, labels));
  return { box, value: () => inputs.find((input) => input.checked)?.value };
}

function steps(legend, name, low, high) {
  const spoken = { 1: low, 5: high };
  const made = choices(legend, name, [1, 2, 3, 4, 5].map((step) => [String(step), String(step), spoken[step]]), "steps");
  made.box.append(h("div", { class: "ends", "aria-hidden": "true" }, h("span", {}, `1 ${low}`), h("span", {}, `5 ${high}`)));
  return made;
}

function questionnaire() {
  const fields = study.questionnaire.map(({ text, choices: options }, at) => {
    if (options.length) return choices(text, `question-${at}`, options.map((option) => [option, option]));
    const input = h("input", { class: "text-field", id: `question-${at}`, maxlength: 500, autocomplete: "off" });
    return { box: h("div", {}, h("label", { for: `question-${at}` }, h("strong", {}, text)), input), value: () => input.value };
  });
  const missing = () => {
    const at = fields.findIndex((field, place) => study.questionnaire[place].choices.length && field.value() === undefined);
    return at < 0 ? "" : `Still open: ${study.questionnaire[at].text}`;
  };
  const page = form("Next", missing, async () => {
    const answers = Object.fromEntries(study.questionnaire.map(({ name }, at) => [name, fields[at].value()]));
    await go(await request("/api/questionnaire", answers));
  }, fields.map(({ box }) => box));
  show("About you", h("p", { class: "quiet" }, "Nothing here tells who you are."), page);
}

// What is asked of each kind of trial: its fields, what is missing, and the answer.
const QUESTIONS = {
  pairs() {
    const options = [["a", "A"], ...(study.allow_equal ? [["tie", "no difference"]] : []), ["b", "B"]];
    const made = choices("Your choice", "answer", options, "wide");
    return { boxes: [made.box], missing: () => (made.value() ? "" : "Choose one."), answer: () => ({ answer: made.value() }) };
  },
  abx() {
    const made = choices("Your answer", "answer", [["a", "X is A"], ["b", "X is B"]], "wide");
    return { boxes: [made.box], missing: () => (made.value() ? "" : "Choose one; guess if you cannot tell."), answer: () => ({ answer: made.value() }) };
  },
  "human-or-machine"() {
    const made = choices("Your answer", "answer", [["human", "a person"], ["machine", "a machine"]], "wide");
    const sure = steps("How sure are you?", "confidence", "a guess", "certain");
    const missing = () => (!made.value() ? "Choose one; guess if you cannot tell." : !sure.value() ? "Say how sure you are." : "");
    return { boxes: [made.box, sure.box], missing, answer: () => ({ answer: made.value(), confidence: Number(sure.value()) }) };
  },
  rating() {
    const scales = study.scales.map((scale, at) => [scale, steps(scale[0].toUpperCase() + scale.slice(1), `scale-${at}`, "bad", "excellent")]);
    const missing = () => {
      const open = scales.find(([, field]) => !field.value());
      return open ? `Still open: ${open[0]}.` : "";
    };
    const answer = () => ({ answer: Object.fromEntries(scales.map(([scale, field]) => [scale, Number(field.value())])) });
    return { boxes: scales.map(([, field]) => field.box), missing, answer };
  },
  mushra() {
    const versions = group.sounds.slice(0, -1);
    const set = new Map();
    const rows = versions.map((sound) => {
      const output = h("output", { class: "is-unset" }, "–");
      const slider = h("input", { type: "range", min: 0, max: 100, step: 1, value: 50, "aria-label": `Grade of ${sound.label}` });
      const keep = () => {
        set.set(sound, Number(slider.value));
        output.textContent = slider.value;
        output.classList.remove("is-unset");
      };
      for (const event of ["input", "change", "click"]) slider.addEventListener(event, keep);
      slider.addEventListener("keydown", (event) => { if (event.key === "Enter") keep(); });
      const heard = h("span", { class: "heard" });
      const row = h("div", { class: "grade" }, sound.button(), h("span", { class: "name" }, sound.label), slider, output, heard);
      group.watch(sound, row, heard);
      return row;
    });
    const ends = h("div", { class: "grade-ends", "aria-hidden": "true" }, ["bad", "poor", "fair", "good", "excellent"].map((word) => h("span", {}, word)));
    const open = () => versions.find((sound) => !set.has(sound));
    return {
      boxes: [h("div", { class: "grades" }, ends, rows), h("p", { class: "quiet small" }, "One of them is the reference itself: it should get 100.")],
      missing: () => (open() ? `Grade ${open().label}.` : ""),
      answer: () => ({ answer: versions.map((sound) => set.get(sound)) }),
    };
  },
};

function trial({ number, sounds }) {
  group = new Group(sounds, study.minimum_seconds, study.kind === "mushra" || study.kind === "abx");
  const known = h("input", { type: "checkbox", id: "known" });
  const isMushra = study.kind === "mushra";
  const listed = isMushra ? group.sounds.slice(-1) : group.sounds;
  const rows = h("div", { class: `sounds ${listed.length === 2 ? "two" : ""}` }, listed.map((sound) => group.row(sound)));
  const question = QUESTIONS[study.kind]();
  const missing = () => (group.missing ? `Listen to ${group.missing.label === "Music" ? "the music" : group.missing.label} a little longer.` : question.missing());
  const page = form("Next", missing, async () => {
    const given = { ...question.answer(), known: known.checked, listened: group.listened };
    for (const sound of group.sounds) sound.audio.pause();
    await go(await request("/api/answers", { trial: number, given }));
  }, question.boxes, h("label", { class: "check" }, known, h("span", {}, sounds.length > 1 && !isMushra ? "I know one of these pieces" : "I know this piece")));
  group.changed = page.update;
  const keys = group.sounds.map((sound, at) => [h("kbd", {}, String(at + 1)), ` ${sound.label === "Music" ? "play" : sound.label}  `]);
  show(study.question, rows, page, h("p", { class: "quiet small keys-hint" }, "Keys: ", keys));
}

function end({ listener }) {
  const next = h("button", { type: "button", class: "button" }, "Next participant at this computer");
  next.addEventListener("click", async () => { await request("/api/leave", {}); volumeIsSet = false; await go(await current()); });
  show("Thank you", h("p", {}, "All your answers are kept. You can close this page."), h("p", { class: "quiet" }, "Your code: ", h("span", { class: "code" }, listener)),
    study.needs_token ? [] : h("div", { class: "actions" }, next));
}

async function go(state) {
  group?.end();
  group = null;
  progress(state.stage === "trial" ? state : {});
  document.body.dataset.stage = state.stage;
  const checkFirst = (state.stage === "questionnaire" || (state.stage === "trial" && state.done === 0)) && !volumeIsSet;
  if (checkFirst) {
    document.body.dataset.stage = "volume";
    volume(() => go(state));
  } else if (state.stage === "consent") consent();
  else if (state.stage === "questionnaire") questionnaire();
  else if (state.stage === "trial") trial(state.trial);
  else if (state.stage === "end") end(state);
  else show("Thank you for coming", h("p", {}, "This study has all the participants it needs."));
  document.body.dataset.trial = state.stage === "trial" && !checkFirst ? state.trial.number : "";
}

// The part of the address behind the # says who has been given it; it is sent to the server alone.
const token = location.hash.slice(1);

async function current() {
  if (token && study.needs_token) {
    const state = await request("/api/join", { consent: false, token });
    if (state.stage !== "consent" && state.stage !== "full") history.replaceState(null, "", location.pathname);
    return state;
  }
  const state = await request("/api/state");
  if (state.stage === "consent" && study.needs_token) throw new Refused(403, "This study needs a link of your own: open the one that you were given.");
  return state;
}

// 1, 2, 3 … play the sounds.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input[type=text], .text-field, input[type=range]")) return;
  const sound = group?.sounds[Number(event.key) - 1];
  if (sound) {
    event.preventDefault();
    sound.toggle();
  }
});

try {
  study = await request("/api/study");
  $("#title").textContent = study.title;
  document.title = study.title;
  await go(await current());
} catch (error) {
  show("This does not work", h("p", {}, error.message));
}
