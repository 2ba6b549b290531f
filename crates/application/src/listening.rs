//! Listening tests: a study made of folders of music ([`new_study`]), who hears what ([`plan()`](fn@plan)), and what the judgements
//! say, with confidence intervals ([`analyse`]).

mod answer;
mod design;
mod new;
mod options;
mod plan;
mod sounds;
mod sources;
mod summary;

pub use answer::{AnswerLine, Given, answer_line, shortest_time};
pub use design::{
    ANSWERS_FILE, CLIPS_FOLDER, Clip, Item, Kind, Question, STUDY_FILE, Study, System, VOLUME_CLIP,
};
pub use new::{MadeStudy, new_study};
pub use options::NewStudy;
pub use plan::{Role, Trial, plan};
pub use sounds::SoundOptions;
pub use summary::{
    AnalysisOptions, LeftOut, ListeningSummary, Needed, analyse, read, read_trials, summarise,
};
