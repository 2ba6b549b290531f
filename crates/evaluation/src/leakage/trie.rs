//! Counts of what followed each context of up to a number of symbols, and the prediction by partial matching from them.

/// What was learnt at one place, to be taken back: the node, and the entry in it that was counted.
pub(super) struct Counted {
    node: u32,
    entry: usize,
}

/// A trie of contexts: the node of a context holds what followed it.
#[derive(Clone, Debug)]
pub(super) struct Trie {
    nodes: Vec<Vec<Entry>>,
    order: usize,
}

/// A symbol that followed a context.
#[derive(Clone, Copy, Debug)]
struct Entry {
    symbol: u32,
    count: u32,
    /// The context that is longer by this symbol; 0, which is the empty context, if that would be too long.
    longer: u32,
}

/// The contexts that a sequence is in, by their length: the empty one first.
#[derive(Clone, Debug)]
pub(super) struct Contexts(Vec<u32>);

impl Contexts {
    /// At the beginning of a sequence.
    pub(super) fn start() -> Self {
        Self(vec![0])
    }
}

/// A set of symbols that is emptied in one step.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    marks: Vec<u64>,
    mark: u64,
    symbols: Vec<u32>,
}

impl Seen {
    fn clear(&mut self) {
        self.mark += 1;
        self.symbols.clear();
    }

    fn contains(&self, symbol: u32) -> bool {
        self.marks.get(symbol as usize) == Some(&self.mark)
    }

    fn insert(&mut self, symbol: u32) {
        let place = symbol as usize;
        if self.marks.len() <= place {
            self.marks.resize(place + 1, 0);
        }
        self.marks[place] = self.mark;
        self.symbols.push(symbol);
    }

    /// The symbols in it.
    pub(super) fn symbols(&self) -> &[u32] {
        &self.symbols
    }
}

/// What the contexts say of a symbol.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Prediction {
    /// A context has seen it: −ln of its probability.
    Seen(f64),
    /// No context has: −ln of the probability that it is none of those that were seen.
    New(f64),
}

impl Trie {
    /// Without any counts, for contexts of at most `order` symbols.
    pub(super) fn new(order: usize) -> Self {
        Self { nodes: vec![Vec::new()], order }
    }

    /// The prediction of a symbol (`None`: of one that no context can have seen), from the longest of the contexts downwards.
    ///
    /// Escape method C (Moffat 1990): in a context that was followed by `q` different symbols, a symbol that followed it `c` times
    /// has `c / (n + q)`, and the escape to the next shorter context `q / (n + q)`. With exclusion (Cleary and Witten 1984): the
    /// symbols of a longer context, and those that are not `possible`, are left out of `n`. Afterwards `seen` holds what the
    /// contexts that were escaped from have seen and is possible.
    pub(super) fn predict(
        &self,
        contexts: &Contexts,
        order: usize,
        symbol: Option<u32>,
        possible: impl Fn(u32) -> bool,
        seen: &mut Seen,
    ) -> Prediction {
        seen.clear();
        let mut escapes = 0.0;
        for &node in contexts.0.iter().take(order + 1).rev() {
            let entries = &self.nodes[node as usize];
            if entries.is_empty() {
                continue;
            }
            let different = entries.len() as f64;
            let (mut total, mut count) = (different, 0);
            for entry in entries.iter().filter(|e| !seen.contains(e.symbol) && possible(e.symbol)) {
                total += f64::from(entry.count);
                if Some(entry.symbol) == symbol {
                    count = entry.count;
                }
            }
            if count > 0 {
                return Prediction::Seen(escapes + (total / f64::from(count)).ln());
            }
            escapes += (total / different).ln();
            for entry in entries {
                if !seen.contains(entry.symbol) && possible(entry.symbol) {
                    seen.insert(entry.symbol);
                }
            }
        }
        Prediction::New(escapes)
    }

    /// Counts a symbol in all contexts that it follows, and moves them on; `log` gets what [`Self::take_back`] needs.
    pub(super) fn learn(&mut self, contexts: &mut Contexts, symbol: u32, log: &mut Vec<Counted>) {
        let mut next = vec![0];
        for (length, &node) in contexts.0.iter().enumerate() {
            let new = self.nodes.len() as u32;
            let entries = &mut self.nodes[node as usize];
            let place = entries.iter().position(|entry| entry.symbol == symbol);
            let entry = place.unwrap_or_else(|| {
                let longer = if length < self.order { new } else { 0 };
                entries.push(Entry { symbol, count: 0, longer });
                entries.len() - 1
            });
            entries[entry].count += 1;
            let longer = entries[entry].longer;
            if longer == new {
                self.nodes.push(Vec::new());
            }
            if longer > 0 {
                next.push(longer);
            }
            log.push(Counted { node, entry });
        }
        contexts.0 = next;
    }

    /// Moves contexts on without counting; those that were never seen end there.
    pub(super) fn follow(&self, contexts: &mut Contexts, symbol: Option<u32>) {
        let longer = |node: &u32| {
            let mut entries = self.nodes[*node as usize].iter();
            entries.find(|entry| Some(entry.symbol) == symbol).map(|entry| entry.longer)
        };
        let known = contexts.0.iter().map_while(longer).filter(|&longer| longer > 0);
        contexts.0 = std::iter::once(0).chain(known).collect();
    }

    /// Takes back what was learnt last, as the log has it.
    pub(super) fn take_back(&mut self, log: Vec<Counted>) {
        for Counted { node, entry } in log.into_iter().rev() {
            let entries = &mut self.nodes[node as usize];
            entries[entry].count -= 1;
            // What was counted last was added last, and so were its longer contexts.
            if entries[entry].count == 0 && entries.pop().is_some_and(|entry| entry.longer > 0) {
                self.nodes.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    /// The word that papers on PPM explain it with (such as Cleary and Teahan 1997), by hand, order 2: after "ra" came c; after "a" came
    /// b twice, c and d; in all there are a 5 times, b 2, c 1, d 1, r 2. Escapes count the different symbols, excluded ones too.
    #[test]
    fn abracadabra_has_the_probabilities_of_method_c_with_exclusion() {
        let (mut trie, mut contexts) = (Trie::new(2), Contexts::start());
        let letters: Vec<u32> = "abracadabra".bytes().map(u32::from).collect();
        letters.iter().for_each(|&letter| trie.learn(&mut contexts, letter, &mut Vec::new()));
        let mut seen = Seen::default();
        let mut of = |letter: char| trie.predict(&contexts, 2, Some(letter as u32), |_| true, &mut seen);
        let expect = |found, probability: f64| match found {
            Prediction::Seen(nats) | Prediction::New(nats) => {
                assert_abs_diff_eq!(f64::exp(-nats), probability, epsilon = 1e-12);
            }
        };
        expect(of('c'), 1.0 / 2.0);
        expect(of('d'), 1.0 / 2.0 * 1.0 / 6.0);
        expect(of('t'), 1.0 / 2.0 * 3.0 / 6.0 * 5.0 / 12.0);
        assert!(matches!(of('t'), Prediction::New(_)) && matches!(of('d'), Prediction::Seen(_)));
        of('t');
        assert_eq!(seen.symbols().len(), 5);
        // After the escape, c is excluded from what followed "a"; then b and d as well.
        let mut of = |letter: char| trie.predict(&contexts, 2, Some(letter as u32), |_| true, &mut seen);
        expect(of('b'), 1.0 / 2.0 * 2.0 / 6.0);
        expect(of('r'), 1.0 / 2.0 * 3.0 / 6.0 * 2.0 / 12.0);
    }

    #[test]
    fn what_was_learnt_can_be_taken_back() {
        let (mut trie, mut contexts) = (Trie::new(3), Contexts::start());
        [1, 2, 3, 1, 2, 4].iter().for_each(|&s| trie.learn(&mut contexts, s, &mut Vec::new()));
        let before = format!("{trie:?}");
        let (mut contexts, mut log) = (Contexts::start(), Vec::new());
        [1, 2, 5, 5, 5, 1, 2, 3].iter().for_each(|&s| trie.learn(&mut contexts, s, &mut log));
        assert_ne!(format!("{trie:?}"), before);
        trie.take_back(log);
        assert_eq!(format!("{trie:?}"), before);
    }
}
