//! Generated cells beside cells that training never saw, as populations.
//!
//! Does: compares the trained test bundle with cells that a recipe sets aside, and what a card says of it.
//! Does not know: how likeness is measured (`cells/tests`).
//! Flow: bundle + recipe + cells → **populations** → card.

use model::sample::Effort;
use train_native::data::parts;
use train_native::evaluate::Settings;
use train_native::evaluate::crowd::{crowd, line};
use train_native::generate::read_bundle;
use train_native::recipe::Recipe;
use train_native::train::RECIPE;

use crate::pipeline::trained;

#[test]
fn control_cells_set_aside_are_compared_with_as_many_generated_ones() {
    let bundle = read_bundle(&trained().bundle, &burn::tensor::Device::flex()).unwrap();
    let mut recipe = Recipe::read(&trained().run.join(RECIPE)).unwrap();
    let settings = Settings { guidance: 0.0, steps: 4, seed: 1, most: 8, times: 2, effort: Effort::CPU, sets: None };
    // Nothing was set aside, so there is nothing to compare with.
    assert!(crowd(&bundle, &trained().cells, &recipe, None, &settings).unwrap().is_none());
    recipe.training.validation = 200;
    let (training, aside) = parts(&trained().cells, &recipe).unwrap();
    assert_eq!(aside.len(), 200);
    assert!(aside.iter().all(|cell| !training.contains(cell)));
    let condition = trained().cells.label("condition").unwrap();
    let controls = aside.iter().filter(|cell| condition.text(**cell).as_deref() == Some("control")).count();

    let found = crowd(&bundle, &trained().cells, &recipe, None, &settings).unwrap().unwrap();
    assert_eq!(found.generated.len(), controls / 2);
    let made = found.generated.label("condition").unwrap();
    assert!((0..found.generated.len()).all(|cell| made.text(cell).as_deref() == Some("control")));
    let said = line(&found.title, &found.crowd.measures);
    assert_eq!((said.title.as_str(), said.cells), ("Control cells set aside from training", controls / 2));
    let of = |name: &str| said.measures.iter().find(|own| own.name.starts_with(name)).unwrap().clone();
    // Means of 96 genes over some sixty cells of a model that learned them; the other half shows what noise leaves.
    let pearson = of("Pearson");
    assert!(pearson.generated.unwrap() > 0.95 && pearson.ceiling.unwrap() > 0.95, "{pearson:?}");
    let copies = of("exact copies");
    assert_eq!(copies.generated, Some(0.0), "generated cells are no copies of training cells");
}
