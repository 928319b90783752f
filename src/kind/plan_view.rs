//! What may planning look at, and what does the whole plan need?

use landfall_core::{
    clock::Span,
    event::{Host, Permissions},
    guide::Folder,
    plan::InstallId,
    value::{Scope, render_file},
};

use super::Target;

/// What planning may look at: no doors, no secrets.
pub struct PlanView<'a> {
    /// Where the install goes.
    pub target: &'a Target,
    /// Which install.
    pub install: &'a InstallId,
    /// The guide's files.
    pub files: &'a Folder,
    /// The names templates may read; step outputs may be unknown.
    pub scope: &'a Scope,
}

impl PlanView<'_> {
    /// Renders one of the guide's template files for people.
    pub fn template(&self, name: &str) -> String {
        match self.files.file(name) {
            Some(text) => render_file(self.scope, text).unwrap_or_else(|fault| format!("<{name}: {fault}>")),
            None => format!("<{name}>"),
        }
    }
}

/// What the whole plan needs, computed by the engine for checks that look at all of it.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Every permission of every step and check.
    pub permissions: Permissions,
    /// Every host somebody must reach.
    pub hosts: Vec<Host>,
    /// How long the longest step usually takes.
    pub longest_step: Option<Span>,
    /// Container images the plan will run.
    pub images: Vec<String>,
}
