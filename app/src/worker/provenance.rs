//! What made a run (DESIGN.md, decision 8), and the commands that repeat it.
//!
//! Does: lists bundle, conditions, settings, seeds, device and version; writes one `wellplate sample` for each
//! scenario and seed.
//! Does not know: cells.
//! Flow: a run's choices → **entries** → methods, CSV, h5ad.

use model::card::{Choices, Kind};

use super::made::Made;
use super::session::Session;
use crate::origin;
use crate::protocol::{Provenance, Request, Scenario};

/// KEY=VALUE of every value; several of a key stand one after the other.
fn pairs(request: &Request) -> Vec<String> {
    let of_key = |(key, values): (&String, &Vec<String>)| {
        values.iter().map(|value| format!("{key}={value}")).collect::<Vec<_>>()
    };
    request.with.iter().flat_map(of_key).collect()
}

/// GENE=COUNT of the held genes.
fn held(request: &Request) -> String {
    request.clamp.iter().map(|(gene, count)| format!("{gene}={count}")).collect::<Vec<_>>().join("; ")
}

/// The command that makes one scenario's cells of one seed.
fn command(session: &Session, choices: &Choices, seed: u64, out: &str) -> String {
    let mut command = format!("wellplate sample --bundle assets/models/{}", session.bundle.card.name);
    for (key, values) in &choices.with {
        values.iter().for_each(|value| command.push_str(&format!(" --with \"{key}={value}\"")));
    }
    choices.clamp.iter().for_each(|(gene, count)| command.push_str(&format!(" --clamp \"{gene}={count}\"")));
    let Choices { guidance, steps, cells, .. } = choices;
    command + &format!(" --guidance {guidance} --steps {steps} --cells {cells} --seed {seed} --out {out}.h5ad")
}

/// The commands of a run: what was asked for first, then what it was compared with.
fn commands(session: &Session, made: &Made, replicates: u64) -> Vec<String> {
    let order = [Scenario::Perturbed, Scenario::Control, Scenario::Other, Scenario::OtherControl];
    let parts = order.into_iter().filter_map(|scenario| Some((scenario, made.parts.get(&scenario)?)));
    parts
        .flat_map(|(scenario, part)| {
            let of_seed = move |replicate: u64| {
                let (seed, name) = (part.choices.seed + replicate, made.name(scenario));
                let out = if replicates > 1 { format!("{name}-{seed}") } else { name.to_owned() };
                command(session, &part.choices, seed, &out)
            };
            (0..replicates).map(of_seed)
        })
        .collect()
}

/// What made a run. `asked` are the scenarios A and B.
pub(crate) fn of(session: &Session, asked: &[Option<Request>; 2], made: &Made, replicates: u64) -> Provenance {
    let mut entries = vec![
        ("kind".to_owned(), "generated".to_owned()),
        ("bundle".to_owned(), session.bundle.card.name.clone()),
        ("bundle_sha256".to_owned(), session.bundle.hash.clone()),
    ];
    let mut add = |key: &str, value: String| entries.push((key.to_owned(), value));
    let key = session.bundle.card.of_kind(Kind::Perturbation).map(|condition| condition.key.as_str());
    // The page's card knows how to say it; one that cannot be read has not been opened.
    let shown = crate::protocol::card::Card::read(&session.json).ok();
    for (request, ending) in asked.iter().zip(["", "_b"]) {
        let Some(request) = request else { continue };
        if let Some(words) = shown.as_ref().and_then(|card| origin::of_request(card, request)) {
            add(&format!("training_origin{ending}"), words);
        }
        add(&format!("conditions{ending}"), pairs(request).join("; "));
        add(&format!("clamp{ending}"), held(request));
        if key.and_then(|key| request.with.get(key)).is_some_and(|values| values.len() > 1) {
            let words = "the differences that the perturbations make are added: an extrapolation";
            add(&format!("composed{ending}"), words.to_owned());
        }
    }
    let first = asked.iter().flatten().next();
    let guided = made.parts.values().map(|part| part.choices.guidance).fold(0.0, f32::max);
    add("guidance", guided.to_string());
    add("steps", first.map_or(0, |request| request.steps).to_string());
    add("cells", first.map_or(0, |request| request.cells).to_string());
    add("seed", first.map_or(0, |request| request.seed).to_string());
    add("replicates", replicates.to_string());
    add("device", format!("{} ({})", session.report.kind, session.report.name));
    add("version", env!("CARGO_PKG_VERSION").to_owned());
    // One line, as the comments of a CSV file need it; a shell runs them one after the other.
    add("command", commands(session, made, replicates).join(" && "));
    Provenance { entries }
}
