//! The window's title: what is open, and how far it is.
//!
//! Does: puts view and progress into a few words, the changing part first, since tabs are narrow.
//! Does not know: the document.
//! Flow: view + run → **title**.

use crate::history::view_name;
use crate::state::View;

/// How it stands with the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
    /// Nothing is in work.
    Quiet,
    /// Something is being loaded; share done.
    Loading(f64),
    /// A run is in work; share done.
    Running(f64),
    /// Results are there.
    Done,
    /// Something failed.
    Failed,
}

/// The title. Whole percents, so that it does not change more often than is read.
pub fn title(view: View, standing: Standing) -> String {
    let percent = |share: f64| (100.0 * share.clamp(0.0, 1.0)).floor();
    let place = format!("{} · Wellplate", view_name(view));
    match standing {
        Standing::Quiet => place,
        Standing::Loading(_) => format!("Loading · {place}"),
        Standing::Running(share) => format!("{:.0} % · {place}", percent(share)),
        Standing::Done => format!("✓ {place}"),
        Standing::Failed => format!("! {place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Standing, title};
    use crate::state::View;

    #[test]
    fn the_title_says_where_and_how_far() {
        assert_eq!(title(View::Explore, Standing::Quiet), "Explore · Wellplate");
        assert_eq!(title(View::Model, Standing::Running(0.509)), "50 % · Model card · Wellplate");
        assert_eq!(title(View::Data, Standing::Running(7.0)), "100 % · Data · Wellplate");
        assert_eq!(title(View::Learn, Standing::Loading(0.5)), "Loading · Learn · Wellplate");
        assert_eq!(title(View::Explore, Standing::Done), "✓ Explore · Wellplate");
        assert_eq!(title(View::Plate, Standing::Failed), "! Plate · Wellplate");
    }
}
