//! What the table of genes is sorted by.
//!
//! Does: columns and directions, and what a click on a column's head makes of them.
//! Does not know: numbers.
//! Flow: person's clicks → **order** → rows.

/// What the table can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Column {
    /// Symbol.
    Gene,
    /// log2 fold change.
    Change,
    /// Difference of mean log-normalised expression.
    Difference,
    /// p-value.
    P,
    /// q-value.
    #[default]
    Q,
    /// Mean of control cells.
    Control,
    /// Mean of perturbed cells.
    Perturbed,
    /// Measured difference.
    Measured,
}

impl Column {
    /// Whether a first click sorts the largest to the top.
    pub fn largest_first(self) -> bool {
        !matches!(self, Self::Gene | Self::P | Self::Q)
    }
}

/// A column and a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Column.
    pub column: Column,
    /// Whether the largest stands first.
    pub descending: bool,
}

impl Order {
    /// The order after a click on a column's head.
    pub fn clicked(self, column: Column) -> Self {
        let descending = if self.column == column { !self.descending } else { column.largest_first() };
        Self { column, descending }
    }
}
