// A piece of music: notes in ticks, bars, and the time of each tick.

const DEFAULT_TEMPO = 500000;

export class Piece {
  constructor(music) {
    this.ticks = music.ticks;
    this.end = music.end;
    this.bars = music.bars; // [start, numerator, denominator]
    this.tracks = music.tracks.map(({ name, program, channel, drum }) => ({ name, program, channel, drum }));
    this.notes = [];
    music.tracks.forEach((track, index) => {
      for (const [on, dur, pitch, vel, channel, program] of track.notes) {
        this.notes.push({ track: index, on, dur, pitch, vel, channel, program });
      }
    });
    this.pedals = music.pedals || [];
    this.setTempos(music.tempos);
    this.sort();
  }

  static empty() {
    const bars = Array.from({ length: 8 }, (_, bar) => [bar * 1920, 4, 4]);
    const track = { name: "piano", program: 0, channel: 0, drum: false, notes: [] };
    return new Piece({ ticks: 480, end: 8 * 1920, bars, tempos: [], tracks: [track] });
  }

  // The same piece with other notes, for the time in which the server has not answered yet.
  withNotes(notes) {
    const copy = Object.assign(Object.create(Piece.prototype), this);
    copy.notes = notes;
    copy.tracks = this.tracks.slice();
    for (const note of notes) {
      if (!copy.tracks[note.track]) {
        copy.tracks[note.track] = { name: null, program: note.program, channel: note.channel, drum: note.channel === 9 };
      }
    }
    copy.sort();
    copy.extend();
    return copy;
  }

  sort() {
    this.notes.sort((a, b) => a.on - b.on || a.pitch - b.pitch);
    this.longest = this.notes.reduce((most, note) => Math.max(most, note.dur), 0);
    this.low = this.notes.reduce((low, note) => Math.min(low, note.pitch), 127);
    this.high = this.notes.reduce((high, note) => Math.max(high, note.pitch), 0);
  }

  // As many bars as the notes need.
  extend() {
    const last = this.notes.reduce((most, note) => Math.max(most, note.on + note.dur), 0);
    if (last <= this.end) return;
    this.bars = this.bars.slice();
    while (this.end < last) {
      const [, numerator, denominator] = this.bars[this.bars.length - 1];
      this.bars.push([this.end, numerator, denominator]);
      this.end += Math.round((this.ticks * 4 * numerator) / denominator);
    }
  }

  setTempos(tempos) {
    const changes = tempos.length && tempos[0][0] === 0 ? tempos : [[0, DEFAULT_TEMPO], ...tempos];
    let seconds = 0;
    this.tempos = changes.map(([tick, micros], place) => {
      if (place > 0) {
        const [before, last] = changes[place - 1];
        seconds += ((tick - before) * last) / (1e6 * this.ticks);
      }
      return { tick, seconds, perTick: micros / (1e6 * this.ticks) };
    });
  }

  seconds(tick) {
    const tempo = this.tempos[lastAt(this.tempos, (tempo) => tempo.tick <= tick)];
    return tempo.seconds + (tick - tempo.tick) * tempo.perTick;
  }

  tickAt(seconds) {
    const tempo = this.tempos[lastAt(this.tempos, (tempo) => tempo.seconds <= seconds)];
    return tempo.tick + (seconds - tempo.seconds) / tempo.perTick;
  }

  // The place of the bar that holds a tick, from 0.
  barAt(tick) {
    return lastAt(this.bars, (bar) => bar[0] <= tick);
  }

  barStart(index) {
    if (index >= this.bars.length) return this.end;
    return this.bars[Math.max(index, 0)][0];
  }

  barEnd(index) {
    return this.barStart(index + 1);
  }

  beat(index) {
    const [, numerator, denominator] = this.bars[index];
    const compound = denominator >= 8 && numerator > 3 && numerator % 3 === 0;
    return (this.ticks * 4 * (compound ? 3 : 1)) / denominator;
  }

  // Calls `each` for the notes that sound between two ticks.
  between(from, to, each) {
    const { notes } = this;
    let place = firstFrom(notes, from - this.longest);
    for (; place < notes.length && notes[place].on < to; place++) {
      if (notes[place].on + notes[place].dur > from) each(notes[place]);
    }
  }
}

// The last place whose element fulfils `test`, which holds for a beginning of the list; 0 if none does.
function lastAt(list, test) {
  let low = 0;
  let high = list.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (test(list[middle])) low = middle;
    else high = middle;
  }
  return low;
}

// The first place with an onset at or after a tick.
function firstFrom(notes, tick) {
  let low = 0;
  let high = notes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (notes[middle].on < tick) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const sameNote = (a, b) =>
  a.on === b.on && a.dur === b.dur && a.pitch === b.pitch && a.track === b.track && a.vel === b.vel;

export const placed = (note) => ({
  track: note.track,
  note: [note.on, note.dur, note.pitch, note.vel, note.channel, note.program],
});

const NAMES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];

export const pitchName = (pitch) => `${NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`;

const FAMILIES = ["piano", "mallets", "organ", "guitar", "bass", "strings", "ensemble", "brass", "reed", "pipe",
  "lead", "pad", "effects", "world", "percussion", "effects"];

export const trackName = (track, index) =>
  track.name || (track.drum ? "drums" : `${FAMILIES[track.program >> 3]} ${index + 1}`);
