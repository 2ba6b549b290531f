//! Exercise 3: a gradient with a mistake in one line.

/// One unit, `h_t = tanh(w_ih x_t + w_hh h_{t−1})`, with the loss `½ Σ (h_t − target_t)²`: its states and its loss.
pub fn forward(w_ih: f64, w_hh: f64, h_0: f64, x: &[f64], target: &[f64]) -> (Vec<f64>, f64) {
    let (mut h, mut states, mut loss) = (h_0, Vec::new(), 0.0);
    for (x, target) in x.iter().zip(target) {
        h = (w_ih * x + w_hh * h).tanh();
        loss += 0.5 * (h - target) * (h - target);
        states.push(h);
    }
    (states, loss)
}

/// The gradient of the loss with respect to `w_ih`, `w_hh` and `h_0`.
pub fn backward(w_hh: f64, h_0: f64, x: &[f64], target: &[f64], states: &[f64]) -> [f64; 3] {
    // Exercise: one line below is wrong. Run the test, and read which gradient it names.
    let (mut d_w_ih, mut d_w_hh, mut d_h_prev) = (0.0, 0.0, 0.0);
    for t in (0..x.len()).rev() {
        let h_prev = if t == 0 { h_0 } else { states[t - 1] };
        let d_h = states[t] - target[t] + d_h_prev;
        let d_a = d_h * (1.0 - states[t] * states[t]);
        d_w_ih += d_a * x[t];
        d_w_hh += d_a * states[t];
        d_h_prev = d_a * w_hh;
        let _ = h_prev;
    }
    [d_w_ih, d_w_hh, d_h_prev]
}
