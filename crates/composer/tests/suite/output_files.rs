//! The files of a run, read by independent programs: the MIDI by mido, the report by Chromium, the WAV by its bytes.
//!
//! A reader that is not installed skips its test with a printed reason.

use crate::common;

use common::{complaint, trained};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::tempdir;

/// Runs another program; `None`, with a printed reason, if it is not there.
fn external(program: &str, args: &[&str]) -> Option<Output> {
    match Command::new(program).args(args).current_dir(trained()).output() {
        Ok(output) => Some(output),
        Err(error) => {
            println!("skipped: {program} cannot be run here ({error})");
            None
        }
    }
}

#[test]
fn the_midi_opens_in_an_independent_reader_and_has_notes() {
    let python = std::env::var("COMPOSER_PYTHON").unwrap_or_else(|_| "python3".into());
    let Some(probe) = external(&python, &["-c", "import mido"]) else { return };
    if !probe.status.success() {
        println!("skipped: {python} has no mido");
        return;
    }
    let script = "
import mido, sys
for path in sys.argv[1:]:
    midi = mido.MidiFile(path)
    on = sum(m.type == 'note_on' and m.velocity > 0 for t in midi.tracks for m in t)
    off = sum(m.type == 'note_off' or (m.type == 'note_on' and m.velocity == 0) for t in midi.tracks for m in t)
    assert on == off, (path, on, off)
    print(path, on, round(midi.length, 2))
";
    let output = external(&python, &["-c", script, "run/composition-1.mid", "run/composition-2.mid"])
        .expect("ran before");
    assert!(output.status.success(), "{}", complaint(&output));
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let (notes, seconds): (usize, f64) = (fields[1].parse().unwrap(), fields[2].parse().unwrap());
        assert!(notes > 0 && seconds > 4.0 && seconds < 30.0, "four bars should have notes and last: {line}");
    }
}

#[test]
fn the_wav_has_sound_and_does_not_clip() {
    let bytes = std::fs::read(trained().join("run/composition-1.wav")).unwrap();
    assert_eq!((&bytes[..4], &bytes[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
    let data = bytes.windows(4).position(|window| window == b"data").expect("a data chunk") + 8;
    let samples: Vec<f64> = bytes[data..]
        .chunks_exact(2)
        .map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0)
        .collect();
    let rms = (samples.iter().map(|s| s * s).sum::<f64>() / samples.len() as f64).sqrt();
    let peak = samples.iter().fold(0.0, |peak: f64, s| peak.max(s.abs()));
    assert!(rms > 0.01 && peak < 1.0, "root mean square {rms}, peak {peak}");
}

/// Chromium without a window, on a page; `None` if it is not there. What it shows at the end, and what its console said.
fn chromium(page: &Path, further: &[&str]) -> Option<(String, Vec<String>)> {
    let profile = tempdir().unwrap();
    let user_data = format!("--user-data-dir={}", profile.path().display());
    let page = format!("file://{}", page.display());
    let args = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--autoplay-policy=no-user-gesture-required",
        "--enable-logging=stderr",
        "--dump-dom",
        &user_data,
    ];
    let output = external("chromium", &[&args[..], further, &[page.as_str()]].concat())?;
    let log = complaint(&output);
    assert!(output.status.success(), "{log}");
    let console = log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    Some((String::from_utf8_lossy(&output.stdout).into_owned(), console))
}

#[test]
fn the_report_makes_no_requests_and_no_console_errors() {
    let report = trained().join("run/report.html");
    let html = std::fs::read_to_string(&report).unwrap();
    for request in ["src=", "href=\"http", "url(http", "@import", "fetch(", "XMLHttpRequest"] {
        assert!(!html.contains(request), "the page must be self-contained, and has {request}");
    }
    assert!(html.len() < 3_000_000 && !html.contains("data:audio"), "{} bytes", html.len());
    for part in ["<svg", "class=\"player\"", "Markov chain", "composer train"] {
        assert!(html.contains(part), "the page should have {part}");
    }
    let links = html.split("<a href=\"").skip(1).map(|link| link.split('"').next().unwrap());
    for file in links {
        if let Some(heading) = file.strip_prefix('#') {
            assert!(html.contains(&format!("id=\"{heading}\"")), "{file} is linked and not on the page");
            continue;
        }
        assert!(trained().join("run").join(file).is_file(), "{file} is linked and not beside the page");
    }
    let Some((shown, console)) = chromium(&report, &[]) else { return };
    assert!(shown.contains("Training report"), "the page is empty");
    assert!(console.is_empty(), "{console:?}");
}

#[test]
fn the_report_plays_learning_for_longer_and_real_music_beside_the_compositions() {
    let html = std::fs::read_to_string(trained().join("run/report.html")).unwrap();
    for part in [" of learning", "The built-in model compose: Piano rags", "Real music", "Opening of "] {
        assert!(html.contains(part), "the page should have {part}");
    }
    for file in ["beside-1.mid", "beside-1.wav", "beside-2.wav", "real-1.mid", "real-2.wav"] {
        assert!(trained().join("run").join(file).is_file(), "{file}");
    }
}

/// Renders a note of each kind of sound, moves the slider, plays and pauses; says what happened in an element of its own.
const PROBE: &str = r#"<script>
    (async () => {
      const said = [];
      // The clock of the page is virtual and would run out while another thread renders: real work, until that is done.
      const rendered = async (context) => {
        let buffer = null;
        context.startRendering().then((done) => (buffer = done));
        for (let i = 0, x = 0; i < 1000 && !buffer; i++) {
          for (let k = 0; k < 200000; k++) x += Math.sin(k);
          await new Promise((done) => setTimeout(done, 1));
        }
        return buffer;
      };
      for (const program of [0, 12, 24, 33, 48, 52, 60, 73, 128]) {
        const context = new OfflineAudioContext(2, 3 * 44100, 44100);
        const pitch = program === 128 ? 38 : 60;
        for (const note of composerPlayer.read(`100,400,${pitch},90,${program}`)) {
          composerPlayer.schedule(context, note, note.start, context.destination);
        }
        const samples = (await rendered(context)).getChannelData(0);
        const peak = (from, to) =>
          samples.slice(from * 44100, to * 44100).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
        said.push(`${program}:${peak(0, 0.09).toFixed(4)}:${peak(0.1, 0.5).toFixed(4)}:${peak(2, 3).toFixed(4)}`);
      }
      const player = document.querySelector(".player");
      const [button, slider] = [player.querySelector("button"), player.querySelector("input")];
      slider.value = 2;
      slider.dispatchEvent(new Event("input"));
      const time = player.querySelector(".time").textContent.split(" ")[0];
      const cursor = player.querySelector(".cursor");
      const moved = !cursor.hidden && parseFloat(cursor.style.left) > 4;
      button.click();
      await new Promise((done) => setTimeout(done, 500));
      const during = button.getAttribute("aria-label").split(" ")[0];
      button.click();
      const after = button.getAttribute("aria-label").split(" ")[0];
      const pre = document.createElement("pre");
      pre.id = "said";
      pre.textContent = `${said.join(" ")} time=${time} moved=${moved} during=${during} after=${after}`;
      document.body.append(pre);
    })();
    </script>"#;

/// Notes are rendered by the page's own script into memory: each kind of sound is audible, and gone some time after its end. The
/// slider moves the cursor, and clicks on the button play and pause.
#[test]
fn the_player_of_the_page_sounds_and_moves() {
    let html = std::fs::read_to_string(trained().join("run/report.html")).unwrap();
    let here = tempdir().unwrap();
    let page = here.path().join("probe.html");
    std::fs::write(&page, html.replace("</body>", &format!("{PROBE}</body>"))).unwrap();
    let Some((shown, console)) = chromium(&page, &["--timeout=20000", "--virtual-time-budget=8000"]) else {
        return;
    };
    assert!(console.is_empty(), "{console:?}");
    let said = shown.split("<pre id=\"said\">").nth(1).expect("the probe came to its end");
    let said = said.split("</pre>").next().unwrap();
    let sounds: Vec<Vec<f64>> = said
        .split(' ')
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .map(|word| word.split(':').map(|number| number.parse().unwrap()).collect())
        .collect();
    assert_eq!(sounds.len(), 9, "{said}");
    for sound in sounds {
        assert!(sound[1] < 1e-3 && sound[2] > 0.01 && sound[2] < 1.0 && sound[3] < 0.002, "{said}");
    }
    assert!(said.ends_with("time=0:02 moved=true during=Pause after=Play"), "{said}");
}
