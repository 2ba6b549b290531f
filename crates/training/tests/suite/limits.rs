//! A run ends by epochs, updates or minutes, whichever comes first, and that is a proper end.

use crate::common::{self, Watcher, model, round, tokens};
use approx::abs_diff_eq;
use composer_bptt::Cell;
use composer_models::{Sequence, SequenceModel, Workspace};
use composer_training::{
    Checkpoint, EpochReport, Error, Observer, Outcome, Schedule, ScheduleKind, Snapshot, StopReason,
    TrainingConfig, UpdateReport, mean_nll, resume, train,
};
use std::time::Duration;

fn music() -> [Sequence; 2] {
    [round(64), round(40)]
}

/// What an observer sees of the end.
#[derive(Default)]
struct Ends {
    rates: Vec<f64>,
    epochs: Vec<EpochReport>,
    finals: usize,
    checkpoint: Vec<u8>,
    /// Slept in every update.
    pause: Duration,
}

impl Observer for Ends {
    fn update(&mut self, report: &UpdateReport) -> composer_training::Control {
        self.rates.push(report.learning_rate);
        std::thread::sleep(self.pause);
        composer_training::Control::Continue
    }

    fn epoch(&mut self, report: &EpochReport, _model: &SequenceModel) -> std::io::Result<()> {
        self.epochs.push(report.clone());
        Ok(())
    }

    fn save(&mut self, snapshot: &Snapshot<'_>) -> Result<(), Error> {
        self.finals += usize::from(snapshot.is_final());
        self.checkpoint = snapshot.to_bytes("")?;
        Ok(())
    }
}

fn run(config: &TrainingConfig, ends: &mut Ends) -> (Outcome, SequenceModel) {
    let mut model = model(Cell::Gru, tokens());
    let outcome = train(&mut model, &music(), &music()[..1], config, ends).unwrap();
    (outcome, model)
}

#[test]
fn updates_end_a_run_in_the_middle_of_an_epoch_with_a_validated_epoch_and_a_final_checkpoint() {
    let whole = TrainingConfig { epochs: 4, ..common::config() };
    let per_epoch = run(&whole, &mut Ends::default()).0.epochs[0].updates;
    assert!(per_epoch > 3);
    let config = TrainingConfig { updates: per_epoch + 2, schedule: Schedule::CONSTANT, ..whole };
    let mut ends = Ends::default();
    let (outcome, model) = run(&config, &mut ends);
    assert_eq!((outcome.stop, outcome.interrupted()), (StopReason::Updates, false));
    assert_eq!((outcome.last.updates, outcome.epochs.len(), ends.finals), (per_epoch + 2, 2, 1));
    assert_eq!(outcome.last.valid_nll, outcome.epochs[1].valid_nll);
    let kept = mean_nll(&model, &music()[..1], &mut Workspace::default()).unwrap();
    assert_eq!((kept, &outcome.best.weights[..]), (outcome.best.valid_nll, model.params().values()));
    // The same updates as in a longer run.
    let mut longer = Ends::default();
    run(&TrainingConfig { updates: 0, ..config.clone() }, &mut longer);
    assert_eq!(ends.rates, longer.rates[..ends.rates.len()]);

    let checkpoint = Checkpoint::from_bytes(&ends.checkpoint).unwrap();
    assert!(checkpoint.is_final() && checkpoint.seconds() > 0.0);
    let mut model = common::model(Cell::Gru, tokens());
    let mut again = Ends::default();
    let resumed = resume(&mut model, &music(), &music()[..1], &config, &checkpoint, &mut again).unwrap();
    assert!(again.rates.is_empty(), "there is nothing left to do");
    assert_eq!(resumed, outcome);
}

#[test]
fn the_schedule_ends_where_the_run_ends() {
    let schedule =
        Schedule { kind: ScheduleKind::WarmupCosine, warmup: 0, floor: 0.0, ..Schedule::default() };
    let config = TrainingConfig { epochs: 0, updates: 10, schedule, ..common::config() };
    let mut ends = Ends::default();
    let (outcome, _) = run(&config, &mut ends);
    assert_eq!((outcome.stop, ends.rates.len()), (StopReason::Updates, 10));
    for (update, rate) in ends.rates.iter().enumerate() {
        let expected = 0.02 * 0.5 * (1.0 + (std::f64::consts::PI * update as f64 / 10.0).cos());
        assert!(abs_diff_eq!(*rate, expected, epsilon = 1e-12), "{update}: {rate} and {expected}");
    }
}

#[test]
fn minutes_end_a_run_and_count_on_after_it_was_resumed() {
    let schedule =
        Schedule { kind: ScheduleKind::WarmupCosine, warmup: 0, floor: 0.0, ..Schedule::default() };
    // Sixty updates of 20 ms at most fit, and far more than that would come without a limit.
    let config = TrainingConfig { epochs: 0, minutes: 1.2 / 60.0, schedule, ..common::config() };
    let slow = || Ends { pause: Duration::from_millis(20), ..Ends::default() };
    let mut ends = slow();
    let (outcome, _) = run(&config, &mut ends);
    let updates = ends.rates.len();
    assert_eq!((outcome.stop, ends.finals), (StopReason::Minutes, 1));
    assert!((2..=60).contains(&updates), "{updates} updates");
    assert!(ends.rates.is_sorted_by(|a, b| a >= b), "the rate falls with the clock: {:?}", ends.rates);
    assert!(ends.rates[updates - 1] < 0.2 * ends.rates[0], "to its floor: {:?}", ends.rates.last());
    assert_eq!(outcome.epochs.last().map(|epoch| epoch.updates), Some(updates as u64));

    let checkpoint = Checkpoint::from_bytes(&ends.checkpoint).unwrap();
    assert!(checkpoint.is_final() && checkpoint.seconds() >= 1.2);
    let mut model = common::model(Cell::Gru, tokens());
    let longer = TrainingConfig { minutes: 1.8 / 60.0, ..config };
    let mut more = slow();
    let resumed = resume(&mut model, &music(), &music()[..1], &longer, &checkpoint, &mut more).unwrap();
    assert!((1..=30).contains(&more.rates.len()), "{} more updates in 0.6 s", more.rates.len());
    assert_eq!(
        (resumed.stop, resumed.last.updates),
        (StopReason::Minutes, (updates + more.rates.len()) as u64)
    );
}

#[test]
fn a_run_needs_a_limit() {
    let endless = TrainingConfig { epochs: 0, ..common::config() };
    let mut model = model(Cell::Gru, tokens());
    let refused = train(&mut model, &music(), &music(), &endless, &mut Watcher::default());
    assert!(refused.expect_err("refused").to_string().contains("training.epochs"));
    for minutes in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(TrainingConfig { minutes, ..endless.clone() }.check().is_err());
    }
}
