//! Inputs: what the guide asks, in groups; questions come and go with the answers they depend on.

use super::{Field, Line};

/// Fields with a selection, and one of them perhaps being edited. Target and Inputs are both this.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// All of them, wanted or not, in the guide's order.
    pub all: Vec<Field>,
    /// The selected one: an index into `all`, always a wanted one.
    pub at: usize,
    /// What is being done with the selected one.
    pub editing: Option<Editing>,
}

/// How a field is being answered.
#[derive(Clone, Debug)]
pub enum Editing {
    /// By typing.
    Line(Line),
    /// By choosing from its choices or its table; the selected row, and the rows ticked where several can be.
    Pick {
        /// The selected row.
        at: usize,
        /// Rows ticked.
        ticked: Vec<usize>,
        /// Only rows that contain this are shown.
        filter: String,
    },
    /// Rows of columns: the cell being typed.
    Cells {
        /// Cells typed so far, a row each.
        rows: Vec<Vec<Line>>,
        /// Row.
        row: usize,
        /// Column.
        column: usize,
    },
}

impl Fields {
    /// The selected field.
    pub fn selected(&self) -> Option<&Field> {
        self.all.get(self.at).filter(|field| field.wanted)
    }

    /// Wanted fields with their index.
    pub fn wanted(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.all.iter().enumerate().filter(|(_, field)| field.wanted)
    }

    /// Wanted fields that keep the stage from being finished.
    pub fn open(&self) -> impl Iterator<Item = &Field> {
        self.wanted().map(|(_, field)| field).filter(|field| !field.settled())
    }
}
