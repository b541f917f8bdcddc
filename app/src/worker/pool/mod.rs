//! Helpers that write cells beside this worker, each on a core of its own.
//!
//! Does: starts them once the first cells are there or nothing else is to be done, gives them the program and the bundle
//! that are in memory already, keeps them busy while a job goes on, does without those that are lost.
//! Does not know: what cells are for (`making` and `rewriting` are how others use it), who writes which (`crate::pool::turns`).
//! Flow: bundle → **helpers** ⇄ batches → cells.

pub(super) mod making;
pub(super) mod member;
mod messages;
mod one;
pub(super) mod rewriting;
pub(super) mod start;

use std::cell::RefCell;
use std::rc::Rc;

use gloo::timers::future::TimeoutFuture;
use js_sys::Reflect;
use model::card::Choices;
use model::rewrite::part::Rewritten;
use wasm_bindgen::JsValue;

use super::outbox::{scope, send};
use crate::faults::is_asked;
use crate::pool::size::{self, Facts};
use crate::pool::turns::{Batch, Turns};
use crate::pool::{LEAD, Who};
use crate::protocol::{Array, FromWorker};
use messages::{FromMember, ToMember};
use one::Member;
use start::Start;

/// Milliseconds that are waited for a helper's next step before it counts as lost. Some browsers end a worker without a
/// word; a guided batch of the largest bundle takes some seconds a step on a slow phone.
const PATIENCE: f64 = 60_000.0;

/// Milliseconds between two looks at what the others have done, when this worker has nothing left to do.
const LOOK: u32 = 10;

/// Cells that a worker wrote.
enum Cells {
    /// From nothing but conditions.
    Drawn {
        /// Tokens in panel order [n, G].
        tokens: Vec<u16>,
        /// Condition tokens of each [C].
        labels: Vec<Vec<i32>>,
    },
    /// From measured cells.
    Rewritten(Rewritten),
}

/// What is to be written.
enum Work {
    /// Cells of choices, those of each task.
    Draw(Vec<Choices>),
    /// Measured cells under another condition: one task.
    Rewrite(Rc<Start>),
}

/// What helpers are given.
struct Files {
    json: Vec<u8>,
    weights: Vec<u8>,
}

/// Cells that are being written.
struct Job {
    number: u32,
    turns: Turns<Cells>,
    work: Work,
}

struct State {
    /// Bundle for helpers that are still to be started; nothing once all have it.
    files: Option<Files>,
    members: Vec<Member>,
    /// Helpers that were ended. They are dropped later: one of their listeners may be what ended them.
    gone: Vec<Member>,
    /// Helpers that were started so far.
    started: Who,
    job: Option<Job>,
    jobs: u32,
}

/// The helpers of a bundle, and the job that they work on. They end with it.
pub(crate) struct Pool(Rc<RefCell<State>>);

/// A part of this worker's address that a test or a measurement put there (`#workers=1`).
fn switch(name: &str) -> Option<String> {
    let hash = scope().location().hash();
    let mut pairs = hash.trim_start_matches('#').split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// What the browser tells of the computer.
fn facts() -> Facts {
    let get = |object: &JsValue, key: &str| Reflect::get(object, &key.into()).unwrap_or_default();
    let navigator = get(&js_sys::global(), "navigator");
    let number = |key: &str| get(&navigator, key).as_f64();
    Facts {
        cores: number("hardwareConcurrency").unwrap_or(1.0) as usize,
        memory: number("deviceMemory").map(|gib| gib * 1_073_741_824.0),
    }
}

/// Workers that there should be; `bytes` is what a helper was measured to hold.
fn wanted(bytes: Option<f64>) -> usize {
    size::workers(facts(), bytes, switch("workers").and_then(|number| number.parse().ok()))
}

impl Pool {
    /// A pool without helpers, for good: the GPU does not share its work with cores.
    pub(crate) fn alone() -> Self {
        Self::of(None)
    }

    /// A pool of a bundle's card and weights; its helpers are started by [`Pool::start`].
    pub(crate) fn new(json: Vec<u8>, weights: Vec<u8>) -> Self {
        Self::of((wanted(None) > 1).then_some(Files { json, weights }))
    }

    fn of(files: Option<Files>) -> Self {
        let (members, gone) = (Vec::new(), Vec::new());
        Self(Rc::new(RefCell::new(State { files, members, gone, started: 0, job: None, jobs: 0 })))
    }

    /// Whether there are helpers to be started.
    pub(crate) fn is_waiting(&self) -> bool {
        let state = self.0.borrow();
        state.files.is_some() && state.started == 0
    }

    /// Starts the first helper, if it is time; it tells what one holds, and so how many there can be.
    pub(crate) fn start(&self) {
        if self.is_waiting() {
            self.add();
        }
    }

    /// Starts a helper. Where the browser does not let a worker start another one there is none.
    fn add(&self) {
        let who = {
            let mut state = self.0.borrow_mut();
            state.started += 1;
            LEAD + state.started
        };
        let pool = Rc::downgrade(&self.0);
        let hear = move |heard: Option<(FromMember, Vec<Array>)>| {
            if let Some(state) = pool.upgrade() {
                Self(state).hear(who, heard);
            }
        };
        let member = Member::start(who, hear);
        let mut state = self.0.borrow_mut();
        match member {
            Some(member) => state.members.push(member),
            None => state.files = None,
        }
    }

    /// Takes a helper's message; none when the browser says that it is gone.
    fn hear(&self, who: Who, heard: Option<(FromMember, Vec<Array>)>) {
        let more = self.0.borrow_mut().hear(who, heard);
        (0..more).for_each(|_| self.add());
    }

    /// Begins a job; what is left of an earlier one is forgotten.
    fn begin(&self, turns: Turns<Cells>, work: Work) {
        let mut state = self.0.borrow_mut();
        state.gone.clear();
        state.jobs += 1;
        state.job = Some(Job { number: state.jobs, turns, work });
    }

    /// Ends the job; helpers stop at their next step.
    fn end(&self) {
        self.0.borrow_mut().end();
    }

    /// Something of the turns of the job in work; they have nothing left when there is none.
    fn turns<R>(&self, ask: impl FnOnce(&mut Turns<Cells>) -> R) -> Option<R> {
        self.0.borrow_mut().job.as_mut().map(|job| ask(&mut job.turns))
    }

    /// The next batch for this worker; helpers get theirs after it.
    fn hand_out(&self) -> Option<Batch> {
        let mut state = self.0.borrow_mut();
        let own = state.job.as_mut().and_then(|job| job.turns.hand_out(LEAD));
        state.feed();
        own
    }

    /// Waits for what the others do.
    async fn wait(&self) {
        TimeoutFuture::new(LOOK).await;
        self.waited(f64::from(LOOK));
    }

    /// Notes that this worker waited for the others; one of which nothing is heard for too long is given up.
    fn waited(&self, milliseconds: f64) {
        let mut state = self.0.borrow_mut();
        let busy = state.members.iter_mut().filter(|member| !member.has.is_empty());
        let silent = busy.filter_map(|member| {
            member.silence += milliseconds;
            (member.silence > PATIENCE).then_some(member.who)
        });
        let silent: Vec<Who> = silent.collect();
        silent.into_iter().for_each(|who| state.lose(who));
    }
}

impl State {
    /// Takes a message; how many helpers are to be started now.
    fn hear(&mut self, who: Who, heard: Option<(FromMember, Vec<Array>)>) -> usize {
        let Some(place) = self.members.iter().position(|member| member.who == who) else { return 0 };
        let (Some((message, arrays)), member) = (heard, &mut self.members[place]) else {
            self.lose(who);
            return 0;
        };
        member.silence = 0.0;
        match message {
            FromMember::Started => {
                if let Some(files) = &self.files {
                    let arrays = [Array::U8(files.json.clone()), Array::U8(files.weights.clone())];
                    member.post(&ToMember::Load, &arrays);
                }
            }
            FromMember::Ready { bytes } => {
                member.bytes = Some(bytes);
                return self.is_ready(who, bytes);
            }
            FromMember::Stepped { job, batch, share } => self.advance(who, (job, batch), share),
            FromMember::Made { job, batch, labels } => {
                let tokens = arrays.into_iter().next().map(Array::u16).unwrap_or_default();
                self.finish(who, (job, batch), |_| Some(Cells::Drawn { tokens, labels }));
            }
            FromMember::Rewritten { job, batch } => self.finish(who, (job, batch), |work| match work {
                Work::Rewrite(start) => Some(Cells::Rewritten(start::of_arrays(arrays, start.genes()))),
                Work::Draw(_) => None,
            }),
            // What it had is written by others; what it could not do is told when they cannot either.
            FromMember::Failed { .. } => self.lose(who),
        }
        0
    }

    /// Takes finished cells, unless their job is over; the helper gets others.
    fn finish(&mut self, who: Who, (job, batch): (u32, Batch), cells: impl FnOnce(&Work) -> Option<Cells>) {
        if let Some(own) = self.job.as_mut().filter(|own| own.number == job) {
            let member = self.members.iter_mut().find(|member| member.who == who);
            member.into_iter().for_each(|member| member.has.retain(|own| *own != batch));
            if let Some(cells) = cells(&own.work) {
                own.turns.finish(who, batch, cells);
            }
        }
        self.feed();
    }

    /// A helper can write cells. The first one tells how many more are to be started.
    fn is_ready(&mut self, who: Who, bytes: f64) -> usize {
        let all = wanted(Some(bytes));
        if all < 2 {
            self.files = None;
            self.lose(who);
            return 0;
        }
        let more = if self.started == 1 { all - 2 } else { 0 };
        if more == 0 {
            self.let_files_go();
        }
        self.tell();
        self.feed();
        more
    }

    /// Lets the bundle's files go once all helpers have read them.
    fn let_files_go(&mut self) {
        if self.members.iter().all(|member| member.bytes.is_some()) {
            self.files = None;
        }
    }

    /// Notes a step, unless a test asked for a helper that is lost in the middle of its cells.
    fn advance(&mut self, who: Who, (job, batch): (u32, Batch), share: f64) {
        if let Some(own) = self.job.as_mut().filter(|own| own.number == job) {
            own.turns.advance(who, batch, share);
        }
        if who == LEAD + 1 && is_asked(&scope().location().hash(), "lose-member") {
            self.lose(who);
        }
    }

    /// Hands batches to helpers. Each has one in work and one at hand, so that it need not wait until this worker has made
    /// its step; near the end only one, so that nobody waits for a batch that has not begun.
    fn feed(&mut self) {
        let Some(job) = &mut self.job else { return };
        let ready = self.members.iter().filter(|member| member.bytes.is_some()).count();
        for depth in 1..=2 {
            for member in self.members.iter_mut().filter(|member| member.bytes.is_some()) {
                let is_near_end = depth > 1 && job.turns.left() <= ready + 1;
                if member.has.len() >= depth || is_near_end {
                    continue;
                }
                let Some(batch) = job.turns.hand_out(member.who) else { return };
                member.has.push(batch);
                match &job.work {
                    Work::Draw(choices) => {
                        let choices = choices[batch.task].clone();
                        member.post(&ToMember::Make { job: job.number, batch, choices }, &[]);
                    }
                    Work::Rewrite(start) => {
                        let (message, array) = start.asked(job.number, batch);
                        member.post(&message, &[array]);
                    }
                }
            }
        }
    }

    /// Goes on without a helper.
    fn lose(&mut self, who: Who) {
        let Some(place) = self.members.iter().position(|member| member.who == who) else { return };
        let member = self.members.remove(place);
        member.end();
        self.gone.push(member);
        if let Some(job) = &mut self.job {
            job.turns.lose(who);
        }
        self.let_files_go();
        self.tell();
        self.feed();
    }

    fn end(&mut self) {
        let Some(job) = self.job.take() else { return };
        for member in self.members.iter_mut().filter(|member| !member.has.is_empty()) {
            member.has.clear();
            member.post(&ToMember::Cancel { job: job.number }, &[]);
        }
    }

    /// Tells the page how many workers there are.
    fn tell(&self) {
        let ready = self.members.iter().filter(|member| member.bytes.is_some()).count();
        send(&FromWorker::Workers { workers: ready as u32 + 1 }, &[]);
    }
}
