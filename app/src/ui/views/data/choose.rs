//! Where a file comes in.
//!
//! Does: a drop zone, a button, sample data; what the file needs and what the browser gives before anything is read;
//! progress and cancel; what happens to a file, for those who have none yet.
//! Does not know: what is in files.
//! Flow: person → **files** → worker.

use leptos::html::Input;
use leptos::prelude::*;
use web_sys::{DragEvent, FileList};

use super::found;
use crate::checks;
use crate::own_data::{capital, size, thousands};
use crate::protocol::data::{Ask, Plan};
use crate::ui::effects::data::{ask, look, read};
use crate::ui::effects::worker;
use crate::ui::state::store::{Phase, use_store};

/// Generated cells of each condition in the sample.
const SAMPLE_CELLS: u32 = 32;

/// The files of a list.
fn files(list: Option<FileList>) -> Vec<web_sys::File> {
    list.map(|list| (0..list.length()).filter_map(|at| list.get(at)).collect()).unwrap_or_default()
}

#[component]
pub(super) fn Choose() -> impl IntoView {
    let store = use_store();
    let input = NodeRef::<Input>::new();
    let (over, set_over) = signal(false);
    let busy = move || store.phase.with(|phase| *phase != Phase::Idle);
    // A file may be chosen while the model is loading: it waits.
    let closed = move || store.phase.with(|phase| !matches!(phase, Phase::Idle | Phase::Loading { .. }));
    let has_cells = move || store.data.summary.with(Option::is_some);
    let drop = move |event: DragEvent| {
        event.prevent_default();
        set_over.set(false);
        look(store, files(event.data_transfer().and_then(|data| data.files())));
    };
    // A file that misses the zone must not take the place of the page.
    let over_page = window_event_listener(leptos::ev::dragover, |event| event.prevent_default());
    let on_page = window_event_listener(leptos::ev::drop, |event| event.prevent_default());
    on_cleanup(move || {
        over_page.remove();
        on_page.remove();
    });
    let chosen = move |_| {
        if let Some(input) = input.get_untracked() {
            look(store, files(input.files()));
            // The same file can be chosen again.
            input.set_value("");
        }
    };
    let sample = move |_| {
        let Some((mut request, _)) = store.requests() else { return };
        request.cells = request.cells.min(SAMPLE_CELLS);
        store.data.plan.set(None);
        store.data.clear();
        let job = store.begin_job("writing sample cells");
        ask(store, Ask::Sample { job, request });
    };
    view! {
        <section class="panel own-choose" aria-labelledby="own-title">
            <h2 id="own-title">"Your data"</h2>
            <div class="drop" class:over=move || over.get() data-testid="drop"
                on:dragover=move |event: DragEvent| { event.prevent_default(); set_over.set(true); }
                on:dragleave=move |_| set_over.set(false)
                on:drop=drop>
                <p class="drop-title">"Drop a file of single cells here"</p>
                <p class="note">".h5ad, .h5mu, .loom, 10x .h5, a table of counts (.csv, .tsv, .txt), all packed as .gz or not, or matrix.mtx(.gz) together with its genes and barcodes"</p>
                <div class="drop-actions">
                    <label class="file-button" class:off=busy>
                        "Choose files"
                        <input type="file" multiple node_ref=input data-testid="data-files" disabled=closed
                            accept=".h5ad,.h5mu,.h5,.hdf5,.loom,.mtx,.tsv,.csv,.txt,.tab,.gct,.gz" on:change=chosen/>
                    </label>
                    <button class="quiet" data-testid="data-sample" disabled=busy on:click=sample>
                        "Try sample data: generated cells of two conditions"
                    </button>
                </div>
                <p class="private">"It never leaves this computer: the file is read here, in this page. There is no server."</p>
            </div>
            <Announced/>
            <found::FoundIn/>
            <found::Corrected/>
            <Working/>
            <Show when=move || !has_cells()><Teach/></Show>
        </section>
    }
}

/// What the file needs, before the work.
#[component]
fn Announced() -> impl IntoView {
    let store = use_store();
    let waits = move || store.data.summary.with(Option::is_none) && store.phase.with(|phase| *phase == Phase::Idle);
    let words = |plan: &Plan| {
        format!(
            "{}: {} cells × {} genes, {} stored values ({}, {}). It needs about {} of memory here; the browser gives about {}.",
            plan.title,
            thousands(plan.cells.into()),
            thousands(plan.genes.into()),
            thousands(plan.stored),
            plan.kind,
            size(plan.bytes),
            size(plan.needs),
            size(plan.has)
        )
    };
    let verdict = |plan: &Plan| match (plan.fits(), plan.sample) {
        (true, _) => "It fits. Reading takes a while; it can be stopped at any time.",
        (false, 0) => {
            "It does not fit, nor does a part of it: make a subset of fewer genes in scanpy, save it, and choose that file."
        }
        (false, _) => {
            "It does not fit as a whole. Take a random sample of its cells, or save a subset in scanpy (adata[mask].write_h5ad) and choose that file."
        }
    };
    let shown = move || {
        store.data.plan.get().map(|plan| {
            let (fits, most) = (plan.fits(), plan.sample.min(plan.cells));
            let start = if fits { most.min(20_000) } else { most };
            let count = RwSignal::new(start);
            let said = RwSignal::new(String::new());
            let take = move |event| match checks::number("Cells of the sample", &event_target_value(&event), 1, most.max(1)) {
                Ok(number) => {
                    said.set(String::new());
                    count.set(number);
                }
                Err(sentence) => said.set(format!("{sentence} It stays {}.", count.get_untracked())),
            };
            view! {
                <div class="announced" class:refused=!fits role="status">
                    <p data-testid="data-plan">{words(&plan)}</p>
                    <div hidden=move || !waits()>
                        <p>{verdict(&plan)}</p>
                        <div class="drop-actions">
                            <button class="primary" data-testid="data-read" hidden=!fits on:click=move |_| read(store, None)>
                                "Read all cells"
                            </button>
                            <label class="inline" hidden=most == 0>"A random sample of "
                                <input type="number" min="1" max=most data-testid="data-part" prop:value=move || count.get().to_string() on:change=take/>
                                " cells "
                            </label>
                            <button data-testid="data-read-part" hidden=most == 0 on:click=move |_| read(store, Some(count.get_untracked()))>
                                "Read the sample"
                            </button>
                        </div>
                        <p class="wrong" role="status" data-testid="data-part-told" hidden=move || said.with(String::is_empty)>{move || said.get()}</p>
                        <p class="note" hidden=most == 0>"The sample is drawn with the page's seed: the same seed gives the same cells."</p>
                    </div>
                </div>
            }
        })
    };
    view! { {shown} }
}

/// Progress of this view's work.
#[component]
fn Working() -> impl IntoView {
    let store = use_store();
    // A prediction shows its progress beside its own button.
    let share = move || match store.phase.get() {
        _ if store.data.what_if.is_working() => None,
        Phase::Running { share, .. } | Phase::Loading { share, .. } => Some(share),
        _ => None,
    };
    let words = move || match store.phase.get() {
        Phase::Loading { stage, share } => format!("Loading the model: {stage} ({:.0} %)", 100.0 * share),
        Phase::Running { what, share, seconds_left } => {
            let left = seconds_left.map_or_else(String::new, |seconds| format!(", about {:.0} s left", seconds.ceil()));
            format!("{}: {:.0} %{left}", capital(&what), 100.0 * share)
        }
        Phase::Lost | Phase::Refused => "The model is not running.".to_owned(),
        Phase::Idle => String::new(),
    };
    view! {
        <div class="progress" hidden=move || share().is_none()>
            <p data-testid="data-progress" aria-live="polite">{words}</p>
            <progress max="1" value=move || share().unwrap_or(0.0) aria-label="Progress"></progress>
            <button data-testid="data-cancel" hidden=move || !store.is_running() on:click=move |_| worker::cancel(store)>"Cancel"</button>
        </div>
    }
}

/// What happens to a file.
#[component]
fn Teach() -> impl IntoView {
    view! {
        <div class="teach">
            <div>
                <h3>"What happens"</h3>
                <ol>
                    <li>"The file's header tells how much memory it needs before anything is read."</li>
                    <li>"Its cells are placed on the model's fixed map, among the measured cells."</li>
                    <li>"Colour them by any label or gene; choose two groups by label or by drawing on the map."</li>
                    <li>"Every gene is tested between the groups; the groups are compared with the cells that the model generates."</li>
                    <li>"What if? The model predicts what a perturbation would do to your own cells."</li>
                    <li>"Save map positions, tables and cells. “Remove” frees the memory."</li>
                </ol>
            </div>
            <div>
                <h3>"What is read"</h3>
                <dl>
                    <dt>".h5ad, .h5mu"</dt><dd>"AnnData (any version) and MuData, stored by cells or by genes. Counts are looked for in X, layers and raw and checked on cells from all over the file. Log-normalised expression can be read too, but supports fewer analyses"</dd>
                    <dt>".h5"</dt><dd>"10x Genomics, Cell Ranger 2 and later, and CellBender; gene expression only, one genome or all"</dd>
                    <dt>".mtx(.gz)"</dt><dd>"with features.tsv or genes.tsv and barcodes.tsv (10x, STARsolo), or Parse's all_genes.csv and cell_metadata.csv, chosen together in any order"</dd>
                    <dt>".loom"</dt><dd>"genes in rows, with their attributes (Gene, Accession, CellID); the best of its layers"</dd>
                    <dt>".csv, .tsv, .txt(.gz)"</dt><dd>"dense tables of counts with genes in rows or in columns: names of genes, barcodes or sizes tell which, and the page says so. Columns of texts become labels or names of genes"</dd>
                </dl>
                <p class="note">"Genes are matched by symbol (ISG15). If the index holds identifiers (Ensembl), symbols are taken from the column that holds them, whatever it is called."</p>
            </div>
        </div>
    }
}
