//! A tune on the grid of a model: which notes go, and where new ones may come.

use super::settings::RewriteSettings;
use super::tune::Tune;
use crate::error::wrong_input;
use composer_decoding::harmony::{self, ChordPlan};
use composer_decoding::rewrite::{GridNote, Keep, Passage};
use composer_models::{ConditionTrack, ConditionValues, Encoding, SequenceModel};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_music::representation::grid::{Grid, MAX_STEPS};
use composer_music::text::counted;
use composer_music::{BarMap, Note, Score};
use std::ops::RangeInclusive;

/// A note of a score: its track and its place there.
pub(super) type NoteId = (usize, usize);

/// The tune on the grid.
pub(super) struct Layout {
    pub representation: FrameRepresentation,
    pub grid: Grid,
    /// The score without the notes that go.
    pub kept: Score,
    /// The notes that go, with their place on the grid.
    pub selected: Vec<(NoteId, GridNote)>,
    pub passage: Passage,
    /// Notes of the same parts that stay, to copy from.
    pub material: Vec<GridNote>,
}

/// What a layout is made of.
pub(super) struct Choice<'a> {
    /// The notes that new ones take the place of, or may be copied from: those of the parts that are written anew.
    pub of_part: &'a dyn Fn(NoteId, &Note) -> bool,
    /// Which of them go.
    pub goes: &'a dyn Fn(&Note, GridNote) -> bool,
    pub keep: Keep,
    /// The steps at which new notes may begin.
    pub open: &'a dyn Fn(usize) -> bool,
    /// The lowest and the highest pitch of new notes.
    pub range: (u8, u8),
    /// The first step at which none sounds; `None`: where the tune ends.
    pub end: Option<usize>,
}

impl Layout {
    /// Lays a tune out.
    ///
    /// # Errors
    /// It is too long for a grid, or the model has notes at other pitches.
    pub fn new(
        representation: FrameRepresentation,
        tune: &Tune,
        settings: &RewriteSettings,
        choice: &Choice<'_>,
    ) -> anyhow::Result<Self> {
        if !representation.parts.keeps_pitches() {
            return Err(wrong_input(
                "this model writes a melody apart, or drums, and bars are written anew by models of one part: compose and piano are",
            ));
        }
        let score = &tune.score;
        let grid = Grid::new(score.ticks_per_quarter, representation.steps_per_quarter);
        let (mut selected, mut material) = (Vec::new(), Vec::new());
        let mut kept = score.clone();
        for (track, notes) in score.tracks.iter().map(|track| &track.notes).enumerate() {
            let mut stays = vec![true; notes.len()];
            for (place, note) in notes.iter().enumerate() {
                let (start, end) = grid.span(note);
                if end > MAX_STEPS {
                    return Err(wrong_input("the tune is too long, or has a stray note at its end"));
                }
                let on_grid = GridNote { start: start as usize, pitch: note.pitch, end: end as usize };
                if !in_range(&representation, note) || !(choice.of_part)((track, place), note) {
                    continue;
                }
                if (choice.goes)(note, on_grid) {
                    stays[place] = false;
                    selected.push(((track, place), on_grid));
                } else {
                    material.push(on_grid);
                }
            }
            let mut stays = stays.into_iter();
            kept.tracks[track].notes.retain(|_| stays.next().unwrap_or(true));
        }
        let whole = representation.encode(score);
        let steps = whole.len().max(choice.end.unwrap_or(0));
        let mut frames = representation.encode(&kept);
        frames.resize(steps, Frame::default());
        let selected_notes = one_at_a_time(selected.iter().map(|&(_, note)| note).collect());
        let in_steps = representation.bars(score);
        let sound = pitches(&representation, settings, choice, steps, &in_steps)?;
        let begin = (0..steps).map(|step| if (choice.open)(step) { sound[step] } else { 0 }).collect();
        let passage = Passage {
            kept: frames,
            notes: selected_notes,
            begin,
            sound,
            end: choice.end.unwrap_or(steps),
            keep: choice.keep,
            max_polyphony: settings.max_polyphony,
            conditions: ConditionTrack::in_bars(&ConditionValues::default(), &in_steps, Some(steps as u64)),
            bars: in_steps,
        };
        Ok(Self { representation, grid, kept, selected, passage, material })
    }

    /// The frames of the tune as it was given.
    pub fn original(&self, score: &Score) -> Vec<Frame> {
        let mut frames = self.representation.encode(score);
        frames.resize(self.passage.kept.len(), Frame::default());
        frames
    }
}

/// The frames that a model writes.
pub(super) fn representation(model: &SequenceModel) -> anyhow::Result<FrameRepresentation> {
    match model.encoding() {
        Encoding::Frames { representation, .. } => Ok(*representation),
        _ => Err(wrong_input(
            "this model writes tokens, and rewriting needs one that writes frames: the built-in model does",
        )),
    }
}

/// Whether a model of frames sees a note.
pub(super) fn in_range(representation: &FrameRepresentation, note: &Note) -> bool {
    !note.is_drum() && (representation.pitch_low..=representation.pitch_high).contains(&note.pitch)
}

/// Refuses tunes without a note that a model of frames sees.
pub(super) fn check_notes(representation: &FrameRepresentation, score: &Score) -> anyhow::Result<()> {
    if score.notes().any(|note| in_range(representation, note)) {
        return Ok(());
    }
    Err(wrong_input(match score.notes().count() {
        0 => "the tune is empty: it has no notes".to_owned(),
        count => {
            format!("none of the {} of the tune is pitched and in the model's range", counted(count, "note"))
        }
    }))
}

/// One note of a pitch at a time: those that begin together are one, and a note ends where its pitch is struck again.
fn one_at_a_time(mut notes: Vec<GridNote>) -> Vec<GridNote> {
    notes.sort_unstable_by_key(|note| (note.pitch, note.start, std::cmp::Reverse(note.end)));
    notes.dedup_by_key(|note| (note.pitch, note.start));
    for place in 1..notes.len() {
        let next = notes[place];
        let note = &mut notes[place - 1];
        if note.pitch == next.pitch {
            note.end = note.end.min(next.start);
        }
    }
    notes.sort_unstable();
    notes
}

/// The pitches at which new notes may sound, step by step.
fn pitches(
    representation: &FrameRepresentation,
    settings: &RewriteSettings,
    choice: &Choice<'_>,
    steps: usize,
    bars: &BarMap,
) -> anyhow::Result<Vec<u128>> {
    let plane = |range: RangeInclusive<u8>| range.fold(0u128, |plane, pitch| plane | 1 << (pitch & 127));
    let mut all = representation.range_mask() & plane(choice.range.0..=choice.range.1);
    if let Some(key) = settings.key {
        all &= harmony::plane(key.scale());
    }
    let Some(text) = &settings.chords else { return Ok(vec![all; steps]) };
    let first = (0..steps).find(|&step| (choice.open)(step)).unwrap_or(0) as u64;
    let lines = bars.bars(steps as u64).map(|bar| bar.start).filter(|&start| start > first);
    let chords = ChordPlan::over_bars(text, lines)?;
    Ok((0..steps as u64).map(|step| all & harmony::plane(chords.at(step))).collect())
}
