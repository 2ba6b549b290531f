//! [`Shards`]: the micro-shards of a batch that one rank computes, and their sum over all ranks.

use crate::config::TrainingConfig;
use crate::distributed::tree::{TreeSum, leaves_of};
use crate::distributed::{self, Communicator, Shard};
use crate::error::Error;
use crate::trainable::Trainable;
use composer_bptt::divergence::Breakdown;
use composer_models::streams::{Purpose, stream};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::borrow::Cow;
use std::ops::Range;

/// The batches of a training: one for the whole batch, or one for each micro-shard that this rank computes.
pub(crate) struct Shards<'a, M: Trainable> {
    ranks: &'a dyn Communicator,
    /// Micro-shards of a batch; 0: a batch is computed whole.
    count: usize,
    /// The first of this rank.
    first: usize,
    own: Vec<M::Batches>,
    /// Which of them has the scratch.
    scratch: usize,
    tree: TreeSum,
    /// Random streams of a batch that is computed whole, which go on through an epoch.
    whole: Streams,
}

/// What is drawn in an update.
struct Streams {
    dropout: ChaCha8Rng,
    sampling: ChaCha8Rng,
}

/// Numbers of 32 bits between the draws of two updates: many more than an update takes.
const UPDATE: u32 = 36;

impl Streams {
    /// Of an epoch.
    fn of_epoch(seed: u64, epoch: u64) -> Self {
        let of = |purpose| stream(seed, purpose, epoch);
        Self { dropout: of(Purpose::Dropout), sampling: of(Purpose::ScheduledSampling) }
    }

    /// Of a micro-shard in an update (from 0) of an epoch: a function of these numbers alone, so that it does not matter which rank
    /// computes it, or what it computed before.
    fn of_shard(seed: u64, epoch: u64, update: usize, shard: usize) -> Self {
        let of = |purpose| {
            let mut rng = stream(seed, purpose, (shard as u64 + 1) << 32 | epoch & 0xffff_ffff);
            rng.set_word_pos((update as u128) << UPDATE);
            rng
        };
        Self { dropout: of(Purpose::Dropout), sampling: of(Purpose::ScheduledSampling) }
    }
}

/// What is carried from batch to batch: a record as JSON, and buffers.
pub(crate) type State<'s> = (Value, Vec<Cow<'s, [f32]>>);

/// Where a training is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// From 1.
    pub epoch: u64,
    /// In the epoch, from 0.
    pub update: usize,
    /// Scheduled sampling: probability of a true input.
    pub truth: f64,
}

/// What the micro-shards of a rank carry from batch to batch, on its way to rank 0.
struct Carried {
    record: Value,
    buffers: Vec<Vec<f32>>,
}

impl<'a, M: Trainable> Shards<'a, M> {
    /// The share of a rank.
    ///
    /// # Errors
    /// There are more ranks than micro-shards.
    pub fn new(model: &M, config: &TrainingConfig, ranks: &'a dyn Communicator) -> Result<Self, Error> {
        let (count, size) = (config.micro_shards, ranks.size());
        config.check_ranks(size)?;
        let own = leaves_of(ranks.rank(), count.max(1), size);
        let shard = |index| model.batches(config, Shard { index, count: count.max(1) });
        Ok(Self {
            ranks,
            count,
            first: own.start,
            own: own.map(shard).collect(),
            scratch: 0,
            tree: TreeSum::new(count.max(1), config.gradient_type),
            whole: Streams::of_epoch(config.seed, 0),
        })
    }

    /// The ranks that train together.
    pub fn ranks(&self) -> &'a dyn Communicator {
        self.ranks
    }

    /// Begins the random streams of an epoch.
    pub fn begin_streams(&mut self, seed: u64, epoch: u64) {
        self.whole = Streams::of_epoch(seed, epoch);
    }

    /// Places in the random streams, for a checkpoint; micro-shards have none.
    pub fn positions(&self) -> [u64; 2] {
        // 2^64 words of one stream are more than any epoch draws.
        [&self.whole.dropout, &self.whole.sampling].map(|rng| rng.get_word_pos() as u64)
    }

    /// Takes them back.
    pub fn set_positions(&mut self, [dropout, sampling]: [u64; 2]) {
        self.whole.dropout.set_word_pos(u128::from(dropout));
        self.whole.sampling.set_word_pos(u128::from(sampling));
    }

    /// Plans an epoch; how many updates it has.
    pub fn plan(
        &mut self,
        model: &M,
        examples: &[M::Example],
        copies: usize,
        config: &TrainingConfig,
        epoch: u64,
    ) -> usize {
        let plan = |batches| model.plan(batches, examples, copies, config, epoch);
        self.own.iter_mut().map(plan).max().unwrap_or(0)
    }

    /// Forgets what is carried from batch to batch.
    pub fn reset_state(&mut self, model: &M) {
        self.own.iter_mut().for_each(|batches| model.reset_state(batches));
    }

    /// The batch of one of the micro-shards of this rank, with the scratch of the one before.
    fn with_scratch(&mut self, at: usize) -> &mut M::Batches {
        if self.scratch != at
            && let Ok([from, to]) = self.own.get_disjoint_mut([self.scratch, at])
        {
            M::pass_scratch(from, to);
        }
        self.scratch = at;
        &mut self.own[at]
    }

    /// Lays out the batch of an update, samples its inputs, and computes gradients: the model's are then those of the mean over the
    /// target steps of the whole batch. Returns the loss in nats, summed over them; if it is not finite, gradients are not used.
    ///
    /// # Errors
    /// An example does not fit the model, or a rank has ended.
    pub fn gradients(
        &mut self,
        model: &mut M,
        examples: &[M::Example],
        config: &TrainingConfig,
        place: Place,
    ) -> Result<f64, Error> {
        model.params_mut().zero_grad();
        if self.count == 0 {
            let (batches, rng) = (&mut self.own[0], &mut self.whole);
            return gradients_of(model, batches, examples, config, place, rng);
        }
        for at in 0..self.own.len() {
            let shard = self.first + at;
            let mut rng = Streams::of_shard(config.seed, place.epoch, place.update, shard);
            let nats = gradients_of(model, self.with_scratch(at), examples, config, place, &mut rng)?;
            self.tree.push(shard, model.params().grads(), nats);
            model.params_mut().zero_grad();
            if !nats.is_finite() {
                // It makes the sum of all ranks not finite, and the scratch shows where it began.
                (shard + 1..self.first + self.own.len())
                    .for_each(|rest| self.tree.push(rest, model.params().grads(), 0.0));
                break;
            }
        }
        self.tree.finish(self.ranks, model.params_mut().grads_mut())
    }

    /// Target steps of the whole batch.
    pub fn target_steps(&self) -> usize {
        self.own.first().map_or(0, |batches| M::target_steps(batches))
    }

    /// −ln P of some examples in nats per target step, without dropout. With micro-shards, each computes as many of the examples, and
    /// the sums are added in their order.
    ///
    /// # Errors
    /// An example does not fit the model, or a rank has ended.
    pub fn mean_nll(
        &mut self,
        model: &M,
        examples: &[M::Example],
        config: &TrainingConfig,
    ) -> Result<f64, Error> {
        if self.count == 0 {
            return model.mean_nll(&mut self.own[0], examples, config);
        }
        let mut nats = Vec::with_capacity(self.own.len());
        for at in 0..self.own.len() {
            let part = Shard { index: self.first + at, count: self.count }.rows(examples.len());
            let part = &examples[part];
            nats.push(match steps::<M>(part) {
                0 => 0.0,
                steps => model.mean_nll(self.with_scratch(at), part, config)? * steps as f64,
            });
        }
        let all = distributed::gather(self.ranks, bytemuck::cast_slice(&nats).to_vec())?;
        let sum: f64 = all
            .iter()
            .flat_map(|bytes| bytes.as_chunks::<8>().0)
            .map(|&bytes| f64::from_ne_bytes(bytes))
            .sum();
        let sum = distributed::share(self.ranks, sum.to_le_bytes().to_vec())?;
        let sum = sum.first_chunk().map_or(f64::NAN, |bytes| f64::from_le_bytes(*bytes));
        Ok(sum / steps::<M>(examples).max(1) as f64)
    }

    /// What is carried from batch to batch, at rank 0 that of all, for a checkpoint.
    ///
    /// # Errors
    /// It cannot be written as JSON, or a rank has ended.
    pub fn state(&self) -> Result<State<'_>, Error> {
        if self.count == 0 {
            let (record, buffers) = M::state(&self.own[0])?;
            return Ok((record, buffers.into_iter().map(Cow::Borrowed).collect()));
        }
        let json = |error: serde_json::Error| Error::Checkpoint(error.to_string());
        let mut message = Vec::new();
        for batches in &self.own {
            let (record, buffers) = M::state(batches)?;
            let lengths: Vec<usize> = buffers.iter().map(|buffer| buffer.len()).collect();
            let head = serde_json::to_vec(&(record, lengths)).map_err(json)?;
            message.extend_from_slice(&(head.len() as u64).to_le_bytes());
            message.extend_from_slice(&head);
            buffers.iter().for_each(|buffer| message.extend_from_slice(bytemuck::cast_slice(buffer)));
        }
        let (mut records, mut all) = (Vec::new(), Vec::new());
        for message in distributed::gather(self.ranks, message)? {
            for Carried { record, buffers } in read_carried(&message)? {
                records.push(serde_json::to_value((record, buffers.len())).map_err(json)?);
                all.extend(buffers.into_iter().map(Cow::Owned));
            }
        }
        Ok((Value::Array(records), all))
    }

    /// Takes back what [`state`](Self::state) gave, of which each rank reads its share.
    ///
    /// # Errors
    /// It is of another model.
    pub fn restore_state(&mut self, model: &M, record: &Value, buffers: &[Vec<f32>]) -> Result<(), Error> {
        if self.count == 0 {
            return model.restore_state(&mut self.own[0], record, buffers);
        }
        let no = || Error::Checkpoint("the state in it is of another training".to_owned());
        let records: Vec<(Value, usize)> = serde_json::from_value(record.clone()).map_err(|_| no())?;
        if records.len() != self.count {
            return Err(no());
        }
        let own = self.first..self.first + self.own.len();
        let mut rest = buffers;
        for (shard, (record, count)) in records.iter().enumerate() {
            let (buffers, behind) = rest.split_at_checked(*count).ok_or_else(no)?;
            if own.contains(&shard) {
                model.restore_state(&mut self.own[shard - self.first], record, buffers)?;
            }
            rest = behind;
        }
        if rest.is_empty() { Ok(()) } else { Err(no()) }
    }

    /// After gradients that are not finite: the first gate or state that is not, if it is in a micro-shard of this rank.
    ///
    /// # Errors
    /// As for [`Trainable::first_breakdown`].
    pub fn first_breakdown(
        &mut self,
        model: &M,
        config: &TrainingConfig,
    ) -> Result<Option<(&'static str, Breakdown)>, Error> {
        model.first_breakdown(&mut self.own[self.scratch], config)
    }
}

/// The gradients of one batch or micro-shard; none where no music is left in it.
fn gradients_of<M: Trainable>(
    model: &mut M,
    batches: &mut M::Batches,
    examples: &[M::Example],
    config: &TrainingConfig,
    place: Place,
    rng: &mut Streams,
) -> Result<f64, Error> {
    model.fill(batches, examples, config, place.update)?;
    if M::is_empty(batches) {
        return Ok(0.0);
    }
    model.sample_inputs(batches, examples, config, place.truth, &mut rng.sampling)?;
    model.gradients(batches, config, &mut rng.dropout)
}

/// Target steps of some examples.
fn steps<M: Trainable>(examples: &[M::Example]) -> usize {
    examples.iter().map(M::steps).sum()
}

/// Reads the message of a rank.
fn read_carried(message: &[u8]) -> Result<Vec<Carried>, Error> {
    let no = || Error::Rank("the state of another rank cannot be read".to_owned());
    let (mut rest, mut all) = (message, Vec::new());
    let take = |rest: &mut &[u8], bytes: usize| -> Result<Range<usize>, Error> {
        let start = message.len() - rest.len();
        *rest = rest.get(bytes..).ok_or_else(no)?;
        Ok(start..start + bytes)
    };
    while !rest.is_empty() {
        let length = take(&mut rest, 8)?;
        let length = message[length].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let head = take(&mut rest, length as usize)?;
        let (record, lengths): (Value, Vec<usize>) =
            serde_json::from_slice(&message[head]).map_err(|_| no())?;
        let mut buffers = Vec::with_capacity(lengths.len());
        for length in lengths {
            let bytes = take(&mut rest, 4 * length)?;
            let numbers = message[bytes].as_chunks::<4>().0.iter();
            buffers.push(numbers.map(|bytes| f32::from_ne_bytes(*bytes)).collect());
        }
        all.push(Carried { record, buffers });
    }
    Ok(all)
}
