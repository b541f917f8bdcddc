//! What this browser keeps of the site.
//!
//! Does: models with size and date, a way to remove each or all, the space that the browser gives, and
//! whether the page starts without a network.
//! Does not know: when files are kept (the worker decides).
//! Flow: shelf → **table** → person → shelf.

use std::collections::BTreeMap;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{StorageEstimate, StorageManager};

use crate::bundles::size_words;
use crate::shelf::Shelf;
use crate::ui::state::bundles::day;
use crate::ui::state::store::use_store;

/// What is kept of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    folder: String,
    bytes: u64,
    since: String,
}

/// What the browser keeps, or why it keeps nothing.
type Lines = Result<Vec<Line>, String>;

/// Reads the shelf.
async fn lines() -> Lines {
    let mut sums: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for kept in Shelf::open().await?.list().await {
        let sum = sums.entry(kept.folder).or_default();
        sum.0 += kept.bytes;
        sum.1 = sum.1.clone().max(day(&kept.kept_at));
    }
    Ok(sums.into_iter().map(|(folder, (bytes, since))| Line { folder, bytes, since }).collect())
}

/// Space that the site uses and may use, in bytes.
async fn space() -> Option<(f64, f64)> {
    let navigator = window().navigator();
    let manager = js_sys::Reflect::get(&navigator, &"storage".into()).ok()?;
    let asked = manager.dyn_into::<StorageManager>().ok()?.estimate().ok()?;
    let estimate: StorageEstimate = JsFuture::from(asked).await.ok()?.unchecked_into();
    Some((estimate.get_usage()?, estimate.get_quota()?))
}

#[component]
pub(super) fn Storage() -> impl IntoView {
    let store = use_store();
    let (kept, set_kept) = signal::<Option<Lines>>(None);
    let (used, set_used) = signal::<Option<(f64, f64)>>(None);
    let look = move || {
        leptos::task::spawn_local(async move {
            // The view may be gone by the time that the browser answers.
            let _ = set_kept.try_set(Some(lines().await));
            let _ = set_used.try_set(space().await);
        });
    };
    // Anew when the worker has kept something.
    Effect::new(move |_| {
        store.bundles.came.track();
        look();
    });
    let remove = Callback::new(move |folder: Option<String>| {
        leptos::task::spawn_local(async move {
            if let Ok(shelf) = Shelf::open().await {
                shelf.clear(folder.as_deref(), &[]).await;
            }
            look();
        });
    });
    let words = move || match (store.bundles.offline.get(), kept.get()) {
        (_, None) => "Asking the browser …".to_owned(),
        (_, Some(Err(why))) => format!("Nothing is kept: {why}. Models are downloaded at each visit."),
        (true, Some(Ok(lines))) if !lines.is_empty() => {
            "Ready for offline use: the page and the models below start without a network.".to_owned()
        }
        (true, Some(Ok(_))) => "The page starts without a network, but no model is kept.".to_owned(),
        (false, Some(Ok(_))) => {
            "Models below are not downloaded again. The page itself still needs the network.".to_owned()
        }
    };
    let space = move || {
        used.get().map(|(used, quota)| {
            let quota = size_words(quota as u64);
            // Some browsers do not say what is used.
            if used < 1.0 {
                format!("The browser grants this site up to {quota}.")
            } else {
                format!("This site uses {} of the {quota} that the browser grants it.", size_words(used as u64))
            }
        })
    };
    view! {
        <section class="panel" aria-labelledby="storage-title" data-testid="storage"
            data-offline=move || store.bundles.offline.get().to_string()>
            <h2 id="storage-title">"Kept in this browser"</h2>
            <p aria-live="polite" data-testid="storage-words">{words}</p>
            {move || kept.get().and_then(Result::ok).filter(|lines| !lines.is_empty()).map(|lines| view! { <Table lines remove/> })}
            <p class="note" data-testid="storage-space">{space}</p>
        </section>
    }
}

/// The kept models.
#[component]
fn Table(lines: Vec<Line>, remove: Callback<Option<String>>) -> impl IntoView {
    let store = use_store();
    let title = move |folder: &str| {
        let list = store.bundles.list.get();
        let entry = list.iter().find(|entry| entry.folder == folder && !entry.title.is_empty());
        entry.map_or_else(|| folder.to_owned(), |entry| entry.title.clone())
    };
    let rows: Vec<_> = lines
        .into_iter()
        .map(|Line { folder, bytes, since }| {
            let (name, id) = (title(&folder), format!("remove-{folder}"));
            let label = format!("Remove the kept copy of {name}");
            view! {
                <tr><th scope="row">{name}" "<small><code>{folder.clone()}</code></small></th><td>{size_words(bytes)}</td><td>{since}</td>
                    <td><button class="quiet" data-testid=id aria-label=label on:click=move |_| remove.run(Some(folder.clone()))>"Remove"</button></td></tr>
            }
        })
        .collect();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Models that this browser keeps">
            <table data-testid="kept">
                <thead><tr><th scope="col">"Model"</th><th scope="col">"Size"</th><th scope="col">"Kept on"</th><th scope="col"><span class="unseen">"Remove"</span></th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <div><button class="quiet" data-testid="remove-all" on:click=move |_| remove.run(None)>"Remove all"</button></div>
        <p class="note">"A model that is open goes on working after its copy is removed; it is downloaded again at the next visit."</p>
    }
}
