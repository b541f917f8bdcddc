//! The two dialogs: the keyboard map, and what the page looks like.
//!
//! Does: shows them as the browser's own modal dialogs, which keep the focus inside, close with Escape and give the
//! focus back.
//! Does not know: what shortcuts do, how looks are kept.
//! Flow: `?` or a button → **dialog** → looks.

use leptos::ev::MouseEvent;
use leptos::html::Dialog;
use leptos::prelude::*;
use plots::PALETTES;

use super::frame::Shell;
use crate::history::view_name;
use crate::shortcuts::{Action, IN_VIEWS, SHORTCUTS};
use crate::state::VIEWS;
use crate::ui::state::looks::WANTED;
use crate::ui::state::store::use_store;

/// A modal dialog that a signal opens; Escape, its button and a click beside it close it.
#[component]
fn Sheet(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Its name, and the beginning of its parts' names.
    id: &'static str,
    /// Its heading.
    title: &'static str,
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        match (open.get(), dialog.open()) {
            // It is in the document and not open: nothing that could fail.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    let beside = move |event: MouseEvent| {
        // What is clicked inside is a child; the dialog itself is only hit beside its content.
        let (hit, own) = (event.target(), event.current_target());
        if hit.is_some() && hit == own {
            open.set(false);
        }
    };
    let heading = format!("{id}-title");
    let named = heading.clone();
    view! {
        <dialog node_ref=node class="sheet" data-testid=id aria-labelledby=named
            on:close=move |_| open.set(false) on:click=beside>
            <div class="sheet-body">
                <div class="bar">
                    <h2 id=heading>{title}</h2>
                    <button data-testid=format!("{id}-close") on:click=move |_| open.set(false)>"Close"</button>
                </div>
                {children()}
            </div>
        </dialog>
    }
}

/// A line of the keyboard map.
fn line(keys: &'static str, words: String) -> impl IntoView {
    let keys: Vec<_> = keys.split(' ').map(|key| view! { <kbd>{key}</kbd>" " }).collect();
    view! { <div><dt>{keys}</dt><dd>{words}</dd></div> }
}

/// The keyboard map.
#[component]
pub(super) fn Shortcuts(shell: Shell) -> impl IntoView {
    let letters = use_store().looks.letters;
    let of = |opens: bool| -> Vec<_> {
        let wanted = SHORTCUTS.iter().filter(|own| matches!(own.action, Action::Open(_)) == opens);
        wanted.map(|own| line(own.shown, own.words.to_owned())).collect()
    };
    let in_views: Vec<_> = VIEWS
        .into_iter()
        .filter_map(|(view, _)| {
            let own = IN_VIEWS.iter().filter(|own| own.0 == view);
            let lines: Vec<_> = own.map(|(_, part, keys, words)| line(keys, format!("{part}: {words}"))).collect();
            let title = format!("In {}", view_name(view));
            (!lines.is_empty()).then(|| view! { <section><h3>{title}</h3><dl class="keys">{lines}</dl></section> })
        })
        .collect();
    view! {
        <Sheet open=shell.help id="shortcuts" title="Keyboard">
            <p class="note">"Tab goes from one control to the next, Enter and Space press it. Letters and digits work wherever nothing is being typed; on a Mac, Cmd stands for Ctrl."</p>
            <p class="note" data-testid="single-keys-off" hidden=move || letters.get()>"Shortcuts of single keys are switched off; Looks switches them on."</p>
            <div class="sections">
                <section><h3>"Views"</h3><dl class="keys">{of(true)}</dl></section>
                <section><h3>"Anywhere"</h3><dl class="keys">{of(false)}</dl></section>
                {in_views}
            </div>
        </Sheet>
    }
}

/// What the page looks like.
#[component]
pub(super) fn Settings(shell: Shell) -> impl IntoView {
    let looks = use_store().looks;
    let themes: Vec<_> = WANTED
        .into_iter()
        .map(|(wanted, key, name)| {
            view! {
                <label class="option">
                    <input type="radio" name="theme" value=key data-testid=format!("theme-{key}")
                        prop:checked=move || looks.wanted.get() == wanted on:change=move |_| looks.want(wanted)/>
                    {name}
                </label>
            }
        })
        .collect();
    let palettes: Vec<_> = PALETTES
        .into_iter()
        .map(|(palette, key, name)| {
            view! {
                <label class="option">
                    <input type="radio" name="palette" value=key data-testid=format!("palette-{key}")
                        prop:checked=move || looks.palette.get() == palette on:change=move |_| looks.paint_with(palette)/>
                    {name}
                    <span class="swatches" data-palette=key aria-hidden="true"><i></i><i></i><i></i><i></i><i></i><i></i></span>
                </label>
            }
        })
        .collect();
    let keys = move |_| {
        shell.settings.set(false);
        shell.help.set(true);
    };
    view! {
        <Sheet open=shell.settings id="settings" title="Looks and keys">
            <fieldset class="options"><legend>"Theme"</legend>{themes}</fieldset>
            <fieldset class="options"><legend>"Colours of figures; colour-blind readers can tell each set apart"</legend>{palettes}</fieldset>
            <fieldset class="options"><legend>"Keyboard"</legend>
                <label class="option">
                    <input type="checkbox" data-testid="single-keys" prop:checked=move || looks.letters.get()
                        on:change=move |event| looks.hear_letters(event_target_checked(&event))/>
                    "Shortcuts of single keys (letters, digits, / and ?)"
                </label>
            </fieldset>
            <p class="note">"Kept in this browser. Exported figures are drawn on white, in the colours chosen here."</p>
            <button data-testid="settings-keys" on:click=keys>"Keyboard shortcuts"</button>
        </Sheet>
    }
}
