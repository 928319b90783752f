//! Full screen: what the wizard knows, drawn. Start with `screen.rs`; one file per region, its plan in its first lines.
//!
//! Drawing has its own thread and reads a published `Arc<Wizard>`; keys go to the driver as `Input::Key`. Styles come from
//! the theme by role, keys from the wizard's own declaration.

mod fields;
mod footer;
mod guide;
mod header;
mod install;
mod keys;
mod list;
mod mapping;
mod over;
mod panels;
mod pick;
mod plan;
mod run;
mod screen;
mod secrets;
mod story;
mod summary;
mod target;
mod tasks;
mod terminal;
mod theme;
mod too_small;
mod wrap;

pub use run::run;
pub use screen::draw;
pub use terminal::Terminal;
pub use theme::{Ground, Theme};

use landfall_core::wizard::Wizard;

/// What every region draws from.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The state.
    pub wizard: &'a Wizard,
    /// How roles look.
    pub theme: Theme,
    /// Which frame of the spinner.
    pub spin: usize,
}
