//! The study of gradient flow as text: the table, and the data as CSV.

use super::flow::{bars, common_loss, factor};
use crate::charts::cell_name;
use composer_bptt::Cell;
use composer_studies::gradient_flow::{Observation, Quartiles, Study, decay, horizon};
use std::fmt::Write;

/// What was observed of each cell, before and after training.
pub fn moments(found: &Study) -> impl Iterator<Item = (Cell, &'static str, &Observation)> {
    found
        .cells
        .iter()
        .flat_map(|cell| [(cell.cell, "before", &cell.before), (cell.cell, "after", &cell.after)])
}

/// The table that is printed.
pub fn table(found: &Study, bar: usize) -> String {
    let mut text = format!(
        "\n{:<16}{:<11}{:>9}{:>13}{:>10}{:>14}{:>14}\n",
        "cell", "gradient", "per step", "after 4 bars", "σ step", "σ bar^(1/n)", "note reach"
    );
    for (cell, moment, seen) in moments(found) {
        let Some(decay) = decay(&seen.state, bar) else { continue };
        let _ = writeln!(
            text,
            "{:<16}{:<11}{:>9.3}{:>13}{:>10.2}{:>14.3}{:>14}",
            format!("{} {moment}", cell_name(cell)),
            decay.assessment.to_string(),
            decay.rate,
            factor(decay.left),
            seen.growth_step.median,
            seen.growth_bar.median,
            bars(horizon(&seen.input), bar)
        );
    }
    let target = common_loss(found);
    for cell in &found.cells {
        let updates = cell.learning.updates_to(target);
        let _ = writeln!(
            text,
            "{:<16}{} units, {} parameters, {:.1} ms per update, best {:.3} nats per step, {target:.2} {}",
            cell_name(cell.cell),
            cell.hidden,
            cell.parameters,
            cell.learning.ms_per_update(),
            cell.learning.best(),
            updates.map_or("not reached".into(), |updates| format!("after {updates} updates"))
        );
    }
    text
}

/// Norms over distance.
pub fn distances_csv(found: &Study) -> String {
    let mut text =
        String::from("cell,moment,layer,quantity,steps_back,lower_quartile,median,upper_quartile\n");
    let mut add = |head: String, norms: &[Quartiles]| {
        for (steps, q) in norms.iter().enumerate() {
            let _ = writeln!(text, "{head},{steps},{},{},{}", q.lower, q.median, q.upper);
        }
    };
    for (cell, moment, seen) in moments(found) {
        add(format!("{cell},{moment},all,state"), &seen.state);
        add(format!("{cell},{moment},all,input"), &seen.input);
        for (layer, flow) in seen.layers.iter().enumerate() {
            add(format!("{cell},{moment},{layer},h"), &flow.d_h);
            add(format!("{cell},{moment},{layer},c"), &flow.d_c);
            for (gate, norms) in cell.gates().iter().zip(&flow.d_gates) {
                let same: Vec<_> =
                    norms.iter().map(|&n| Quartiles { lower: n, median: n, upper: n }).collect();
                add(format!("{cell},{moment},{layer},gate {gate}"), &same);
            }
        }
    }
    text
}

/// Gate activations over time.
pub fn gates_csv(found: &Study) -> String {
    let mut text = String::from("cell,moment,layer,gate,step,share_below_0.1,share_above_0.9,mean\n");
    for (cell, moment, seen) in moments(found) {
        for (layer, flow) in seen.layers.iter().enumerate() {
            for gate in &flow.activity {
                for (t, mean) in gate.mean.iter().enumerate() {
                    let (below, above) = (gate.below[t], gate.above[t]);
                    let _ =
                        writeln!(text, "{cell},{moment},{layer},{},{t},{below},{above},{mean}", gate.gate);
                }
            }
        }
    }
    text
}

/// The norm of each parameter's gradient at each update.
pub fn training_csv(found: &Study) -> String {
    let mut text = String::from("cell,update,train_nll,parameter,gradient_norm\n");
    for cell in &found.cells {
        let updates = cell.learning.gradients.iter().zip(&cell.learning.train_nll);
        for (update, (norms, nll)) in updates.enumerate() {
            for (name, norm) in cell.learning.parameters.iter().zip(norms) {
                let _ = writeln!(text, "{},{},{nll},{name},{norm}", cell.cell, update + 1);
            }
        }
    }
    text
}
