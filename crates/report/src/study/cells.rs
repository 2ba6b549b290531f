//! The page of `composer study cells`.

use crate::charts::{self, Axes, Line, cell_name, plain};
use crate::page::{fact, page};
use crate::study::reproduce::reproduce;
use crate::text::thousands;
use composer_bptt::Cell;
use composer_evaluation::significance::Interval;
use composer_evaluation::significance::student::student_interval;
use composer_studies::cells::{
    Arm, Bar, COMPOSITION_FACTOR, Config, Form, MEASURES, Measure, Outcome, Study, change, of_kind,
    over_cells, over_seeds,
};
use maud::{Markup, PreEscaped, html};
use plotters::prelude::RGBColor;

/// Everything on the page.
pub struct CellsReport<'a> {
    /// What was found.
    pub study: &'a Study,
    /// How.
    pub config: &'a Config,
    /// The music, for people.
    pub music: &'a str,
    /// Seconds of the whole study.
    pub seconds: f64,
    /// Trainings at a time.
    pub threads: usize,
    /// The command that reproduces the page.
    pub command: &'a str,
}

/// Size of a chart.
const SIZE: (u32, u32) = (560, 400);

/// A series of values of one training.
type Series = fn(&Outcome) -> Vec<f64>;

impl CellsReport<'_> {
    /// The page.
    pub fn to_html(&self) -> crate::error::Result<String> {
        let body = html! {
            (self.heading())
            (self.changes())
            (self.over_time()?)
            @for &form in &self.config.forms { (self.cells(form)) }
            (self.method())
            (reproduce(self.command, "The figures are the same on any number of threads; only the times differ:"))
        };
        Ok(page("cells and scheduled sampling", &body))
    }

    fn heading(&self) -> Markup {
        let Config { parameters, updates, seeds, .. } = *self.config;
        html! {
            header {
                p.kicker { "composer study cells" }
                h1 { "What does scheduled sampling gain, and what does it cost?" }
                p.lead { (headline(self.study, self.config)) }
                dl.facts {
                    (fact(self.music, "music"))
                    (fact(&thousands(parameters as u64), "parameters of each model, at most"))
                    (fact(&format!("{updates} × {} × {} bars", self.config.batch, self.config.bars), "updates × batch size × sequence length"))
                    (fact(&format!("{:.1} min", self.seconds / 60.0), &format!("{} trainings with {seeds} seeds, {} at a time", self.study.outcomes.len(), self.threads)))
                }
            }
        }
    }

    /// What each arm changes, over all cells.
    fn changes(&self) -> Markup {
        let arms = || self.config.arms.iter().copied().filter(|&arm| arm != Arm::TeacherForcing);
        html! {
            section {
                h2 { "What each arm changes" }
                p { "The difference from teacher forcing with the same cell and seed, mean over cells and seeds with its 95 % interval; bold where the interval excludes zero. Lower is better." }
                @for &form in &self.config.forms {
                    h3 { "On " (form) }
                    table {
                        thead { tr { th { "" } th.number { "teacher forcing" } @for arm in arms() { th.number { (arm.title()) } } } }
                        tbody {
                            @for measure in &MEASURES {
                                tr {
                                    th { (measure.title) br; span.note { (measure.unit) } }
                                    td.number { (self.forced(form, measure)) }
                                    @for arm in arms() { td.number { (self.change(form, arm, measure)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn forced(&self, form: Form, measure: &Measure) -> String {
        number(over_cells(&self.study.outcomes, form, Arm::TeacherForcing, measure), measure.digits)
    }

    fn change(&self, form: Form, arm: Arm, measure: &Measure) -> Markup {
        let change = change(&self.study.outcomes, form, arm, measure);
        let text = plus_minus(change, measure.digits, true);
        html! { @if change.contains(0.0) || change.estimate.is_nan() { (text) } @else { strong { (text) } } }
    }

    /// Bar by bar.
    fn over_time(&self) -> crate::error::Result<Markup> {
        let divergence: Series = |o| o.bars.iter().map(Bar::divergence).collect();
        let reference: Series = |o| o.bars.iter().map(|bar| bar.reference_nll).collect();
        let recovery: Series = |o| o.recovery.clone();
        let real = |of: fn(&Bar) -> f64| self.study.real.iter().map(of).collect::<Vec<_>>();
        let (bits, nats) = ("bits from the training music", "nats per quarter");
        let composed = format!("bar of the composition (training sequences have {} bars)", self.config.bars);
        let mut charts = Vec::new();
        for &form in &self.config.forms {
            charts.push((
                form,
                "divergence from real music",
                self.chart(form, &composed, bits, divergence, &real(Bar::divergence))?,
            ));
            charts.push((
                form,
                "NLL under the reference model",
                self.chart(form, &composed, nats, reference, &real(|bar| bar.reference_nll))?,
            ));
            charts.push((
                form,
                "NLL increase after a bar of wrong notes",
                self.chart(form, "true bars after the wrong one", nats, recovery, &[])?,
            ));
        }
        Ok(html! {
            section {
                h2 { "Bar by bar" }
                p { "Means over cells and seeds, with 95 % intervals. With exposure bias, a network that conditions on its own errors drifts away from real music as the composition gets longer." }
                div.charts { @for (form, what, chart) in &charts { figure { figcaption { strong { (form) } (what) } (PreEscaped(chart)) } } }
            }
        })
    }

    /// Lines of the arms over bars; `real` is dashed.
    fn chart(
        &self,
        form: Form,
        x: &str,
        y: &str,
        series: Series,
        real: &[f64],
    ) -> crate::error::Result<String> {
        let place = |bar: usize| bar as f64 + 1.0;
        let mut lines = Vec::new();
        for &arm in &self.config.arms {
            let trainings: Vec<Vec<f64>> = self.of_arm(form, arm).map(series).collect();
            let bars = trainings.first().map_or(0, Vec::len);
            let at = |bar: usize| student_interval(&trainings.iter().map(|t| t[bar]).collect::<Vec<_>>());
            let intervals: Vec<Interval> = (0..bars).map(at).collect();
            let points = intervals.iter().enumerate().map(|(bar, i)| (place(bar), i.estimate)).collect();
            let sure = intervals.iter().enumerate().filter(|(_, i)| i.low.is_finite());
            let band = sure.map(|(bar, i)| (place(bar), i.low, i.high)).collect();
            lines.push(Line::new(arm.title(), color(arm), points).with_band(band));
        }
        if !real.is_empty() {
            let points = real.iter().enumerate().map(|(bar, &value)| (place(bar), value)).collect();
            lines.push(Line::new("real music", RGBColor(60, 64, 75), points).dashed());
        }
        let values = || lines.iter().flat_map(|line| &line.points).map(|point| point.1);
        let (low, high) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max) * 1.15 + 1e-9);
        let bars = lines.iter().map(|line| line.points.len()).max().unwrap_or(1);
        // Bands end where the chart does.
        for line in &mut lines {
            line.band.iter_mut().for_each(|(_, a, b)| (*a, *b) = (a.clamp(low, high), b.clamp(low, high)));
        }
        let last = place(bars.saturating_sub(1)).max(1.5);
        charts::lines(
            &Axes {
                size: SIZE,
                x,
                y,
                x_range: 1.0..last,
                y_range: low..high,
                log: false,
                x_labels: bars.min(16),
                x_label: &plain,
                levels: &[],
            },
            &lines,
        )
    }

    fn of_arm(&self, form: Form, arm: Arm) -> impl Iterator<Item = &Outcome> {
        self.config.cells.iter().flat_map(move |&cell| of_kind(&self.study.outcomes, form, cell, arm))
    }

    /// Every kind of training.
    fn cells(&self, form: Form) -> Markup {
        let window = self.study.windows.iter().find(|window| window.0 == form).map_or(0, |window| window.1);
        html! {
            section {
                h2 { "Every cell on " (form) }
                p { "Mean over seeds, ± half of Student's 95 % interval. A training sequence has " (window) " " (form.step_name()) "s." }
                @for &cell in &self.config.cells {
                    h3 { (cell_name(cell)) span.note { (self.size(form, cell)) } }
                    table {
                        thead { tr { th { "" } @for &arm in &self.config.arms { th.number { (arm.title()) } } } }
                        tbody {
                            (self.row(form, cell, &per_step(form)))
                            @for measure in &MEASURES { (self.row(form, cell, measure)) }
                        }
                    }
                }
            }
        }
    }

    fn size(&self, form: Form, cell: Cell) -> String {
        let outcome = self.study.outcomes.iter().find(|o| (o.trial.form, o.trial.cell) == (form, cell));
        let size =
            outcome.map(|o| format!(", {} units, {} parameters", o.hidden, thousands(o.parameters as u64)));
        size.unwrap_or_default()
    }

    fn row(&self, form: Form, cell: Cell, measure: &Measure) -> Markup {
        let shown = |arm| {
            plus_minus(over_seeds(&self.study.outcomes, form, cell, arm, measure), measure.digits, false)
        };
        html! {
            tr {
                th { (measure.title) br; span.note { (measure.unit) } }
                @for &arm in &self.config.arms { td.number { (shown(arm)) } }
            }
        }
    }

    fn method(&self) -> Markup {
        let study = self.study;
        let real =
            |of: fn(&Bar) -> f64| study.real.iter().map(of).sum::<f64>() / study.real.len().max(1) as f64;
        html! {
            section {
                h2 { "What is measured" }
                ul {
                    li { strong { "The same for all: " } "parameters, updates, the batches and their order, Adam with a learning rate of " (self.config.learning_rate) ". No setting was tuned for one cell or arm. Both representations encode exactly the same music, on a grid of sixteenths, so their NLL per quarter is comparable. The pitches of a frame are coupled; the notes of a chord have one fixed order as events. Neither input includes the position in the bar." }
                    li { strong { "Arms: " } "with scheduled sampling, each input symbol is the network's own sample instead of the true symbol, with a probability that rises from 0 to " (plain(&(1.0 - self.config.floor))) " during training (Bengio et al. 2015). Controls: random noise replaces as many input symbols by random ones of the training set; always sampling uses no true inputs. Targets are always the true symbols." }
                    li { strong { "Held-out NLL: " } "of held-out pieces with true inputs, which is what teacher forcing minimises." }
                    li { strong { "Divergence: " } (self.config.compositions) " compositions of " (self.config.composed_bars()) " bars, " (COMPOSITION_FACTOR) " times the length of a training sequence, sampled at temperature 1. Jensen–Shannon divergence, mean of three distributions: duration of each pitch class, notes per bar, note lengths. " (study.real_excerpts) " excerpts of held-out music have " (format!("{:.4}", real(Bar::divergence))) " bits." }
                    li { strong { "The reference model " } "is an LSTM on frames with " (thousands(study.reference_parameters as u64)) " parameters, trained with teacher forcing for three times as many updates, with its own seed. Its NLL is " (format!("{:.3}", study.reference_nll)) " nats per quarter on the held-out pieces, and " (format!("{:.3}", real(|bar| bar.reference_nll))) " on excerpts of them as long as the compositions. Music with a lower NLL than real music is too simple." }
                    li { strong { "Wrong notes: " } (study.perturbations) " excerpts of held-out music in which every pitch of one bar is transposed by between a semitone and a tritone. The figure is by how much the NLL of the following true bars rises." }
                }
            }
        }
    }
}

/// −ln P per symbol, which only means something within a form.
fn per_step(form: Form) -> Measure {
    let unit = match form {
        Form::Frames => "nats per frame",
        Form::Events => "nats per token",
    };
    Measure { name: "nll_per_step", title: "held-out NLL", unit, digits: 3, of: |o| o.nll_per_step }
}

/// The colour of an arm.
fn color(arm: Arm) -> RGBColor {
    match arm {
        Arm::TeacherForcing => charts::BLUE,
        Arm::Linear => charts::PALETTE[3],
        Arm::Exponential => charts::PALETTE[1],
        Arm::InverseSigmoid => charts::PALETTE[7],
        Arm::Always => charts::OCHRE,
        Arm::Noise => charts::PLUM,
        Arm::Dropout => charts::GREY,
    }
}

/// An estimate with half of its interval; one of a single training has none.
pub fn plus_minus(interval: Interval, digits: usize, signed: bool) -> String {
    let reach = 0.5 * (interval.high - interval.low);
    if interval.estimate.is_nan() {
        return "–".into();
    }
    let estimate = number(interval.estimate, digits);
    let plus = if signed && interval.estimate > 0.0 { "+" } else { "" };
    if reach.is_finite() {
        format!("{plus}{estimate}\u{a0}±\u{a0}{reach:.digits$}")
    } else {
        format!("{plus}{estimate}")
    }
}

/// A number with a true minus sign, and none before a zero.
pub fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|c| "0.".contains(c)) => zero.into(),
        Some(size) => format!("−{size}"),
        None => text,
    }
}

/// What was found, in a sentence or two for each representation.
pub fn headline(study: &Study, config: &Config) -> String {
    let sampled = [Arm::Linear, Arm::InverseSigmoid, Arm::Exponential, Arm::Always];
    let Some(arm) = sampled.into_iter().find(|arm| config.arms.contains(arm)) else {
        return "No arm uses scheduled sampling, so there is nothing to compare.".into();
    };
    let sentences = config.forms.iter().map(|&form| {
        let of = |name: &str| {
            let measure = MEASURES.iter().find(|measure| measure.name == name).unwrap_or(&MEASURES[0]);
            plus_minus(change(&study.outcomes, form, arm, measure), measure.digits, true)
        };
        format!(
            "On {form}, {} changes the held-out NLL by {} nats per quarter, the divergence of the compositions by {} bits, \
             their NLL under the reference model by {}, and the NLL increase in the bar after wrong notes by {} nats per \
             quarter.",
            arm.title(),
            of("nll"),
            of("divergence"),
            of("reference_nll"),
            of("perturbation_first")
        )
    });
    sentences.collect::<Vec<_>>().join(" ") + " Lower is better."
}
