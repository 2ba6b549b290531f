//! A small LSTM memorises `abcabcabc…` and continues it.
//!
//! Prints `abca → bcabcabcabca`. For another sequence, change the text: any bytes will do.

use composer::prelude::*;

/// The continuation.
pub fn run() -> Result<String> {
    let text = "abc".repeat(40);
    let tokens: Vec<u32> = text.bytes().map(u32::from).collect();

    let stack = RecurrentConfig { cell: Cell::Lstm, hidden: 16, ..Default::default() };
    let mut model = SequenceModel::tokens(256, stack, 1)?;
    let examples = [Sequence::tokens(tokens)];
    let config = TrainingConfig { epochs: 30, tbptt_len: 12, learning_rate: 0.03, ..Default::default() };
    train_model(&mut model, &examples, &examples, &config, &mut ())?;

    let known: Vec<u32> = "abca".bytes().map(u32::from).collect();
    let next = continue_tokens(&model, &known, 12, TokenOptions::greedy(), 1)?;
    Ok(next.into_iter().filter_map(char::from_u32).collect())
}

fn main() -> Result<()> {
    println!("abca → {}", run()?);
    Ok(())
}
