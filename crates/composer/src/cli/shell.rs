//! `composer completions` and `composer man`.

use super::failure::wrong_input;
use super::terminal::Terminal;
use clap::Args;
use clap_complete::Shell;
use std::io::Write;
use std::path::PathBuf;

/// `composer completions`.
#[derive(Clone, Copy, Debug, Args)]
#[command(
    after_long_help = "For example: composer completions bash > ~/.local/share/bash-completion/completions/composer"
)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// `composer man`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "For example: composer man > ~/.local/share/man/man1/composer.1")]
pub struct ManArgs {
    /// Write a page for every command into this folder, instead of one page with all of them: composer.1, composer-train.1, …
    #[arg(long, value_name = "FOLDER")]
    pub output_dir: Option<PathBuf>,
}

/// Prints a completion script.
pub fn completions(
    args: &CompletionsArgs,
    mut command: clap::Command,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "composer", &mut script);
    Ok(terminal.write_all(&script)?)
}

/// Prints the manual page, with a section for every command; or writes a page for each.
pub fn man(args: &ManArgs, mut command: clap::Command, terminal: &mut Terminal) -> anyhow::Result<()> {
    if let Some(folder) = &args.output_dir {
        let at = folder.display();
        std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command, folder))
            .map_err(|error| wrong_input(format!("cannot write to the folder {at}: {error}")))?;
        return Ok(());
    }
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for subcommand in command.get_subcommands() {
        let man = clap_mangen::Man::new(subcommand.clone());
        writeln!(page, ".SH \"COMPOSER {}\"", subcommand.get_name().to_uppercase())?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
    }
    Ok(terminal.write_all(&page)?)
}
