//! What the command prints: results to the standard output, everything else to the standard error.

use super::failure::{complain, wrong_input};
use super::interrupt;
use composer::Progress;
use composer::text::training as text;
use composer_music::text::{printable, printable_json, printable_lines};
use composer_training::{EpochReport, UpdateReport};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Instant;

/// A command that runs within another one: its arguments, and the folder for its results.
struct Again {
    arguments: Vec<String>,
    folder: PathBuf,
}

/// Standard output and standard error, as the global options want them.
pub struct Terminal {
    json: bool,
    quiet: bool,
    verbose: bool,
    /// Nothing is printed at all.
    silent: bool,
    again: Option<Again>,
    closed: bool,
    bar: Option<ProgressBar>,
    started: Instant,
    steps: u64,
    last_valid: Option<f64>,
}

impl Terminal {
    /// As the global options want it.
    pub fn new(json: bool, quiet: bool, verbose: bool) -> Self {
        Self {
            json,
            quiet,
            verbose,
            silent: false,
            again: None,
            closed: false,
            bar: None,
            started: Instant::now(),
            steps: 0,
            last_valid: None,
        }
    }

    /// Prints nothing.
    pub fn silent() -> Self {
        Self { silent: true, ..Self::new(false, true, false) }
    }

    /// For a command with these arguments that runs within another one, with its results in a folder: prints nothing.
    pub fn again(arguments: Vec<String>, folder: PathBuf) -> Self {
        Self { again: Some(Again { arguments, folder }), ..Self::silent() }
    }

    /// Whether the command runs within another one.
    pub fn is_again(&self) -> bool {
        self.again.is_some()
    }

    /// The arguments of the command.
    pub fn arguments(&self) -> Vec<String> {
        match &self.again {
            Some(again) => again.arguments.clone(),
            None => std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect(),
        }
    }

    /// The folder for results, if it is given.
    pub fn folder(&self) -> Option<PathBuf> {
        self.again.as_ref().map(|again| again.folder.clone())
    }

    /// Where a result goes that else went to `path`.
    pub fn place(&self, path: PathBuf) -> PathBuf {
        match (&self.again, path.file_name()) {
            (Some(again), Some(name)) => again.folder.join(name),
            _ => path,
        }
    }

    /// Whether results are printed as JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether more is printed than usual.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether nobody reads the standard output any more.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Prints a result as JSON; an object says which version of the program made it, a list has no place for that.
    pub fn print_json(&mut self, result: &impl Serialize) -> anyhow::Result<()> {
        let mut text = serde_json::to_string_pretty(result)?;
        if text.starts_with("{\n") && !text.contains("\n  \"composer\":") {
            text.insert_str(2, &format!("  \"composer\": \"{}\",\n", env!("CARGO_PKG_VERSION")));
        }
        writeln!(self, "{}", printable_json(&text))?;
        Ok(())
    }

    /// Prints a result as JSON or as text, as was asked for.
    pub fn result<J: Serialize, T: Display>(
        &mut self,
        json: impl FnOnce() -> J,
        text: impl FnOnce() -> T,
    ) -> anyhow::Result<()> {
        if self.json { self.print_json(&json()) } else { Ok(write!(self, "{}", text())?) }
    }

    /// Writes a whole file as it is; a binary one only where it is not shown.
    pub fn write_file(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        if bytes.contains(&0) && io::stdout().is_terminal() {
            return Err(wrong_input(
                "the result is binary, and not for a terminal: redirect it, or name a file",
            ));
        }
        self.put(bytes)?;
        Ok(self.flush()?)
    }

    /// The standard output, without the control characters that [`Write::write`] takes out.
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.silent {
            return Ok(());
        }
        let written = io::stdout().write_all(bytes);
        self.told(written)
    }

    fn told(&mut self, done: io::Result<()>) -> io::Result<()> {
        self.closed |= done.as_ref().is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
        done.map_err(|error| io::Error::new(error.kind(), format!("cannot write the output: {error}")))
    }

    fn bar(&mut self, total: u64, template: &str) -> &ProgressBar {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("━╸ "));
            }
            bar
        });
        bar.set_length(total);
        bar
    }

    fn steps_per_second(&self) -> u64 {
        (self.steps as f64 / self.started.elapsed().as_secs_f64().max(1e-9)) as u64
    }

    fn print_line(&self, text: &str) {
        match &self.bar {
            _ if self.quiet => {}
            Some(bar) => bar.suspend(|| complain(&printable(text))),
            None => complain(&printable(text)),
        }
    }
}

/// Text for the standard output. Control characters of names from files do not reach it; what is written at once must be whole characters.
impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.put(printable_lines(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = io::stdout().flush();
        self.told(flushed)
    }
}

impl Progress for Terminal {
    fn note(&mut self, text: &str) {
        self.print_line(text);
    }

    fn warning(&mut self, text: &str) {
        self.print_line(text);
    }

    fn advance(&mut self, done: u64, total: u64, text: &str) {
        if !self.quiet {
            let bar = self.bar(total, "{bar:28.cyan/blue} {percent:>3}%  {msg}  about {eta_precise} left");
            bar.set_position(done);
            bar.set_message(printable(text).into_owned());
        }
    }

    fn update(&mut self, report: &UpdateReport) {
        if self.steps == 0 {
            self.started = Instant::now();
        }
        self.steps += report.steps as u64;
        if self.quiet {
            return;
        }
        let text = text::update(report, self.last_valid, self.steps_per_second());
        let epoch = format!("epoch {:>2}", report.epoch);
        let bar = self.bar(
            report.total_updates,
            "{prefix} {bar:28.cyan/blue} {percent:>3}%  {msg}  {eta_precise} left",
        );
        bar.set_prefix(epoch);
        bar.set_message(text);
        bar.set_position(report.update);
    }

    fn epoch(&mut self, report: &EpochReport, epochs: u64) {
        self.last_valid = Some(report.valid_nll);
        if self.verbose || !io::stderr().is_terminal() {
            self.print_line(&text::epoch(report, epochs, self.steps_per_second()));
        }
    }

    fn finished(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.steps = 0;
    }

    fn stop_requested(&self) -> bool {
        interrupt::requested()
    }
}
