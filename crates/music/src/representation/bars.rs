//! `bars`: [`super::remi`] with the patterns that a corpus repeats as symbols of their own: from two tokens that often
//! follow each other up to whole bars, learnt by byte-pair merging.
//!
//! A bar of music is BAR and everything up to the next BAR; no pattern reaches over that line. After learning, a bar
//! that the corpus has often is one symbol, and a bar it has never seen is spelt with smaller patterns and, where there
//! are none, with the tokens of `remi`: every piece can be encoded and decoded exactly. For example, after merges of
//! `VELOCITY_20 DURATION_12` and of `PITCH_C4` with that:
//!
//! ```text
//! BAR METRE_4/4 POSITION_0 TEMPO_120 [PITCH_C4 VELOCITY_20 DURATION_12] POSITION_12 PITCH_E4 [VELOCITY_20 DURATION_12]
//! ```
//!
//! Symbol `n` is a token of `remi` if `n` is below the size of its vocabulary, and pattern `n − size` otherwise.

use std::collections::HashMap;

use super::interface::fingerprint;
use super::quantise::Quantised;
use super::remi::RemiRepresentation;
use super::symbols::tokens;
use super::{Error, Representation, Symbols, Vocabulary};
use crate::score::Score;

/// Most tokens of `remi` in one pattern, so that decoding a few symbols cannot fill the memory.
const LONGEST_PATTERN: usize = 1024;

/// Patterns over `remi`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct BarRepresentation {
    /// What the patterns are made of.
    pub base: RemiRepresentation,
    /// Each pattern as the two symbols it stands for, the first learnt first.
    merges: Vec<(u32, u32)>,
}

impl BarRepresentation {
    /// Learns up to `patterns` patterns from scores; fewer when nothing is left that occurs twice.
    ///
    /// The most frequent pair of neighbouring symbols becomes a symbol, again and again; of equally frequent pairs, the
    /// one with the lower numbers. The result depends on the music alone, not on the order of the scores.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn learn<'a>(
        base: RemiRepresentation,
        scores: impl IntoIterator<Item = &'a Score>,
        patterns: usize,
    ) -> Result<Self, Error> {
        let mut counted: HashMap<Vec<u32>, u64> = HashMap::new();
        for score in scores {
            let tokens = base.encode_tokens(score)?;
            for bar in split_bars(&tokens, base.bar_token()) {
                *counted.entry(bar.to_vec()).or_default() += 1;
            }
        }
        let mut bars: Vec<(Vec<u32>, u64)> = counted.into_iter().collect();
        bars.sort_unstable();
        let size = base.num_tokens() as u32;
        let mut lengths = vec![1usize; size as usize];
        let mut merges = Vec::new();
        while merges.len() < patterns {
            let Some(pair) = most_frequent_pair(&bars, &lengths) else { break };
            let symbol = size + merges.len() as u32;
            bars.iter_mut().for_each(|(bar, _)| merge(bar, pair, symbol));
            lengths.push(lengths[pair.0 as usize] + lengths[pair.1 as usize]);
            merges.push(pair);
        }
        Ok(Self { base, merges })
    }

    /// Patterns that were learnt.
    pub fn num_patterns(&self) -> usize {
        self.merges.len()
    }

    /// Number of symbols.
    pub fn num_tokens(&self) -> usize {
        self.base.num_tokens() + self.merges.len()
    }

    /// Shortens the tokens of `remi`.
    fn shorten(&self, base_tokens: &[u32]) -> Vec<u32> {
        let size = self.base.num_tokens() as u32;
        let ranks: HashMap<(u32, u32), u32> = self.merges.iter().copied().zip(size..).collect();
        let mut out = Vec::with_capacity(base_tokens.len());
        let mut known: HashMap<&[u32], Vec<u32>> = HashMap::new();
        for bar in split_bars(base_tokens, self.base.bar_token()) {
            let short = known.entry(bar).or_insert_with(|| {
                let mut bar = bar.to_vec();
                // Patterns are applied in the order in which they were learnt.
                while let Some((symbol, pair)) =
                    bar.windows(2).filter_map(|w| ranks.get(&(w[0], w[1])).map(|&s| (s, (w[0], w[1])))).min()
                {
                    merge(&mut bar, pair, symbol);
                }
                bar
            });
            out.extend_from_slice(short);
        }
        out
    }

    /// Spells every pattern with the tokens of `remi`.
    ///
    /// Patterns in a file from elsewhere may be anything: they are cut at [`LONGEST_PATTERN`], and a pattern of
    /// unknown symbols is empty.
    fn spellings(&self) -> Vec<Vec<u32>> {
        let mut spellings: Vec<Vec<u32>> =
            (0..self.base.num_tokens() as u32).map(|token| vec![token]).collect();
        for &(first, second) in &self.merges {
            let part = |symbol: u32| spellings.get(symbol as usize).map_or(&[][..], Vec::as_slice);
            let mut spelling = [part(first), part(second)].concat();
            spelling.truncate(LONGEST_PATTERN);
            spellings.push(spelling);
        }
        spellings
    }

    fn spell(&self, symbols: &[u32]) -> Vec<u32> {
        let spellings = self.spellings();
        symbols.iter().filter_map(|&symbol| spellings.get(symbol as usize)).flatten().copied().collect()
    }
}

/// Pieces of a token sequence that begin with BAR.
fn split_bars(tokens: &[u32], bar_token: u32) -> impl Iterator<Item = &[u32]> {
    tokens.chunk_by(move |_, &next| next != bar_token)
}

/// The pair of neighbours that occurs most often, if one occurs twice and its pattern is not too long.
fn most_frequent_pair(bars: &[(Vec<u32>, u64)], lengths: &[usize]) -> Option<(u32, u32)> {
    let mut counts: HashMap<(u32, u32), u64> = HashMap::new();
    for (bar, times) in bars {
        let mut last = None;
        for (place, pair) in bar.windows(2).enumerate() {
            let pair = (pair[0], pair[1]);
            // In x x x the pair x x occurs once, not twice.
            if last == Some((place.wrapping_sub(1), pair)) {
                last = None;
                continue;
            }
            last = Some((place, pair));
            *counts.entry(pair).or_default() += times;
        }
    }
    counts
        .into_iter()
        .filter(|&((a, b), count)| count > 1 && lengths[a as usize] + lengths[b as usize] <= LONGEST_PATTERN)
        .max_by_key(|&(pair, count)| (count, std::cmp::Reverse(pair)))
        .map(|(pair, _)| pair)
}

/// Replaces every occurrence of a pair, from left to right.
fn merge(bar: &mut Vec<u32>, pair: (u32, u32), symbol: u32) {
    let (mut read, mut write) = (0, 0);
    while read < bar.len() {
        if bar[read] == pair.0 && bar.get(read + 1) == Some(&pair.1) {
            bar[write] = symbol;
            read += 2;
        } else {
            bar[write] = bar[read];
            read += 1;
        }
        write += 1;
    }
    bar.truncate(write);
}

impl Representation for BarRepresentation {
    fn name(&self) -> &'static str {
        "bars"
    }

    fn vocabulary(&self) -> Vocabulary {
        let Vocabulary::Tokens { mut names } = self.base.vocabulary() else {
            return Vocabulary::Tokens { names: Vec::new() }; // remi has tokens
        };
        let size = names.len();
        for spelling in &self.spellings()[size..] {
            let spelt: Vec<&str> = spelling.iter().map(|&token| names[token as usize].as_str()).collect();
            names.push(format!("[{}]", spelt.join(" ")));
        }
        Vocabulary::Tokens { names }
    }

    fn encode(&self, score: &Score) -> Result<Symbols, Error> {
        Ok(Symbols::Tokens(self.shorten(&self.base.encode_tokens(score)?)))
    }

    fn decode(&self, symbols: &Symbols) -> Result<Score, Error> {
        Ok(self.base.decode_tokens(&self.spell(tokens(symbols, self.num_tokens())?)))
    }

    fn quantise(&self, score: &Score) -> Result<Quantised, Error> {
        self.base.quantise(score)
    }

    fn fingerprint(&self) -> String {
        fingerprint(self.name(), self)
    }
}
