//! Prints, for every folder given, what each representation makes of it, as a table in Markdown.

use composer_music::ingest::{Options, ingest};
use composer_music::representation::AnyRepresentation;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for folder in std::env::args().skip(1) {
        println!("\n**{folder}**\n");
        println!(
            "| representation | pieces | vocabulary | symbols per second | notes moved | largest shift | merged | cut | left out |"
        );
        println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
        for name in AnyRepresentation::NAMES {
            let representation = Some(AnyRepresentation::by_name(name)?);
            let Ok(summary) = ingest(&[&folder], &Options { representation, ..Options::default() }, |_| {})
            else {
                println!("| {name} | 0 | | | | | | | |");
                continue;
            };
            let loss = &summary.loss;
            let percent = |notes: usize| format!("{:.1} %", 100.0 * notes as f64 / loss.notes.max(1) as f64);
            print!("| {name} | {} | {} ", summary.kept, summary.vocabulary.unwrap_or(0));
            print!("| {:.1} ", summary.symbols as f64 / summary.seconds);
            match name {
                "chords" => println!("| | | | | (harmony only) |"),
                _ => println!(
                    "| {} | {:.0} ms | {} | {} | {} |",
                    percent(loss.moved),
                    1000.0 * loss.largest_shift,
                    percent(loss.merged),
                    percent(loss.cut),
                    percent(loss.dropped_notes()),
                ),
            }
        }
    }
    Ok(())
}
