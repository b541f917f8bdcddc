//! Names of genes, brought when they are asked for.
//!
//! Does: keeps the names in step with the open bundle: its own, and the site's list of its species, which is fetched when
//! a view first asks for a name.
//! Does not know: what names mean (`crate::gene_names`), what is done with a gene.
//! Flow: card + `genes/*.tsv` → **names** → state.

use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use crate::gene_links::HUMAN;
use crate::gene_names::{GeneNames, file_of};
use crate::ui::state::store::Store;

/// A text of the site.
async fn fetched(address: &str) -> Result<String, String> {
    let why = |error: wasm_bindgen::JsValue| format!("{error:?}");
    let response = JsFuture::from(window().fetch_with_str(address)).await.map_err(why)?;
    let response: Response = response.dyn_into().map_err(why)?;
    if !response.ok() {
        return Err(format!("the server answered {}", response.status()));
    }
    let text = JsFuture::from(response.text().map_err(why)?).await.map_err(why)?;
    text.as_string().ok_or_else(|| "it is no text".to_owned())
}

/// Keeps the names in step with the open bundle.
pub(in crate::ui) fn keep(store: Store) {
    let own = store.gene_names;
    let list = StoredValue::new(None::<(&'static str, Arc<str>)>);
    let species = Memo::new(move |_| species_of(store));
    Effect::new(move |_| {
        let (species, wanted) = (species.get(), own.wanted.get());
        let bundled = store.card.with(|card| card.as_ref().map(|card| GeneNames::of_bundle(&card.gene_names)));
        let bundled = bundled.unwrap_or_default();
        own.names.set(Arc::new(bundled.clone()));
        own.missing.set(None);
        let Some(address) = species.as_deref().and_then(file_of).filter(|_| wanted) else { return };
        let add = move |text: &str| match bundled.with(text) {
            Ok(names) => own.names.set(Arc::new(names)),
            Err(why) => own.missing.set(Some(format!("{address} cannot be used: {why}."))),
        };
        if let Some((_, text)) = list.get_value().filter(|(known, _)| *known == address) {
            return add(&text);
        }
        leptos::task::spawn_local(async move {
            let text = fetched(address).await;
            // Another bundle may have been opened meanwhile.
            if untrack(|| species_of(store)).as_deref().and_then(file_of) != Some(address) {
                return;
            }
            match text {
                Ok(text) => {
                    list.set_value(Some((address, text.as_str().into())));
                    add(&text);
                }
                Err(why) => own.missing.set(Some(format!("Names and synonyms could not be loaded ({why})."))),
            }
        });
    });
}

/// Species of the open bundle.
fn species_of(store: Store) -> Option<String> {
    store.card.with(|card| card.as_ref().map(|card| card.species.clone().unwrap_or_else(|| HUMAN.to_owned())))
}
