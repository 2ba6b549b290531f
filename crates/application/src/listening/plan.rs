//! Who hears what in which order: a function of the study and the number of the participant alone, so that nothing of it is kept.
//!
//! The items stand in one seeded order, the kinds of pairs taking turns; participant `p` takes the next `trials` of them, round and
//! round. So each item is judged equally often (±1), each participant hears the kinds of pairs equally often (±1), and the orders of
//! presentation of an item take turns from round to round.

use super::design::{Item, Kind, Study};
use composer_models::streams::{Purpose, stream};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Why a trial is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It counts.
    Main,
    /// Its answer is known.
    Catch,
    /// It is an earlier trial again, of this number.
    Repeat(usize),
}

/// One trial of a participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Its number for this participant, from 1.
    pub number: usize,
    /// Why it is there.
    pub role: Role,
    /// The item: its place in the study's items, or in its catches.
    pub item: usize,
    /// The clips by their places in the item, in the order of presentation.
    pub order: Vec<usize>,
    /// ABX: which of the two presented ones X is.
    pub x: Option<usize>,
}

/// What the streams of random numbers are for.
const ITEMS: u64 = 1;
const SIDES: u64 = 2;
/// The stream of a participant is this and their number.
const PARTICIPANT: u64 = 1 << 24;

/// Least distance of a repeated trial from the first time, where there are enough trials.
const DISTANCE: usize = 3;

impl Trial {
    /// The item in the study.
    pub fn item<'a>(&self, study: &'a Study) -> &'a Item {
        match self.role {
            Role::Catch => &study.catches[self.item],
            _ => &study.items[self.item],
        }
    }

    /// Ids of the sounds that can be played, in the order of presentation; X, or the open reference, comes last.
    pub fn sounds<'a>(&self, study: &'a Study) -> Vec<&'a str> {
        let item = self.item(study);
        let mut sounds: Vec<&str> = self.order.iter().map(|&place| item.clips[place].as_str()).collect();
        match (study.kind, self.x) {
            (Kind::Mushra, _) => sounds.push(&item.clips[0]),
            (_, Some(x)) => sounds.push(sounds[x]),
            _ => {}
        }
        sounds
    }

    /// The system of a presented clip.
    pub fn system<'a>(&self, study: &'a Study, slot: usize) -> &'a str {
        let id = &self.item(study).clips[self.order[slot]];
        study.clip(id).map_or("", |clip| &clip.system)
    }
}

/// The trials of a participant, who is counted from 0.
pub fn plan(study: &Study, participant: usize) -> Vec<Trial> {
    let mut rng = stream(study.seed, Purpose::ListeningTest, PARTICIPANT + participant as u64);
    let sequence = sequence(study);
    let sides = sides(study, &sequence);
    let count = sequence.len();
    let mut main: Vec<Trial> = (0..study.trials)
        .map(|place| {
            let position = participant * study.trials + place;
            let (round, at) = (position / count, position % count);
            let item = sequence[at];
            let clips = study.items[item].clips.len();
            trial(study.kind, Role::Main, item, clips, sides[at] + round, &mut rng)
        })
        .collect();
    main.shuffle(&mut rng);
    let mut trials = with_catches(study, main, participant, &mut rng);
    let repeated = repeats(study, &trials, &mut rng);
    trials.extend(repeated);
    for (place, trial) in trials.iter_mut().enumerate() {
        trial.number = place + 1;
    }
    renumbered(study, trials, &mut rng)
}

/// The items in an order in which the kinds of pairs take turns, those of a kind being shuffled.
fn sequence(study: &Study) -> Vec<usize> {
    let mut rng = stream(study.seed, Purpose::ListeningTest, ITEMS);
    let mut kinds: BTreeMap<Vec<&str>, Vec<usize>> = BTreeMap::new();
    for (place, item) in study.items.iter().enumerate() {
        let system = |id: &String| study.clip(id).map_or("", |clip| clip.system.as_str());
        kinds.entry(item.clips.iter().map(system).collect()).or_default().push(place);
    }
    let mut kinds: Vec<Vec<usize>> = kinds.into_values().collect();
    kinds.iter_mut().for_each(|items| items.shuffle(&mut rng));
    // Where kinds have different numbers of items, each is spread evenly over the whole.
    let mut placed: Vec<(f64, usize, usize)> = Vec::new();
    for (kind, items) in kinds.iter().enumerate() {
        let at = |place: usize| (place as f64 + 0.5) / items.len() as f64;
        placed.extend(items.iter().enumerate().map(|(place, &item)| (at(place), kind, item)));
    }
    placed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    placed.into_iter().map(|(_, _, item)| item).collect()
}

/// For each place of the sequence the order of presentation in the first round; within a kind of pairs they take turns.
fn sides(study: &Study, sequence: &[usize]) -> Vec<usize> {
    let mut rng = stream(study.seed, Purpose::ListeningTest, SIDES);
    let mut next: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
    let mut sides = Vec::new();
    for &item in sequence {
        let system = |id: &String| study.clip(id).map_or("", |clip| clip.system.as_str());
        let kind: Vec<&str> = study.items[item].clips.iter().map(system).collect();
        let side = next.entry(kind).or_insert_with(|| if flip(&mut rng) { 1 } else { 0 });
        sides.push(*side);
        *side += 1;
    }
    sides
}

fn flip(rng: &mut ChaCha8Rng) -> bool {
    rng.random_range(0..2) == 1
}

/// A trial whose order of presentation is number `side` of those there are.
fn trial(kind: Kind, role: Role, item: usize, clips: usize, side: usize, rng: &mut ChaCha8Rng) -> Trial {
    let mut order: Vec<usize> = (0..clips).collect();
    let mut x = None;
    match kind {
        Kind::Mushra => order.shuffle(rng),
        Kind::Pairs | Kind::Abx => {
            if side % 2 == 1 {
                order.reverse();
            }
            if kind == Kind::Abx {
                // X is the first clip of the item in two of four rounds, whatever the side.
                x = Some((side / 2) % 2);
            }
        }
        Kind::HumanOrMachine | Kind::Rating => {}
    }
    Trial { number: 0, role, item, order, x }
}

/// Catch trials, one at a random place of each of as many equal parts; never the first trial of all, where there is another.
fn with_catches(study: &Study, main: Vec<Trial>, participant: usize, rng: &mut ChaCha8Rng) -> Vec<Trial> {
    let count = study.catch_trials;
    let length = main.len();
    let mut after: Vec<usize> = Vec::new();
    for part in 0..count {
        let (from, to) = (part * length / count, (part + 1) * length / count);
        after.push(rng.random_range(from..to.max(from + 1)));
    }
    let mut trials = Vec::with_capacity(length + count);
    let mut catch = 0;
    for (place, main) in main.into_iter().enumerate() {
        trials.push(main);
        while catch < count && (after[catch] <= place || place + 1 == length) {
            let item = (participant * count + catch) % study.catches.len().max(1);
            let clips = study.catches[item].clips.len();
            let side = if flip(rng) { 1 } else { 0 } + 2 * usize::from(flip(rng));
            trials.push(trial(study.kind, Role::Catch, item, clips, side, rng));
            catch += 1;
        }
    }
    trials
}

/// Trials of the first part again, in the other order; their role names the place of the first time, counted from 1.
fn repeats(study: &Study, trials: &[Trial], rng: &mut ChaCha8Rng) -> Vec<Trial> {
    let mut places: Vec<usize> =
        (0..trials.len()).filter(|&place| trials[place].role == Role::Main).collect();
    // The earliest ones, so that time has passed, and with a random choice among twice as many.
    places.truncate((2 * study.repeated_trials).min(places.len()));
    places.shuffle(rng);
    places.truncate(study.repeated_trials);
    let again = |place: usize| {
        let mut again = trials[place].clone();
        again.role = Role::Repeat(place + 1);
        match study.kind {
            Kind::Mushra => again.order.shuffle(rng),
            _ => again.order.reverse(),
        }
        again
    };
    places.into_iter().map(again).collect()
}

/// Moves repeated trials, which stand at the end, to random places in the second half, not close to the first time.
fn renumbered(study: &Study, mut trials: Vec<Trial>, rng: &mut ChaCha8Rng) -> Vec<Trial> {
    let repeated = trials.split_off(trials.len() - study.repeated_trials);
    for repeat in repeated {
        let Role::Repeat(first) = repeat.role else { continue };
        let at = trials.iter().position(|trial| trial.number == first).unwrap_or(0);
        let from = (at + 1 + DISTANCE).max(trials.len() / 2).min(trials.len());
        let place = rng.random_range(from..=trials.len());
        trials.insert(place, repeat);
    }
    // The numbers of first times before, by the number of today.
    let now: BTreeMap<usize, usize> = trials
        .iter()
        .enumerate()
        .filter(|(_, trial)| !matches!(trial.role, Role::Repeat(_)))
        .map(|(place, trial)| (trial.number, place + 1))
        .collect();
    for (place, trial) in trials.iter_mut().enumerate() {
        trial.number = place + 1;
        if let Role::Repeat(first) = &mut trial.role {
            *first = now.get(first).copied().unwrap_or(0);
        }
    }
    trials
}

#[cfg(test)]
mod tests {
    use super::super::design::{Clip, System};
    use super::*;

    /// A study of three systems with a pair of each two for each of `pieces`.
    fn study(kind: Kind, pieces: usize, trials: usize) -> Study {
        let systems = ["bach", "lstm", "rnn"];
        let clip = |system: &str, piece: usize| Clip {
            id: format!("{system}{piece}"),
            system: system.into(),
            source: String::new(),
            seconds: 10.0,
        };
        let clips: Vec<Clip> =
            systems.iter().flat_map(|system| (0..pieces).map(move |piece| clip(system, piece))).collect();
        let item = |piece: usize, systems: &[&str]| Item {
            piece: piece.to_string(),
            clips: systems.iter().map(|system| format!("{system}{piece}")).collect(),
        };
        let groups: &[&[&str]] = match kind {
            Kind::Pairs | Kind::Abx => &[&["bach", "lstm"], &["bach", "rnn"], &["lstm", "rnn"]],
            Kind::Mushra => &[&["bach", "lstm", "rnn"]],
            Kind::HumanOrMachine | Kind::Rating => &[&["bach"], &["lstm"], &["rnn"]],
        };
        let items =
            groups.iter().flat_map(|group| (0..pieces).map(move |piece| item(piece, group))).collect();
        let catches = match kind {
            Kind::Pairs | Kind::Abx => vec![item(0, &["bach", "rnn"]), item(1, &["bach", "rnn"])],
            Kind::Mushra => Vec::new(),
            Kind::HumanOrMachine | Kind::Rating => vec![item(0, &["rnn"]), item(1, &["rnn"])],
        };
        Study {
            format: 1,
            title: "test".into(),
            kind,
            question: "?".into(),
            consent: "yes".into(),
            participants: 12,
            trials,
            catch_trials: if catches.is_empty() { 0 } else { 2 },
            repeated_trials: 2,
            seed: 7,
            minimum_seconds: 0.0,
            allow_equal: true,
            scales: vec!["overall".into()],
            seconds: 10.0,
            loudness: -23.0,
            questionnaire: Vec::new(),
            systems: systems.map(|name| System { name: name.into(), human: name == "bach" }).into(),
            items,
            catches,
            clips,
        }
    }

    fn main_trials(study: &Study, participant: usize) -> Vec<Trial> {
        plan(study, participant).into_iter().filter(|trial| trial.role == Role::Main).collect()
    }

    fn spread(counts: impl IntoIterator<Item = usize>) -> usize {
        let counts: Vec<usize> = counts.into_iter().collect();
        counts.iter().max().unwrap() - counts.iter().min().unwrap()
    }

    #[test]
    fn every_item_is_judged_equally_often_and_in_both_orders() {
        for (pieces, trials, participants) in [(4, 6, 12), (5, 7, 30), (3, 9, 8), (8, 5, 48)] {
            let study = study(Kind::Pairs, pieces, trials);
            let mut times = vec![[0; 2]; study.items.len()];
            for participant in 0..participants {
                let trials = main_trials(&study, participant);
                let mut items: Vec<usize> = trials.iter().map(|trial| trial.item).collect();
                items.sort_unstable();
                items.dedup();
                assert_eq!(items.len(), study.trials, "nobody judges an item twice");
                trials.iter().for_each(|trial| times[trial.item][trial.order[0]] += 1);
            }
            assert!(spread(times.iter().map(|[a, b]| a + b)) <= 1, "{times:?}");
            assert!(times.iter().all(|[a, b]| a.abs_diff(*b) <= 1), "{times:?}");
        }
    }

    #[test]
    fn each_participant_hears_the_kinds_of_pairs_and_the_sides_equally_often() {
        let study = study(Kind::Pairs, 6, 9);
        for participant in 0..40 {
            let mut kinds: BTreeMap<usize, [usize; 2]> = BTreeMap::new();
            for trial in main_trials(&study, participant) {
                kinds.entry(trial.item / 6).or_default()[trial.order[0]] += 1;
            }
            assert!(spread(kinds.values().map(|sides| sides[0] + sides[1])) <= 1, "{kinds:?}");
            assert!(kinds.values().all(|[a, b]| a.abs_diff(*b) <= 1), "{kinds:?}");
        }
    }

    #[test]
    fn x_of_abx_is_each_clip_and_stands_on_each_side_equally_often() {
        let study = study(Kind::Abx, 4, 12);
        let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for participant in 0..24 {
            for trial in main_trials(&study, participant) {
                let x = trial.x.unwrap();
                *counts.entry((x, trial.order[x])).or_default() += 1;
                let sounds = trial.sounds(&study);
                assert!(sounds.len() == 3 && sounds[2] == sounds[x]);
            }
        }
        assert!(counts.len() == 4 && spread(counts.into_values()) == 0);
    }

    #[test]
    fn catch_trials_come_spread_and_repeats_come_later_in_the_other_order() {
        for kind in Kind::ALL.map(|(_, kind)| kind) {
            let study = study(kind, 4, if kind == Kind::Mushra { 4 } else { 10 });
            for participant in 0..30 {
                let trials = plan(&study, participant);
                assert_eq!(trials.len(), study.trials + study.catch_trials + study.repeated_trials);
                assert!(trials.iter().enumerate().all(|(place, trial)| trial.number == place + 1));
                assert_ne!(trials[0].role, Role::Catch);
                assert_eq!(trials, plan(&study, participant), "the same each time");
                for (place, trial) in trials.iter().enumerate() {
                    let Role::Repeat(first) = trial.role else { continue };
                    let first = &trials[first - 1];
                    assert!(first.number < trial.number && first.item == trial.item);
                    assert_eq!(first.role, Role::Main);
                    // Where the first time is among the last trials, there is no room for the distance.
                    let room = first.number + DISTANCE + study.repeated_trials < trials.len();
                    assert!(!room || place + 1 - first.number > DISTANCE, "{kind:?} {trials:?}");
                    if matches!(kind, Kind::Pairs) {
                        assert_ne!(first.order, trial.order);
                    }
                }
            }
            assert_ne!(plan(&study, 0), plan(&study, 1));
        }
    }
}
