// Plays the notes that stand in the page with Web Audio: no library, no request. The files beside the page have the better sound.
(() => {
  "use strict";

  // Sounds by family of General MIDI programs, eight programs each: amplitudes of the partials, seconds of attack, time constant of the decay
  // at middle C, the level that it ends at, time constant of the release.
  const struck = (partials, decay) => ({ partials, attack: 0.004, decay, level: 0, release: 0.09 });
  const held = (partials, attack, release) => ({ partials, attack, decay: 0.15, level: 0.8, release });
  const FAMILIES = [
    struck([1, 0.5, 0.26, 0.14, 0.08, 0.05, 0.03], 0.9), // piano
    struck([1, 0, 0.25, 0, 0, 0.12], 0.6), // bells, mallets
    held([1, 0.6, 0.4, 0.3, 0, 0.2, 0, 0.12], 0.02, 0.04), // organ
    struck([1, 0.6, 0.42, 0.22, 0.16, 0.1, 0.07], 0.5), // guitar
    struck([1, 0.55, 0.2, 0.1, 0.04], 0.8), // bass
    held([1, 0.55, 0.38, 0.27, 0.2, 0.14, 0.09], 0.06, 0.1), // strings
    held([1, 0.4, 0.22, 0.1, 0.05], 0.08, 0.12), // ensemble, voices
    held([1, 0.75, 0.55, 0.4, 0.26, 0.16], 0.035, 0.06), // brass
    held([1, 0.2, 0.5, 0.12, 0.28, 0.08], 0.025, 0.05), // reeds
    held([1, 0.22, 0.08, 0.03], 0.04, 0.06), // pipes
    held([1, 0.5, 0.33, 0.25, 0.2], 0.01, 0.05), // synthesiser: lead
    held([1, 0.35, 0.18, 0.08], 0.1, 0.2), // pad
  ];
  const DRUMS = 128;
  const AHEAD = 2.5; // Seconds that are scheduled ahead: pages in the background are woken once a second.

  const waves = new WeakMap();

  function waveOf(context, family) {
    if (!waves.has(context)) waves.set(context, new Map());
    const known = waves.get(context);
    if (!known.has(family)) {
      const sine = Float32Array.from([0, ...family.partials]);
      known.set(family, context.createPeriodicWave(new Float32Array(sine.length), sine));
    }
    return known.get(family);
  }

  const noises = new WeakMap();

  // A second of white noise, the same every time.
  function noiseOf(context) {
    if (!noises.has(context)) {
      const buffer = context.createBuffer(1, context.sampleRate, context.sampleRate);
      let state = 1;
      const samples = buffer.getChannelData(0);
      for (let i = 0; i < samples.length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) | 0;
        samples[i] = state / 2147483648;
      }
      noises.set(context, buffer);
    }
    return noises.get(context);
  }

  function panned(context, pan, out) {
    if (!context.createStereoPanner) return out;
    const panner = context.createStereoPanner();
    panner.pan.value = pan;
    panner.connect(out);
    return panner;
  }

  function pitched(context, note, at, out) {
    const family = FAMILIES[note.program >> 3] || FAMILIES[11];
    const peak = 0.2 * Math.pow(note.velocity / 127, 1.5);
    const decay = family.decay * Math.pow(2, (60 - note.pitch) / 30);
    const end = Math.max(at + note.duration, at + family.attack + 0.03);
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    oscillator.setPeriodicWave(waveOf(context, family));
    oscillator.frequency.value = 440 * Math.pow(2, (note.pitch - 69) / 12);
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(peak, at + family.attack);
    gain.gain.setTargetAtTime(peak * family.level, at + family.attack, decay);
    gain.gain.setTargetAtTime(0, end, family.release);
    oscillator.connect(gain).connect(panned(context, (note.pitch - 64) / 120, out));
    oscillator.start(at);
    oscillator.stop(end + 6 * family.release);
  }

  function burst(context, at, peak, seconds, kind, frequency, out) {
    const source = context.createBufferSource();
    const filter = context.createBiquadFilter();
    const gain = context.createGain();
    source.buffer = noiseOf(context);
    source.loop = true;
    filter.type = kind;
    filter.frequency.value = frequency;
    gain.gain.setValueAtTime(peak, at);
    gain.gain.setTargetAtTime(0, at, seconds / 4);
    source.connect(filter).connect(gain).connect(out);
    source.start(at);
    source.stop(at + 1.5 * seconds);
  }

  function thump(context, at, peak, from, to, seconds, out) {
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    oscillator.frequency.setValueAtTime(from, at);
    oscillator.frequency.exponentialRampToValueAtTime(to, at + seconds / 3);
    gain.gain.setValueAtTime(peak, at);
    gain.gain.setTargetAtTime(0, at, seconds / 4);
    oscillator.connect(gain).connect(out);
    oscillator.start(at);
    oscillator.stop(at + 1.5 * seconds);
  }

  function drum(context, note, at, out) {
    const peak = 0.3 * Math.pow(note.velocity / 127, 1.5);
    const to = (pan) => panned(context, pan, out);
    switch (note.pitch) {
      case 35: case 36: return thump(context, at, 1.6 * peak, 130, 48, 0.25, out);
      case 37: case 39: return burst(context, at, 0.6 * peak, 0.1, "bandpass", 1500, out);
      case 38: case 40:
        thump(context, at, 0.5 * peak, 220, 170, 0.12, out);
        return burst(context, at, 0.7 * peak, 0.18, "bandpass", 2200, out);
      case 42: case 44: return burst(context, at, 0.35 * peak, 0.06, "highpass", 7500, to(0.25));
      case 46: return burst(context, at, 0.35 * peak, 0.35, "highpass", 7000, to(0.25));
      case 49: case 52: case 55: case 57: return burst(context, at, 0.45 * peak, 1.1, "highpass", 4500, to(-0.3));
      case 51: case 53: case 59: return burst(context, at, 0.3 * peak, 0.5, "highpass", 6000, to(0.3));
    }
    if (note.pitch >= 41 && note.pitch <= 50) {
      const low = 70 + 14 * (note.pitch - 41);
      return thump(context, at, peak, 1.6 * low, low, 0.3, to((note.pitch - 45) / 20));
    }
    return burst(context, at, 0.35 * peak, 0.12, "bandpass", 3000, out);
  }

  // Notes as "start,duration,pitch,velocity,program", with a space between them; times in milliseconds, each start from the one before.
  function read(text) {
    let start = 0;
    return text.split(" ").filter(Boolean).map((note) => {
      const [after, duration, pitch, velocity, program] = note.split(",").map(Number);
      start += after;
      return { start: start / 1000, duration: duration / 1000, pitch, velocity, program };
    });
  }

  function schedule(context, note, at, out) {
    if (note.program === DRUMS) drum(context, note, at, out);
    else pitched(context, note, at, out);
  }

  let context = null;
  let playing = null;

  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  class Player {
    constructor(element) {
      this.element = element;
      this.notes = read(element.dataset.notes);
      this.seconds = Number(element.dataset.seconds);
      // Where in the picture a time is: pairs of seconds and a share of the width, and straight lines between them.
      this.places = element.dataset.places.split(" ").map((pair) => pair.split(",").map(Number));
      this.button = element.querySelector("button");
      this.slider = element.querySelector("input");
      this.time = element.querySelector(".time");
      this.cursors = [...element.querySelectorAll(".cursor")];
      this.at = 0;
      this.slider.max = this.seconds;
      this.slider.disabled = this.button.disabled = false;
      this.button.addEventListener("click", () => (playing === this ? this.pause() : this.play()));
      this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
      for (const roll of element.querySelectorAll(".roll")) {
        roll.addEventListener("click", (event) => this.seek(this.timeAt(event, roll)));
      }
      this.show();
    }

    timeAt(event, roll) {
      const box = roll.firstElementChild.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      return this.interpolate(share, 1, 0);
    }

    // The other coordinate of a point on the lines of `places`.
    interpolate(value, from, to) {
      const places = this.places;
      let i = 1;
      while (i < places.length - 1 && places[i][from] < value) i++;
      const [a, b] = [places[i - 1], places[i]];
      const share = (value - a[from]) / Math.max(b[from] - a[from], 1e-9);
      return a[to] + Math.min(Math.max(share, 0), 1) * (b[to] - a[to]);
    }

    play() {
      if (playing) playing.pause();
      if (!context) context = new (window.AudioContext || window.webkitAudioContext)();
      context.resume();
      if (this.at >= this.seconds) this.at = 0;
      this.out = context.createDynamicsCompressor();
      this.volume = context.createGain();
      this.out.connect(this.volume).connect(context.destination);
      this.begin = context.currentTime + 0.06 - this.at;
      this.next = this.notes.findIndex((note) => note.start >= this.at - 0.001);
      if (this.next < 0) this.next = this.notes.length;
      playing = this;
      this.ahead();
      this.timer = setInterval(() => this.ahead(), 250);
      const frame = () => {
        if (playing !== this) return;
        this.at = Math.max(context.currentTime - this.begin, 0);
        if (this.at >= this.seconds) {
          this.pause();
          this.at = 0;
        }
        this.show();
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
      this.show();
    }

    ahead() {
      const until = context.currentTime - this.begin + AHEAD;
      while (this.next < this.notes.length && this.notes[this.next].start < until) {
        const note = this.notes[this.next++];
        schedule(context, note, Math.max(this.begin + note.start, context.currentTime), this.out);
      }
    }

    pause() {
      clearInterval(this.timer);
      playing = null;
      const volume = this.volume;
      volume.gain.setTargetAtTime(0, context.currentTime, 0.02);
      setTimeout(() => volume.disconnect(), 300);
      this.show();
    }

    seek(seconds) {
      const was = playing === this;
      if (was) this.pause();
      this.at = Math.min(Math.max(seconds, 0), this.seconds);
      if (was) this.play();
      this.show();
    }

    show() {
      const on = playing === this;
      this.button.textContent = on ? "❚❚" : "▶";
      this.button.setAttribute("aria-label", (on ? "Pause " : "Play ") + this.element.dataset.title);
      this.slider.value = this.at;
      this.time.textContent = `${clock(this.at)} / ${clock(this.seconds)}`;
      const share = this.interpolate(this.at, 0, 1);
      for (const cursor of this.cursors) {
        cursor.hidden = !on && this.at === 0;
        cursor.style.left = `${100 * share}%`;
        const roll = cursor.parentElement.parentElement;
        const spare = roll.scrollWidth - roll.clientWidth;
        if (on && spare > 0) roll.scrollLeft = share * roll.scrollWidth - roll.clientWidth / 2;
      }
    }
  }

  window.composerPlayer = { read, schedule };
  for (const element of document.querySelectorAll(".player")) new Player(element);
})();
