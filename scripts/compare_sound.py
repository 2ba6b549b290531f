#!/usr/bin/env python3
"""Compares the built-in synthesiser with a SoundFont: the same pieces rendered by both, their loudness, their spectrum and how they begin and end.

    pip install numpy
    cargo build --release
    scripts/compare_sound.py SOUNDFONT FILE.mid [FILE.mid ...] [--picture FOLDER]      a General MIDI SoundFont (.sf2), such as TimGM6mb

For each piece, of either rendering: loudness (RMS of what sounds, in dB of full scale), peak, width (RMS of the difference of both channels over that of their sum), spectral
centroid, share of the energy below 250 Hz and above 4 kHz, and the mean difference of their spectra in bands of a third of an octave once both have one
loudness. With --picture, both spectrograms of each piece (needs matplotlib).
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import wave

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent


def rendered(composer, file, out, soundfont):
    words = [composer, "convert", file, out] + (["--soundfont", soundfont] if soundfont else [])
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)
    with wave.open(str(out)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2") / 32768
        return samples.reshape(-1, sound.getnchannels()), sound.getframerate()


def spectrogram(mono, size=4096):
    window, hop = np.hanning(size), size // 2
    count = max(1, (len(mono) - size) // hop)
    frames = np.stack([mono[i * hop: i * hop + size] * window for i in range(count)])
    return np.abs(np.fft.rfft(frames, axis=1)) ** 2


def thirds(power, rate):
    """Energy in bands of a third of an octave from 50 Hz, in dB below the sum."""
    frequencies = np.fft.rfftfreq(2 * (power.shape[1] - 1), 1 / rate)
    mean, edges = power.mean(axis=0), 50 * 2 ** (np.arange(25) / 3)
    bands = [mean[(frequencies >= low) & (frequencies < high)].sum() for low, high in zip(edges, edges[1:])]
    return 10 * np.log10(np.maximum(bands, 1e-12) / sum(bands))


def measures(samples, rate):
    mono = samples.mean(axis=1)
    loud = np.abs(mono) > 0.001
    power = spectrogram(mono)
    frequencies = np.fft.rfftfreq(2 * (power.shape[1] - 1), 1 / rate)
    mean = power.mean(axis=0)
    side = samples[:, 0] - samples[:, -1]
    rms = lambda values: np.sqrt(np.mean(values ** 2)) if len(values) else 0
    return {
        "loudness dB": 20 * np.log10(max(rms(mono[loud]), 1e-9)),
        "peak": np.abs(samples).max(),
        "width": rms(side) / max(rms(samples.sum(axis=1)), 1e-9),
        "centroid Hz": (frequencies * mean).sum() / mean.sum(),
        "below 250 Hz %": 100 * mean[frequencies < 250].sum() / mean.sum(),
        "above 4 kHz %": 100 * mean[frequencies > 4000].sum() / mean.sum(),
    }, power


def picture(folder, name, powers, rate):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 1, figsize=(10, 6), sharex=True)
    for axis, (title, power) in zip(axes, powers.items()):
        shown = 10 * np.log10(power.T[: int(8000 / rate * 4096)] / power.max() + 1e-9)
        axis.imshow(shown, origin="lower", aspect="auto", vmin=-80, vmax=0, extent=(0, len(power) * 2048 / rate, 0, 8000))
        axis.set(title=title, ylabel="Hz")
    axes[1].set_xlabel("seconds")
    figure.tight_layout()
    figure.savefig(folder / f"{name}.png", dpi=80)
    pyplot.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("soundfont", type=pathlib.Path)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--picture", type=pathlib.Path)
    parser.add_argument("--composer", default=str(ROOT / "target/release/composer"))
    args = parser.parse_args()
    print("| piece | sound | loudness dB | peak | width | centroid Hz | below 250 Hz % | above 4 kHz % | spectra differ by dB |\n|---|---|---|---|---|---|---|---|---|")
    for file in args.files:
        powers, bands = {}, []
        for name, soundfont in (("built-in", None), (args.soundfont.stem, args.soundfont)):
            with tempfile.TemporaryDirectory() as work:
                samples, rate = rendered(args.composer, file, pathlib.Path(work) / "sound.wav", soundfont)
            found, powers[name] = measures(samples, rate)
            bands.append(thirds(powers[name], rate))
            differ = "" if len(bands) == 1 else f"{np.abs(bands[0] - bands[1])[np.maximum(*bands) > -40].mean():.1f}"
            print(f"| {file.stem} | {name} | " + " | ".join(f"{value:.2f}" if value < 10 else f"{value:.0f}" for value in found.values()) + f" | {differ} |")
        if args.picture:
            args.picture.mkdir(parents=True, exist_ok=True)
            picture(args.picture, file.stem, powers, rate)


if __name__ == "__main__":
    sys.exit(main())
