//! A log-linear regression of counts on labels, with library sizes as exposures.
//!
//! Does: fits one gene's mean in groups of cells that share all labels: log mean = intercept + an effect of every label
//! (donor, cell type, perturbation, and pairs such as cell type × perturbation), each held back by a normal prior of
//! its own strength; and the size of a negative binomial around these means.
//! Does not know: cells, networks, how strengths are chosen, threads: callers go through the genes.
//! Flow: counts summed over groups → **effects** → expected counts of any combination of labels; the start of a network
//! (train-native) and the regression that the referee compares with ([`crate::baselines`]).
//!
//! Sums over groups are all that a Poisson likelihood needs of cells with the same labels, so a fit costs groups × labels
//! and not cells. The likelihood is divided by the gene's dispersion (quasi-Poisson): a gene that varies more than a
//! Poisson does says less, and its effects are held back more.

mod adaptive;
mod design;
mod grouped;
mod regression;

pub use design::{Design, Factor, Fit, Sums};
pub use grouped::{Grouped, Role, Scheme};
pub use regression::{Adaptive, Regression, Strengths, leaves_donors_out};
