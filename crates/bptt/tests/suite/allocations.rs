//! After the first step, a training step allocates nothing; a probe takes memory only where it is attached.

use composer_bptt::arrays::view;
use composer_bptt::{
    Cell, Init, Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent, RecurrentConfig,
    RecurrentWorkspace, State, loss,
};
use composer_tensor::allocations::{Allocated, CountingAllocator, count};
use composer_testkit::alone;
use ndarray::Array3;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn counted(run: impl FnMut()) -> Allocated {
    count(run).1.expect("the allocator counts")
}

/// Whatever else the process allocates, for another test or for threads that come and go, would be counted too.
#[test]
fn memory_is_taken_once_and_only_for_what_is_asked() {
    alone("allocations::memory_is_taken_once_and_only_for_what_is_asked", memory);
}

fn memory() {
    let pools =
        [1, 2].map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads"));
    for pool in &pools {
        pool.install(|| Cell::ALL.into_iter().for_each(a_step_after_the_first_allocates_nothing));
    }
    pools[0].install(|| Cell::ALL.into_iter().for_each(a_probe_takes_memory_only_where_it_is_attached));
}

fn a_step_after_the_first_allocates_nothing(cell: Cell) {
    let (steps, batch, features, hidden) = (20, 30, 12, 16);
    let config =
        RecurrentConfig { cell, input: features, hidden, layers: 2, dropout: 0.1, ..Default::default() };
    let mut params = Parameters::<f32>::new();
    let stack = Recurrent::new(config.clone(), "rnn", &mut params).expect("the sizes are right");
    let linear = Linear::new(hidden, features, true, "out", &mut params).expect("the sizes are right");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    stack.init(&mut params, &Init::PYTORCH, &mut rng);
    linear.init(&mut params, &Init::PYTORCH, &mut rng);
    let (x, y) = (vec![0.5; steps * batch * features], vec![1.0; steps * batch * features]);
    let (x, y) = (view((steps, batch, features), &x), view((steps, batch, features), &y));
    let (mut logits, mut d_hidden) = (y.to_owned(), Array3::zeros((steps, batch, hidden)));
    let (mut ws, mut linear_ws) = (RecurrentWorkspace::new(), LinearWorkspace::new());
    let mut state = State::zeros(&config, batch);
    let mut step = || {
        let input = Input::Dense(x);
        let mode = Mode::Train { rng: &mut rng };
        stack.forward(&params, input, &mut state, None, mode, &mut ws).expect("fits");
        linear.forward(&params, ws.output(), logits.view_mut(), &mut linear_ws).expect("fits");
        loss::sigmoid_cross_entropy(logits.view_mut(), y, None, 1e-3).expect("fits");
        params.zero_grad();
        let d_x = Some(d_hidden.view_mut());
        linear.backward(&mut params, ws.output(), logits.view(), d_x, &mut linear_ws).expect("fits");
        stack.backward(&mut params, input, d_hidden.view(), None, &mut ws).expect("fits");
        let (values, grads) = params.split();
        values.iter_mut().zip(grads).for_each(|(value, &grad)| *value -= 0.1 * grad);
    };
    assert!(counted(&mut step).count > 0, "the counter counts");
    // A thread that the system starts late takes memory for itself, once; a step that allocates does so every time.
    let later: Vec<Allocated> = (0..5).map(|_| counted(|| (0..3).for_each(|_| step()))).collect();
    assert!(
        later.contains(&Allocated::default()),
        "{cell} on {} threads, three steps, five times: {later:?}",
        rayon::current_num_threads()
    );
}

fn a_probe_takes_memory_only_where_it_is_attached(cell: Cell) {
    let (steps, batch, hidden) = (20, 30, 16);
    let config = RecurrentConfig { cell, input: 3, hidden, ..Default::default() };
    let mut params = Parameters::<f32>::new();
    let stack = Recurrent::new(config.clone(), "", &mut params).expect("the sizes are right");
    let (x, d_output) = (Array3::from_elem((steps, batch, 3), 0.5), Array3::ones((steps, batch, hidden)));
    let mut pass = |ws: &mut RecurrentWorkspace<f32>| {
        let (input, mut state) = (Input::Dense(x.view()), State::zeros(&config, batch));
        let mode = Mode::Eval;
        stack.forward(&params, input, &mut state, None, mode, ws).expect("fits");
        stack.backward(&mut params, input, d_output.view(), None, ws).expect("fits");
    };
    let bytes = |pass: &mut dyn FnMut()| counted(pass).bytes;
    let plain = bytes(&mut || pass(&mut RecurrentWorkspace::new()));
    let (mut probed, mut detached) = (RecurrentWorkspace::new(), RecurrentWorkspace::new());
    probed.attach_probe();
    detached.attach_probe();
    detached.detach_probe();
    assert_eq!(bytes(&mut || pass(&mut detached)), plain, "{cell}: detached is as if never attached");
    let records = (steps * batch * hidden * size_of::<f32>()) as u64;
    assert!(bytes(&mut || pass(&mut probed)) > plain + records, "{cell}: the counter sees a probe");
}
