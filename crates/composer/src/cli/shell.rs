//! `composer completions` and `composer man`.

use super::terminal::Terminal;
use clap::Args;
use clap_complete::Shell;
use std::io::Write;

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
#[derive(Clone, Copy, Debug, Args)]
#[command(after_long_help = "For example: composer man > ~/.local/share/man/man1/composer.1")]
pub struct ManArgs {}

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

/// Prints the manual page, with a section for every command.
pub fn man(mut command: clap::Command, terminal: &mut Terminal) -> anyhow::Result<()> {
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
