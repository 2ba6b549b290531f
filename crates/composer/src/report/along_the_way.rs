//! The part of the report on the way to the model: gradient norms, learning rate, and what it wrote while it learnt.

use super::{Report, curves};
use maud::{Markup, PreEscaped, html};

impl Report<'_> {
    pub(super) fn along_the_way(&self) -> anyhow::Result<Markup> {
        let epochs = &self.trained.outcome.epochs;
        Ok(html! {
            section {
                h2 { "Along the way" }
                figure { (PreEscaped(curves::gradient_norms(epochs)?)) figcaption { "Norm of the gradient in each layer, before clipping; mean of an epoch." } }
                figure { (PreEscaped(curves::learning_rate(epochs)?)) figcaption { "Learning rate at the end of each epoch." } }
                @for sample in &self.trained.samples { (sample.figure()) }
            }
        })
    }
}
