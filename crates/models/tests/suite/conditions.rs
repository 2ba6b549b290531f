//! Conditions: what is told, in which order, and that every way through a model is told the same.

use crate::single_notes::{frames, note_by_note};
use composer_bptt::{Cell, Init, Mode, RecurrentConfig};
use composer_models::batch::Slice;
use composer_models::file::{self, Notes};
use composer_models::streams::{Purpose, stream};
use composer_models::{
    Condition, ConditionTrack, ConditionValues, Conditions, Dropped, Encoding, Harmony, ModelConfig, Network,
    Sequence, SequenceBatch, SequenceModel, Workspace, scoring,
};
use composer_music::BarMap;
use composer_music::key::Key;
use composer_music::representation::frames::FrameRepresentation;
use std::path::Path;

/// Every condition, with a few values each: 2 styles, 2 metres, 3 levels of density, 2 of polyphony, 3 of register, key, bars left, form, harmony.
pub fn all() -> Conditions {
    Conditions {
        style: Some(vec!["hymn".into(), "rag".into()]),
        metre: Some(vec!["3/4".parse().unwrap(), "4/4".parse().unwrap()]),
        density: Some(vec![2.0, 4.0]),
        polyphony: Some(vec![1.5]),
        register: Some(vec![55.0, 62.0]),
        key: true,
        bars_left: true,
        form: true,
        harmony: true,
        rhythm: true,
        ..Conditions::default()
    }
}

/// Two stretches that differ in everything, the second without a style.
pub fn some_track() -> ConditionTrack {
    let first = ConditionValues {
        style: Some("rag".into()),
        density: Some(4.0),
        polyphony: Some(1.0),
        register: Some(60.5),
        key: Some(Key { tonic: 7, minor: true }),
        form: true,
        harmony: Some(Harmony::of_chord(0b1001_0001)),
        ..ConditionValues::default()
    };
    let bars = BarMap::from_changes(4, [(0, "4/4".parse().unwrap()), (4, "3/4".parse().unwrap())]);
    ConditionTrack::in_bars(&first, &bars, Some(20))
}

/// Of the recurrence over time, and of that over the notes if there is one: whether the weights of conditions have gradients.
pub fn condition_gradients(model: &SequenceModel<f64>, batch: &SequenceBatch<f64>) -> Vec<bool> {
    let (mut model, mut ws) = (model.clone(), Workspace::default());
    let mut state = model.zero_state(batch.batch);
    model.forward(batch, &mut state, Mode::Eval, &mut ws).unwrap();
    model.loss(batch, &mut ws).unwrap();
    model.params_mut().zero_grad();
    model.backward(batch, &mut ws).unwrap();
    let told = model.config().conditions.features();
    let stacks: &[&str] =
        if model.config().notes().is_some() { &["recurrent", "notes"] } else { &["recurrent"] };
    let moves = |stack: &&str| {
        let gradient = model.gradient(&format!("{stack}.weight_ih_l0")).unwrap();
        let inputs = gradient.shape()[1];
        gradient.iter().enumerate().any(|(place, &d)| place % inputs >= inputs - told && d != 0.0)
    };
    stacks.iter().map(moves).collect()
}

fn model(network: Network) -> SequenceModel {
    let representation =
        FrameRepresentation { pitch_low: 60, pitch_high: 69, ..FrameRepresentation::default() };
    let encoding = Encoding::Frames {
        representation,
        metre: 4,
        bar_line: 3,
        look_back: 3,
        longest_match: true,
        returns: true,
        rhythm: true,
        note_lengths: 0,
        note_velocities: 0,
    };
    let stack = RecurrentConfig { cell: Cell::Gru, hidden: 6, ..RecurrentConfig::default() };
    let config = ModelConfig::new(encoding, stack.clone()).with_network(network, stack, 0.0);
    SequenceModel::new(config.with_conditions(all()), &Init::PYTORCH, 3).unwrap()
}

#[test]
fn features_are_in_the_order_of_the_conditions_and_follow_the_transposition() {
    let (conditions, track) = (all(), some_track());
    assert_eq!(conditions.features(), 2 + 2 + 3 + 2 + 3 + 24 + 6 + 24);
    let told = |step, dropped, semitones| {
        let mut features = Vec::new();
        conditions.push_features(track.at(step).unwrap(), dropped, semitones, 100, &mut features);
        features
    };
    assert_eq!(
        told(0, Dropped::NONE, 0),
        [101, 103, 106, 107, 110, 131, 138, 142, 146, 149, 154, 158, 161],
        "rag, 4/4, density from 4, below 1.5, from 55, G minor, three bars left, C major"
    );
    assert_eq!(
        told(4, Dropped::NONE, 2),
        [101, 102, 106, 107, 111, 133, 137, 144, 148, 151, 156, 160, 163],
        "3/4, two bars left; a tone higher register, key and harmony are others"
    );
    assert_eq!(
        told(0, Dropped::NONE.and(Condition::Style).and(Condition::Polyphony), -6),
        [103, 106, 109, 125, 138, 143, 148, 152, 155, 160, 164]
    );
    assert_eq!(told(0, Dropped::ALL, 0), [0; 0]);
}

#[test]
fn what_a_model_cannot_be_told_is_refused_in_words() {
    let asked = |density| ConditionValues { density, ..ConditionValues::default() };
    let words = |conditions: &Conditions, asked| conditions.check_asked(&asked).unwrap_err().to_string();
    assert!(all().check_asked(&asked(Some(4.5))).is_ok());
    assert!(words(&all(), asked(Some(-1.0))).contains("must be from 0 to 128"));
    assert!(words(&Conditions::default(), asked(Some(4.5))).contains("the condition density (it has none)"));
    let style = ConditionValues { style: Some("jig".into()), ..ConditionValues::default() };
    assert!(words(&all(), style).contains("no style jig; it knows hymn, rag"));
    let metre = ConditionValues { metre: Some("7/8".parse().unwrap()), ..ConditionValues::default() };
    assert!(all().check_asked(&metre).is_ok(), "a metre that is not known is not told");
    let descending = Conditions { density: Some(vec![2.0, 1.0]), ..Conditions::default() };
    let config = ModelConfig::new(Encoding::tokens(3), RecurrentConfig::default());
    let refused = |config: ModelConfig| SequenceModel::zeros(config).err().map(|error| error.to_string());
    assert!(refused(config.clone().with_conditions(descending)).is_some_and(|text| text.contains("ascend")));
    let values = ModelConfig::new(Encoding::values(2), config.recurrent);
    assert!(refused(values.with_conditions(all())).is_some_and(|text| text.contains("real values")));
}

#[test]
fn batches_and_single_notes_are_told_the_same_and_what_is_dropped_is_not_known() {
    for network in [Network::NoteWise, Network::Biaxial, Network::Coupled] {
        let model = model(network);
        // Three bars of 3/4, the last of them the first again.
        let piece = frames(60, 10, 24);
        let piece = [&piece[..], &piece[..12]].concat();
        let plain = Sequence::frames_in(piece, BarMap::uniform(4, "3/4".parse().unwrap()));
        let told = plain.clone().with_conditions(some_track());
        let score = |sequence: &Sequence| {
            scoring::score(&model, std::slice::from_ref(sequence), &mut Workspace::default()).unwrap()[0]
                .total()
        };
        assert_ne!(score(&told), score(&plain), "{network}: conditions make no difference");
        if network != Network::Coupled {
            for (step, (one, batch)) in note_by_note(&model, &told).iter().zip(score(&told)).enumerate() {
                approx::assert_abs_diff_eq!(*one, batch, epsilon = 1e-4);
                assert!(one.is_finite(), "{network}, step {step}");
            }
        }
        let nats = |sequence, dropped: &[Dropped]| {
            let (mut batch, mut ws) = (SequenceBatch::of_model(model.config()), Workspace::default());
            let slice = Slice { sequence, start: 0, transpose: 0 };
            batch.fill_without(model.encoding(), &[Some(slice)], dropped, 40);
            model.forward(&batch, &mut model.zero_state(1), Mode::Eval, &mut ws).unwrap();
            model.loss(&batch, &mut ws).unwrap()
        };
        assert_eq!(nats(&told, &[Dropped::ALL]), nats(&plain, &[]), "{network}");
        // A track that does not tell the form, such as that of bars alone, leaves it out.
        let without = some_track().map(|values| ConditionValues { form: false, ..values.clone() });
        let without = plain.clone().with_conditions(without);
        assert_eq!(
            nats(&without, &[]),
            nats(&told, &[Dropped::NONE.and(Condition::Form).and(Condition::Rhythm)]),
            "{network}"
        );
        for condition in [Condition::Density, Condition::Form, Condition::Harmony, Condition::Rhythm] {
            assert_ne!(
                nats(&told, &[Dropped::NONE.and(condition)]),
                nats(&told, &[]),
                "{network}, {condition}"
            );
        }
    }
}

#[test]
fn models_are_saved_with_what_they_tell_apart_and_older_ones_have_none() {
    let model = model(Network::NoteWise);
    let bytes = file::to_bytes(&model, &Notes::default()).unwrap();
    let (again, _) = file::from_bytes(&bytes, Path::new("model")).unwrap();
    assert_eq!((again.config(), again.params().values()), (model.config(), model.params().values()));
    let without =
        serde_json::to_string(&model.config().clone().with_conditions(Conditions::default())).unwrap();
    assert!(!without.contains("conditions"), "files without are as they were");
    assert!(serde_json::from_str::<ModelConfig>(&without).unwrap().conditions.is_empty());
}

#[test]
fn half_of_what_is_dropped_is_everything_and_the_other_half_any_number_of_conditions() {
    let mut rng = stream(1, Purpose::ConditionDropout, 1);
    let mut counts = [0; 11];
    for _ in 0..4000 {
        let dropped = Dropped::draw(&all(), 0.5, &mut rng);
        counts[Condition::ALL.iter().filter(|&&condition| dropped.contains(condition)).count()] += 1;
    }
    assert!((1900..2100).contains(&counts[0]) && (900..1100).contains(&counts[10]), "{counts:?}");
    assert!(counts[1..10].iter().all(|count| (80..150).contains(count)), "{counts:?}");
    assert_eq!(Dropped::draw(&all(), 0.0, &mut rng), Dropped::NONE);
    let style = Conditions { style: all().style, ..Conditions::default() };
    let alone = (0..4000).filter(|_| Dropped::draw(&style, 0.5, &mut rng) == Dropped::ALL).count();
    assert!((1900..2100).contains(&alone), "{alone}");
}
