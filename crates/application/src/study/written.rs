//! What was found, on disk: a page for each study, and its data as CSV beside it.

use super::{MemoryOptions, Studied};
use crate::error::Result;
use crate::outputs::write_all;
use composer_report::study::cells::CellsReport;
use composer_report::study::cells_text::{bars_csv, trainings_csv};
use composer_report::study::flow::FlowReport;
use composer_report::study::flow_text::{distances_csv, gates_csv, training_csv};
use composer_report::study::memory::MemoryReport;
use composer_report::study::memory_text;
use composer_studies::{cells, gradient_flow, memory};
use std::path::Path;

impl Studied<Vec<memory::Outcome>> {
    /// Writes memory.html and memory.csv into a folder, which is made; where the page is, for people. `command` does the same again.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&self, options: &MemoryOptions, folder: &Path, command: &str) -> Result<String> {
        let (outcomes, recipe) = (&self.found, &options.recipe);
        let (seconds, threads) = (self.seconds, self.threads);
        let page = MemoryReport { outcomes, recipe, seconds, threads, command }.to_html()?;
        write_all(folder, &[("memory.csv", memory_text::csv(outcomes)), ("memory.html", page)])
    }
}

impl Studied<gradient_flow::Study> {
    /// Writes gradient-flow.html and its data into a folder, which is made; where the page is, for people. `command` does the same again.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&self, config: &gradient_flow::Config, folder: &Path, command: &str) -> Result<String> {
        let page = FlowReport { study: &self.found, config, music: &self.music, command }.to_html()?;
        let files = [
            ("gradient-flow.csv", distances_csv(&self.found)),
            ("gradient-flow-gates.csv", gates_csv(&self.found)),
            ("gradient-flow-training.csv", training_csv(&self.found)),
            ("gradient-flow.html", page),
        ];
        write_all(folder, &files)
    }
}

impl Studied<cells::Study> {
    /// Writes cells.html and its data into a folder, which is made; where the page is, for people. `command` does the same again.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&self, config: &cells::Config, folder: &Path, command: &str) -> Result<String> {
        let Self { found: study, music, seconds, threads } = self;
        let (seconds, threads) = (*seconds, *threads);
        let page = CellsReport { study, config, music, seconds, threads, command }.to_html()?;
        let files =
            [("cells.csv", trainings_csv(study)), ("cells-bars.csv", bars_csv(study)), ("cells.html", page)];
        write_all(folder, &files)
    }
}
