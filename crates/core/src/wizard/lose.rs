//! Would leaving an editor lose what cannot be typed again at a glance? Rows of cells, and a secret. Then Esc asks once.

use super::{Editing, Fields, Line, Mode, SecretEditing, Stage, Wizard, fields::cells};

impl Wizard {
    /// What the person is told before it is thrown away; none where nothing was typed.
    pub(super) fn would_lose(&self, mode: Mode) -> Option<&'static str> {
        let rows = match self.stage {
            Stage::Target => &self.target.fields,
            _ => &self.inputs,
        };
        match (mode, &self.secrets.editing) {
            (Mode::Cells, _) if rows.are_rows_changed() => {
                Some("Esc again throws these rows away; Enter in an empty last row takes them")
            }
            (Mode::Typing, Some(SecretEditing::Value(line))) if self.stage == Stage::Secrets && !line.is_empty() => {
                Some("Esc again throws away what was typed; Enter takes it")
            }
            _ => None,
        }
    }
}

impl Fields {
    /// Whether the rows being typed are others than those that were there.
    fn are_rows_changed(&self) -> bool {
        fn texts(rows: &[Vec<Line>]) -> Vec<Vec<&str>> {
            let filled = rows.iter().filter(|cells| !cells.iter().all(Line::is_empty));
            filled.map(|cells| cells.iter().map(Line::text).collect()).collect()
        }
        let (Some(Editing::Cells { rows, .. }), Some(field)) = (&self.editing, self.selected()) else { return false };
        texts(rows) != texts(&cells(field))
    }
}
