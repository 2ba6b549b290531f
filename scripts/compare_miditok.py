#!/usr/bin/env python3
"""Reads every MIDI file of the folders given with symusic and encodes it with MidiTok's MIDILike tokens (note on, note
off, time shift, 32 velocities) on one thread. Prints one line: files, tokens, seconds. See compare_miditok.sh."""

import pathlib
import sys
import time

import miditok
import symusic

config = miditok.TokenizerConfig(num_velocities=32, use_programs=False, pitch_range=(0, 127), encode_ids_split="no")
tokenizer = miditok.MIDILike(config)
files = sorted(path for folder in sys.argv[1:] for path in pathlib.Path(folder).rglob("*") if path.suffix.lower() in (".mid", ".midi"))
started = time.perf_counter()
count = 0
for path in files:
    encoded = tokenizer.encode(symusic.Score(path))
    count += sum(len(sequence.ids) for sequence in encoded) if isinstance(encoded, list) else len(encoded.ids)
print(len(files), count, time.perf_counter() - started)
