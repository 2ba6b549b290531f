// A SoundFont of one sound, made here: a sine of 441 Hz that is held as long as a note.

const words = (...values) => Buffer.concat(values.map((value) => { const two = Buffer.alloc(2); two.writeUInt16LE(value); return two; }));
const longs = (...values) => Buffer.concat(values.map((value) => { const four = Buffer.alloc(4); four.writeUInt32LE(value); return four; }));
const named = (text) => Buffer.concat([Buffer.from(text), Buffer.alloc(20 - text.length)]);
const chunk = (kind, ...parts) => {
  const bytes = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(kind), longs(bytes.length), bytes]);
};
const list = (kind, ...parts) => chunk("LIST", Buffer.from(kind), ...parts);

export function sine() {
  const samples = Buffer.alloc(2 * 1046);
  for (let n = 0; n < 1000; n++) samples.writeInt16LE(Math.round(20000 * Math.sin((2 * Math.PI * n) / 100)), 2 * n);
  const preset = (text, bag) => Buffer.concat([named(text), words(0, 0, bag), longs(0, 0, 0)]);
  const header = (text, places, pitch, kind) => Buffer.concat([named(text), longs(...places), Buffer.from([pitch, 0]), words(0, kind)]);
  return chunk("RIFF", Buffer.from("sfbk"),
    list("INFO", chunk("ifil", words(2, 1)), chunk("isng", Buffer.from("EMU8000\0")), chunk("INAM", Buffer.from("Sine\0\0"))),
    list("sdta", chunk("smpl", samples)),
    list("pdta",
      chunk("phdr", preset("Sine", 0), preset("EOP", 1)), chunk("pbag", words(0, 0, 1, 0)), chunk("pmod", Buffer.alloc(10)),
      chunk("pgen", words(41, 0, 0, 0)), // 41 names the instrument
      chunk("inst", named("Sine"), words(0), named("EOI"), words(1)), chunk("ibag", words(0, 0, 2, 0)), chunk("imod", Buffer.alloc(10)),
      chunk("igen", words(54, 1, 53, 0, 0, 0)), // 54 loops the sample, 53 names it
      chunk("shdr", header("Sine", [0, 1000, 100, 900, 44100], 69, 1), header("EOS", [0, 0, 0, 0, 0], 0, 0))));
}
