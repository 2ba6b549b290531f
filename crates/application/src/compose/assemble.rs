//! The piece: the primer as it is, and after it the new music.

use super::plan::Plan;
use super::reading::{has_programs, writes_drums};
use crate::model::TrainedModel;
use composer_decoding::primer::Primer;
use composer_music::representation::AnyRepresentation;
use composer_music::score::DRUM_CHANNEL;
use composer_music::{Note, Score, Tempo, Track};

/// What new music takes from the primer or from the training music where its symbols do not say it.
pub(super) struct Manner {
    /// Programs of the parts in their order, the last for all that follow; empty: those that the symbols say.
    programs: Vec<u8>,
    velocity: Option<u8>,
    /// Whether the tempos that symbols say are the piece's.
    own_tempos: bool,
}

impl Manner {
    /// For a model with this representation; `primer` also if it only conditions the model.
    pub fn new(
        representation: &AnyRepresentation,
        primer: Option<&Primer>,
        trained: &TrainedModel,
        one_tempo: bool,
    ) -> Self {
        let said = has_programs(representation) || writes_drums(representation);
        let of_model = match &trained.defaults.programs[..] {
            [] => Vec::from_iter(trained.notes.program),
            programs => programs.to_vec(),
        };
        let programs = primer.map_or(of_model, |primer| vec![primer.program()]);
        Self {
            programs: if said { Vec::new() } else { programs },
            velocity: primer.map(Primer::velocity).filter(|_| {
                !representation.has_velocity() && trained.model.encoding().note_velocities() == 0
            }),
            own_tempos: !one_tempo
                && matches!(representation, AnyRepresentation::Remi(_) | AnyRepresentation::Bars(_)),
        }
    }

    /// The program of a part, from 0.
    fn program(&self, part: usize) -> Option<u8> {
        self.programs.get(part).or(self.programs.last()).copied()
    }
}

/// The plan's score with the notes of `decoded` that begin after the primer; `offset` is the step of its first tick.
pub(super) fn assemble(plan: &Plan, decoded: &Score, offset: u64, manner: &Manner) -> Score {
    let mut piece = plan.score.clone();
    let step = |tick| offset + plan.decoded_step(tick, decoded.ticks_per_quarter);
    for (index, track) in decoded.tracks.iter().enumerate() {
        let new = |note: &Note| {
            let (first, end) = (step(note.onset), step(note.end()).min(plan.steps));
            let onset = plan.tick(first).max(plan.primer_end);
            let duration = plan.end_tick(end).saturating_sub(onset);
            let program = manner.program(index).unwrap_or(note.program);
            let velocity = manner.velocity.unwrap_or(note.velocity);
            (first >= plan.begin && duration > 0).then_some(Note {
                onset,
                duration,
                program,
                velocity,
                ..*note
            })
        };
        let notes: Vec<Note> = track.notes.iter().filter_map(new).collect();
        if plan.primer_end == 0 {
            piece.tracks.push(Track { name: track.name.clone(), notes });
        } else if !notes.is_empty() {
            add(
                &mut piece,
                &plan.score,
                notes,
                decoded.tracks.len().gt(&1).then_some(index),
                track.name.as_deref(),
            );
        }
    }
    if manner.own_tempos {
        let said = decoded.tempos.iter().filter(|tempo| step(tempo.tick) >= plan.begin);
        let said: Vec<Tempo> = said
            .map(|tempo| Tempo { tick: plan.tick(step(tempo.tick)).max(plan.primer_end), ..*tempo })
            .collect();
        let first = said.first().map_or(u64::MAX, |tempo| tempo.tick);
        piece.tempos.retain(|tempo| tempo.tick < first);
        piece.tempos.extend(said);
    }
    piece
}

/// Adds notes to the track of the primer that they go on with, or as a track of their own.
fn add(piece: &mut Score, primer: &Score, notes: Vec<Note>, part: Option<usize>, name: Option<&str>) {
    let (drums, program) = (notes[0].is_drum(), notes[0].program);
    let pitched = |track: &&Track| track.notes.iter().any(|note| !note.is_drum());
    let like = |note: &&Note| note.is_drum() == drums && (drums || note.program == program);
    let alike = |track: &Track| track.notes.iter().filter(like).count();
    let of_part = || {
        let place = part.filter(|_| name.is_some())?;
        primer
            .tracks
            .iter()
            .enumerate()
            .filter(|(_, track)| pitched(track))
            .nth(place)
            .map(|(place, _)| place)
    };
    let most = || {
        let places = (0..primer.tracks.len()).filter(|&place| alike(&primer.tracks[place]) > 0);
        places.max_by_key(|&place| (alike(&primer.tracks[place]), std::cmp::Reverse(place)))
    };
    let part = of_part();
    let into = part.or_else(most);
    let own = into.and_then(|place| primer.tracks[place].notes.iter().rfind(|note| note.is_drum() == drums));
    let channel =
        own.map_or_else(|| if drums { DRUM_CHANNEL } else { free_channel(piece) }, |note| note.channel);
    let program = own.filter(|_| part.is_some()).map_or(program, |note| note.program);
    let notes = notes.into_iter().map(|note| Note { channel, program, ..note });
    match into {
        Some(place) => piece.tracks[place].notes.extend(notes),
        None => piece.tracks.push(Track { name: name.map(Into::into), notes: notes.collect() }),
    }
}

/// A melodic channel that no note has; the first if all are used.
fn free_channel(score: &Score) -> u8 {
    let used = |channel: u8| score.notes().any(|note| note.channel == channel);
    (0..16).find(|&channel| channel != DRUM_CHANNEL && !used(channel)).unwrap_or(0)
}
