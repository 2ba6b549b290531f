//! The channel of a new part.

use crate::error::wrong_input;
use composer_music::Score;
use composer_music::midi::ChannelUse;
use composer_music::score::DRUM_CHANNEL;

/// A channel for a new part, and a remark if something else is on it.
///
/// First of all one that the file does not use, then one without notes, then one whose notes have the program of the new part.
///
/// # Errors
/// Every channel has notes of other programs.
pub fn free_channel(
    uses: &[ChannelUse; 16],
    score: &Score,
    program: u8,
) -> anyhow::Result<(u8, Option<String>)> {
    let melodic = || (0u8..16).filter(|&channel| channel != DRUM_CHANNEL);
    let used = |channel: u8| uses[usize::from(channel)];
    if let Some(channel) = melodic().find(|&channel| used(channel) == ChannelUse::default()) {
        return Ok((channel, None));
    }
    if let Some(channel) = melodic().find(|&channel| used(channel).notes == 0) {
        let remark = format!(
            "No channel is unused: the new part is on channel {}, which has controllers or programs but no notes.",
            channel + 1
        );
        return Ok((channel, Some(remark)));
    }
    let same = |channel: &u8| {
        score.notes().filter(|note| note.channel == *channel).all(|note| note.program == program)
    };
    match melodic().find(same) {
        Some(channel) => {
            let remark = format!(
                "No channel is free: the new part shares channel {} with notes of its own program, {}.",
                channel + 1,
                program + 1
            );
            Ok((channel, Some(remark)))
        }
        None => Err(wrong_input(
            "all fifteen channels for pitched parts have notes of other instruments, so there is none for the new part: \
             take a part out of the file first",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::{Note, Track};

    fn on(channels: impl Iterator<Item = u8>, program: u8) -> (Score, [ChannelUse; 16]) {
        let (mut score, mut uses) = (Score::new(4), [ChannelUse::default(); 16]);
        let note = |channel| Note { onset: 0, duration: 1, pitch: 60, velocity: 1, channel, program };
        let notes: Vec<Note> = channels.map(note).collect();
        notes.iter().for_each(|note| uses[usize::from(note.channel)].notes += 1);
        score.tracks.push(Track { name: None, notes });
        (score, uses)
    }

    #[test]
    fn the_least_used_channel_is_taken_and_said() {
        let (score, uses) = on([0, 1, 3].into_iter(), 5);
        assert_eq!(free_channel(&uses, &score, 0).expect("one"), (2, None));
        let (score, mut uses) = on(0..14, 5);
        uses[14].others = 1;
        uses[15].others = 1;
        let (channel, remark) = free_channel(&uses, &score, 0).expect("one");
        assert!(channel == 14 && remark.is_some_and(|remark| remark.contains("channel 15")));
        let (score, uses) = on(0..16, 5);
        let (channel, remark) = free_channel(&uses, &score, 5).expect("one");
        assert!(channel == 0 && remark.is_some_and(|remark| remark.contains("shares channel 1")));
        assert!(free_channel(&uses, &score, 0).is_err());
    }
}
