//! The one reader on files of every form: one program, so that it is linked once.
//!
//! Does: holds the tests of forms, kinds, damaged files and the files of the field together.
//! Does not know: what is tested.

mod choices;
mod damaged;
mod forms;
mod kinds;
mod loom;
mod misleading;
mod support;
mod tables;
mod wild;
