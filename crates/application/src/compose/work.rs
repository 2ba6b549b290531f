//! [`Work`]: what is known before the first note of the pieces that are written together.

use super::assemble::{Manner, assemble};
use super::options::{ComposeOptions, GivenPrimer, Primer};
use super::piece::Piece;
use super::plan::Plan;
use super::{carried, reading};
use crate::error::{Result, wrong_input};
use crate::humanise::{HumaniseOptions, humanise};
use crate::model::TrainedModel;
use crate::rewrite::Tune;
use composer_decoding::harmony::ChordPlan;
use composer_decoding::primer::Primer as PrimerMusic;
use composer_models::streams::{Purpose, stream};
use composer_models::{
    Condition, ConditionTrack, ConditionValues, Conditions, Encoding, Form, Harmony, HarmonyPlan,
    SequenceModel, Stepper,
};
use composer_music::key::Key;
use composer_music::midi::OtherEvent;
use composer_music::representation::AnyRepresentation;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_music::text::counted;
use composer_music::{BarMap, Metre, Score};

/// Where the steps of a model are.
pub(super) struct Grid {
    /// Bars, counted in steps from the first that the model reads.
    pub bars: BarMap,
    /// The step before which the piece ends, if it comes to an end.
    pub end: Option<u64>,
    /// How many symbols a step has.
    pub symbols: usize,
}

/// What is known before the first note.
pub(super) struct Work<'a> {
    pub model: &'a SequenceModel,
    pub representation: AnyRepresentation,
    pub options: ComposeOptions,
    pub primer: Option<PrimerMusic>,
    pub plan: Plan,
    pub manner: Manner,
    pub notes: Vec<String>,
    /// Which of the pieces that are asked for these are, from 0: each draws from the random streams of its number.
    pub numbers: Vec<u64>,
    pub others: Vec<OtherEvent>,
    /// Whether finished pieces are performed, as `composer humanise` does.
    performed: bool,
}

impl<'a> Work<'a> {
    /// Checks the options, and plans; nothing for a model that writes no music. The metre that is not asked for is drawn for each piece, as all
    /// conditions are, of the model's training pieces; pieces in one metre are written together, and those of a beam search are.
    pub fn begin(trained: &'a TrainedModel, options: &ComposeOptions) -> Result<Vec<Self>> {
        options.check()?;
        let options = trained.defaults.under(options);
        let known = &trained.model.config().conditions;
        known.check_asked(&options.conditions)?;
        if options.form.is_some() {
            known.check_has(Condition::Form)?;
        }
        let representation = match (trained.model.encoding(), trained.token_representation()?) {
            (Encoding::Frames { representation, .. }, _) => AnyRepresentation::Frames(*representation),
            (_, Some(representation)) => representation.clone(),
            (Encoding::Tokens { .. } | Encoding::Values { .. }, None) => return Ok(Vec::new()),
        };
        let options = match &representation {
            AnyRepresentation::Frames(frames) => ComposeOptions {
                max_polyphony: frames
                    .parts
                    .voices()
                    .map_or(options.max_polyphony, |most| most.min(options.max_polyphony)),
                ..options
            },
            _ => options,
        };
        let mut groups: Vec<(Option<Metre>, Vec<u64>)> = Vec::new();
        let together = options.beam_options()?.is_some();
        for number in 0..options.num_outputs as u64 {
            let metre = drawn_metre(known, &options, if together { 0 } else { number });
            match groups.iter_mut().find(|(known, _)| *known == metre) {
                Some((_, numbers)) => numbers.push(number),
                None => groups.push((metre, vec![number])),
            }
        }
        let begin = |(metre, numbers): (Option<Metre>, Vec<u64>)| {
            let options = ComposeOptions { metre, num_outputs: numbers.len(), ..options.clone() };
            Ok(Self { numbers, ..Self::new(trained, representation.clone(), options)? })
        };
        groups.into_iter().map(begin).collect()
    }

    fn new(
        trained: &'a TrainedModel,
        representation: AnyRepresentation,
        options: ComposeOptions,
    ) -> anyhow::Result<Self> {
        let model = &trained.model;
        let GivenPrimer { music: primer, others, mut notes } = options.primer()?;
        if let Some(primer) = &primer {
            notes.extend(reading::account(&representation, primer, options.injects())?);
        }
        notes.extend(options.without_effect());
        let plan = Plan::new(&representation, &options, primer.as_ref(), &trained.notes)?;
        let metre = plan.bars.metre_at(plan.primer_end);
        if let Some(known) = &model.config().conditions.metre
            && !known.contains(&metre)
        {
            notes.push(format!("The model has not learnt bars of {metre}: it is told no metre."));
        }
        let manner = Manner::new(&representation, primer.as_ref(), trained, options.qpm.is_some());
        let (others, behind) = match &primer {
            Some(primer) if options.injects() => carried::until(&others, plan.scale(primer), plan.primer_end),
            _ => (Vec::new(), 0),
        };
        if behind > 0 {
            let events = counted(behind, "event");
            notes.push(format!(
                "The primer's file has {events} behind its last note, such as texts and controllers: they are left out."
            ));
        }
        // A primer stays as it is.
        let performed = trained.defaults.humanise && primer.is_none();
        let numbers = Vec::new();
        Ok(Self { model, representation, options, primer, plan, manner, notes, numbers, others, performed })
    }

    /// The piece of what a model has written after `offset` steps.
    pub fn piece(&self, decoded: &Score, offset: u64, nll: Vec<f64>) -> Piece {
        let score = assemble(&self.plan, decoded, offset, &self.manner);
        Piece { score, nll, notes: self.notes.clone(), others: self.others.clone() }
    }

    /// A finished piece, the one of a place among these, as it is performed.
    pub fn performed(&self, piece: Piece, place: usize) -> anyhow::Result<Piece> {
        if !self.performed || piece.score.notes().next().is_none() {
            return Ok(piece);
        }
        let number = self.numbers.get(place).copied().unwrap_or(0);
        let options = HumaniseOptions { seed: self.options.seed.wrapping_add(number), ..Default::default() };
        let played = humanise(&Tune::from(piece.score.clone()), &options)?;
        Ok(match played.into_iter().next() {
            Some(played) => Piece { score: played.piece.score, ..piece },
            None => piece,
        })
    }

    /// The steps of a model of tokens after those that it has read: those of voices are on a grid, others have a metre only.
    pub fn voice_grid(&self, read: &[u32]) -> Grid {
        let (plan, options) = (&self.plan, &self.options);
        let Some(voices) = self.model.encoding().voices() else {
            let bars = BarMap::uniform(1, plan.bars.metre_at(plan.primer_end));
            return Grid { bars, end: None, symbols: 1 };
        };
        let before = if options.injects() { 0 } else { (read.len() / voices.voices) as u64 };
        let bars = plan.bars_after(self.primer.as_ref().filter(|_| !options.injects()), before);
        Grid { bars, end: options.ending.then_some(before + plan.steps), symbols: voices.voices }
    }

    /// The model under the conditions, and the forms of all pieces, which begin with the bars of what the model reads. What is not asked for is
    /// drawn for each piece; `together`: once for all, which are candidates of one search.
    pub fn told(
        &self,
        grid: &Grid,
        (read, together): (&[Frame], bool),
    ) -> anyhow::Result<(Stepper<'a>, Vec<Form>)> {
        let Grid { bars, end, symbols } = grid;
        let (conditions, options) = (&self.model.config().conditions, &self.options);
        let metre = Some(bars.metre_at(0));
        let asked = ConditionValues { metre, ..asked(options) };
        let numbers = if together { &[0][..] } else { &self.numbers };
        let count = end.map_or(0, |end| bars.count(end) as usize);
        let known = if conditions.form { Form::of_frames(read, bars) } else { Form::default() };
        let (mut tracks, mut forms) = (Vec::new(), Vec::new());
        for &number in numbers {
            let mut rng = stream(options.seed, Purpose::Conditions, number);
            let drawn = conditions.draw(&asked, count, &mut rng);
            let harmony = self.harmony(drawn.harmony, bars, count)?;
            let track = ConditionTrack::in_bars(&drawn.values, bars, *end).with_harmony(&harmony, bars);
            tracks.push(track.with_symbols_per_step(*symbols));
            let form = match &options.form {
                Some(letters) => Form::of_letters(letters, count).map_err(wrong_input)?,
                None if read.is_empty() => drawn.form,
                None => drawn.form.without_rhythm(),
            };
            forms.push(known.clone().then(&form));
        }
        let forms = if conditions.form { forms } else { Vec::new() };
        Ok((Stepper::new(self.model).with_conditions_of_each(tracks), forms))
    }

    /// The harmony that a composition is told: that of the chords that are asked for, or what was drawn. None behind a primer, whose harmony the
    /// music goes on from.
    fn harmony(&self, drawn: HarmonyPlan, bars: &BarMap, count: usize) -> anyhow::Result<HarmonyPlan> {
        match (&self.primer, &self.options.chords) {
            (Some(_), _) => Ok(HarmonyPlan::default()),
            (None, None) => Ok(drawn),
            (None, Some(chords)) => {
                let chords = ChordPlan::over_bars(chords, self.plan.bar_lines())?;
                let chord = |bar: u64| Some(Harmony::of_chord(chords.at(bars.bar(bar).start)));
                Ok((0..count as u64).map(|bar| [chord(bar); 2]).collect())
            }
        }
    }

    /// The frames of the primer with its rests, and how many of them lie before the piece: all, or none if it begins with them.
    pub fn read_frames(&self, representation: &FrameRepresentation) -> anyhow::Result<(Vec<Frame>, u64)> {
        let Some(primer) = &self.primer else { return Ok((Vec::new(), 0)) };
        let injects = self.options.injects();
        let end = if injects { self.plan.begin } else { reading::end(&self.representation, primer) };
        let mut frames = primer.frames(representation)?;
        frames.resize(frames.len().max(end as usize), Frame::default());
        let before = if injects { 0 } else { frames.len() as u64 };
        Ok((frames, before))
    }
}

/// The metre of a piece, if it is asked for or the model knows some to draw from; behind a primer none is drawn.
fn drawn_metre(known: &Conditions, options: &ComposeOptions, number: u64) -> Option<Metre> {
    let draw = || known.draw_metre(&asked(options), &mut stream(options.seed, Purpose::Metre, number));
    options.metre.or_else(|| (options.primer == Primer::default()).then(draw).flatten())
}

/// The conditions that are asked for, the key among them.
fn asked(options: &ComposeOptions) -> ConditionValues {
    let key = options.key.map(|key| Key { tonic: key.tonic, minor: key.minor });
    ConditionValues { key, ..options.conditions.clone() }
}
