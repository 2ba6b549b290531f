//! The comparison of cells on toy music: training improves every figure, and the number of threads changes nothing.

use composer_bptt::Cell;
use composer_music::{Note, Score, Track};
use composer_studies::cells::{
    Arm, BAR, Bar, Config, Event, Form, MEASURES, Measure, change, over_seeds, resume, study,
};

/// Broken chords in eighths over a bass that changes with the bar.
fn piece(number: u64, bars: u64) -> Score {
    let mut score = Score::new(4);
    let mut notes = Vec::new();
    for bar in 0..bars {
        let root = [48, 53, 55, 48][((bar + number) % 4) as usize];
        let note =
            |onset, pitch, duration| Note { onset, duration, pitch, velocity: 80, channel: 0, program: 0 };
        notes.push(note(16 * bar, root, 16));
        for eighth in 0..8 {
            notes.push(note(16 * bar + 2 * eighth, root + [12, 16, 19, 16][(eighth % 4) as usize], 2));
        }
    }
    notes.sort_unstable_by_key(|note| (note.onset, note.pitch));
    score.tracks.push(Track { name: None, notes });
    score
}

fn music() -> (Vec<Score>, Vec<Score>) {
    ((0..6).map(|number| piece(number, 12)).collect(), (6..8).map(|number| piece(number, 12)).collect())
}

fn config() -> Config {
    Config {
        cells: vec![Cell::Gru],
        arms: vec![Arm::TeacherForcing, Arm::Linear, Arm::Noise],
        seeds: 2,
        updates: 60,
        parameters: 50_000,
        batch: 4,
        bars: 2,
        compositions: 4,
        learning_rate: 1e-2,
        ..Config::default()
    }
}

fn measure(name: &str) -> &'static Measure {
    MEASURES.iter().find(|measure| measure.name == name).unwrap()
}

#[test]
fn training_improves_every_figure() {
    let (train, held_out) = music();
    let short = study(&train, &held_out, &Config { updates: 1, ..config() }, 2, &mut |_| {}).unwrap();
    let mut updates = 0;
    let long = study(&train, &held_out, &config(), 2, &mut |event| {
        updates += u64::from(matches!(event, Event::Updated));
    })
    .unwrap();
    assert_eq!(updates, config().all_updates(), "every update is reported");
    for form in Form::ALL {
        let figure = |study: &composer_studies::cells::Study, arm, name| {
            over_seeds(&study.outcomes, form, Cell::Gru, arm, measure(name)).estimate
        };
        for name in ["nll", "divergence", "reference_nll"] {
            let [before, after] = [&short, &long].map(|study| figure(study, Arm::TeacherForcing, name));
            assert!(after < 0.8 * before, "{form}, {name}: {before} before and {after} after training");
        }
        let first = figure(&long, Arm::TeacherForcing, "perturbation_first");
        let last = figure(&long, Arm::TeacherForcing, "perturbation_last");
        assert!(first > 0.05 && last < first, "{form}: wrong notes add {first}, then {last}");
        // A network that is trained on noise predicts worse than one that is trained on music.
        let noise = change(&long.outcomes, form, Arm::Noise, measure("nll"));
        assert!(noise.estimate > 1.0, "{form}: noise changes the NLL by {noise}");
        assert_eq!(change(&long.outcomes, form, Arm::TeacherForcing, measure("nll")).high, 0.0);
    }
    let real = |bars: &[Bar]| bars.iter().map(Bar::divergence).sum::<f64>() / bars.len() as f64;
    assert!(real(&long.real) < 0.1, "music of the same kind diverges by {}", real(&long.real));
    assert_eq!(long.real.len(), config().composed_bars());
    let windows: Vec<usize> = long.windows.iter().map(|window| window.1).collect();
    assert_eq!(windows[0], 2 * BAR);
    assert!(windows[1] > 2 * 26 && windows[1] < 2 * 28, "9 on, 9 off and 8 shifts in a bar: {windows:?}");
}

#[test]
fn a_study_does_not_depend_on_the_number_of_threads() {
    let (train, held_out) = music();
    let config = Config { updates: 3, ..config() };
    let mut runs = [1, 2].map(|threads| study(&train, &held_out, &config, threads, &mut |_| {}).unwrap());
    for outcome in runs.iter_mut().flat_map(|run| &mut run.outcomes) {
        outcome.seconds = 0.0;
    }
    assert_eq!(runs[0], runs[1]);
    let trials: Vec<_> = runs[0].outcomes.iter().map(|outcome| outcome.trial).collect();
    assert_eq!(trials, config.trials());
    for outcome in &runs[0].outcomes {
        assert!(outcome.parameters <= config.parameters && outcome.parameters > config.parameters * 9 / 10);
        for measure in MEASURES {
            assert!((measure.of)(outcome).is_finite(), "{}", measure.name);
        }
    }
}

#[test]
fn a_stopped_study_goes_on_without_the_runs_that_are_done() {
    let (train, held_out) = music();
    let config = Config { updates: 3, ..config() };
    let whole = study(&train, &held_out, &config, 1, &mut |_| {}).unwrap();
    let mut trained = Vec::new();
    let (done, missing) = whole.outcomes.split_at(4);
    let resumed = resume(&train, &held_out, &config, done, 1, &mut |event| {
        if let Event::Finished(outcome) = event {
            trained.push(outcome.trial);
        }
    })
    .unwrap();
    assert_eq!(trained, missing.iter().map(|outcome| outcome.trial).collect::<Vec<_>>());
    for (outcome, before) in resumed.outcomes.iter().zip(&whole.outcomes) {
        assert_eq!((outcome.trial, &outcome.bars), (before.trial, &before.bars));
        assert_eq!(outcome.nll_per_quarter.to_bits(), before.nll_per_quarter.to_bits());
    }
    assert_eq!(resumed.outcomes[0], whole.outcomes[0], "with the seconds that it took");
}

#[test]
fn settings_out_of_range_are_errors() {
    let (train, held_out) = music();
    let complaint = |config: Config| config.check(&train, &held_out).unwrap_err().to_string();
    assert!(complaint(Config { seeds: 0, ..config() }).contains("seeds is 0"));
    assert!(
        complaint(Config { parameters: 20_000, cells: vec![Cell::Lstm], ..config() })
            .contains("smallest lstm")
    );
    assert!(complaint(Config { bars: 4, ..config() }).contains("the longest held-out piece has 192 steps"));
    assert!(
        config().check(&[], &held_out).unwrap_err().to_string().contains("the longest training piece has 0")
    );
}
