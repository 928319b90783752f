//! Does every branch that answers can open render, fit its kind, and read only steps that are there?

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Fits, Found, SOME_ANSWERS,
    examples::{Examples, of_condition, of_tree},
    policy, tasks, texts,
};
use crate::{
    catalogue::Room,
    guide::{LoadedGuide, Task},
    value::{Document, References, Scope, SecretRef, openly_placed, render_file},
};

pub(super) fn look(loaded: &LoadedGuide, fits: Fits<'_>, known: &BTreeSet<String>, found: &mut Found<'_>) {
    let look = Look { loaded, fits, known, examples: Examples::of(&loaded.guide, &everything(loaded)) };
    for (section, room, list) in tasks::sections(loaded) {
        for (index, task) in list.iter().enumerate() {
            look.task(room, task, &format!("/{section}/{index}"), found);
        }
    }
    for (pointer, lookup, with) in tasks::lookups(loaded) {
        let roots = of_tree(with);
        for scope in look.examples.branches(&roots) {
            look.parameters(Room::Lookup, lookup, with, &pointer, &scope, found);
        }
    }
    look.words(found);
    look.unused_templates(found);
}

/// Every name that anything in the guide reads.
fn everything(loaded: &LoadedGuide) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    texts(loaded.document.value(), "", &mut |pointer, text| match pointer.rsplit('/').next() {
        Some("when" | "each" | "fails") => all.extend(of_condition(Some(text))),
        _ => all.extend(of_tree(&Value::String(text.to_owned()))),
    });
    for (_, text) in loaded.templates() {
        all.extend(of_tree(&Value::String(text.to_owned())));
    }
    all
}

struct Look<'a> {
    loaded: &'a LoadedGuide,
    fits: Fits<'a>,
    known: &'a BTreeSet<String>,
    examples: Examples<'a>,
}

impl Look<'_> {
    fn task(&self, room: Room, task: &Task, pointer: &str, found: &mut Found<'_>) {
        let mut roots = of_tree(&task.with);
        roots.extend(of_condition(task.when.as_deref()));
        roots.extend(of_condition(task.each.as_deref()));
        roots.extend(task.until.iter().flat_map(|until| of_tree(&until.with)));
        let other = task.hand_over.as_ref().and_then(|other| other.when.as_deref());
        roots.extend(of_condition(other));
        roots.extend(self.template_names(&task.with));
        let mut wanted = false;
        for scope in self.examples.branches(&roots) {
            match task.when.as_deref().map_or(Ok(true), |condition| scope.holds(condition)) {
                Ok(true) => wanted = true,
                Ok(false) => continue,
                Err(fault) => {
                    found.add(&format!("{pointer}/when"), "template", format!("{SOME_ANSWERS}: {fault}"));
                    continue;
                }
            }
            if let Some(Err(fault)) = other.map(|condition| scope.holds(condition)) {
                found.add(&format!("{pointer}/hand_over/when"), "template", format!("{SOME_ANSWERS}: {fault}"));
            }
            for scope in rows(task, scope, pointer, found) {
                self.left_out(task, pointer, &scope, found);
                self.parameters(room, &task.kind, &task.with, pointer, &scope, found);
                for (index, until) in task.until.iter().enumerate() {
                    let pointer = format!("{pointer}/until/{index}");
                    self.parameters(Room::Check, &until.kind, &until.with, &pointer, &scope, found);
                }
            }
        }
        if !wanted {
            found.add(
                &format!("{pointer}/when"),
                "never",
                format!("no answers make {} wanted: its condition never holds", task.id),
            );
        }
    }

    /// A task that reads a step which the same answers leave out.
    fn left_out(&self, task: &Task, pointer: &str, scope: &Scope, found: &mut Found<'_>) {
        let mut trees = vec![(format!("{pointer}/with"), &task.with)];
        trees.extend(
            task.until.iter().enumerate().map(|(index, until)| (format!("{pointer}/until/{index}/with"), &until.with)),
        );
        for (place, tree) in trees {
            texts(tree, &place, &mut |place, text| {
                for id in of_tree(&Value::String(text.to_owned())).iter().filter_map(|name| name.strip_prefix("steps."))
                {
                    let id = id.split('.').next().unwrap_or(id);
                    let Some(step) = self.loaded.guide.steps.iter().find(|step| step.id == id) else { continue };
                    let there = step.when.as_deref().is_none_or(|condition| scope.holds(condition).unwrap_or(true));
                    if !there {
                        let message = format!(
                            "with some answers {} runs and {id} does not: {id} is wanted when {}",
                            task.id,
                            step.when.as_deref().unwrap_or_default()
                        );
                        found.add(place, "left-out", message);
                    }
                }
            });
        }
    }

    fn parameters(&self, room: Room, kind: &str, with: &Value, pointer: &str, scope: &Scope, found: &mut Found<'_>) {
        let place = format!("{pointer}/with");
        let rendered = match scope.render(with) {
            Ok(rendered) => rendered,
            Err(_) => {
                self.which_fails(with, &place, scope, found);
                return;
            }
        };
        texts(&rendered, &place, &mut |place, text| {
            if self.loaded.is_template(text) {
                self.template(text, place, scope, found);
            }
        });
        policy::wrong(&rendered, &place, &mut |place, message| found.add(&place, "policy", message));
        if let Some((inner, reference)) = openly_placed(&rendered) {
            found.add(&format!("{place}{inner}"), "secret-in-the-open", in_the_open(&reference));
        }
        if !self.known.contains(pointer) {
            return;
        }
        if let Err((inner, message)) = (self.fits)(room, kind, &rendered) {
            found.add(&format!("{place}{inner}"), "parameters", format!("{kind}: {message}"));
        }
    }

    fn which_fails(&self, with: &Value, place: &str, scope: &Scope, found: &mut Found<'_>) {
        texts(with, place, &mut |place, text| {
            if let Err(fault) = scope.render_text(text) {
                found.add(place, "template", format!("{SOME_ANSWERS}: {fault}"));
            }
        });
    }

    fn template(&self, name: &str, place: &str, scope: &Scope, found: &mut Found<'_>) {
        let Some(text) = self.loaded.folder.file(name) else {
            found.add(place, "no-template", format!("{name} is not among the guide's files"));
            return;
        };
        match render_file(scope, text) {
            Err(_) if found.broken.contains(name) => {}
            Err(fault) => {
                found.elsewhere(&self.loaded.template_position(name), "template", format!("{SOME_ANSWERS}: {fault}"));
            }
            Ok(text) => {
                // What is no YAML is no object.
                let tree = Document::parse(name, &text).map(|document| document.value().clone()).unwrap_or_default();
                if let Some((_, reference)) = openly_placed(&tree) {
                    let position = self.loaded.template_position(name);
                    found.elsewhere(&position, "secret-in-the-open", in_the_open(&reference));
                }
                policy::wrong(&Value::String(text), place, &mut |place, message| found.add(&place, "policy", message));
            }
        }
    }

    /// Names that the template files of some parameters read.
    fn template_names(&self, with: &Value) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        texts(with, "", &mut |_, text| {
            for (_, text) in self.loaded.templates().filter(|(file, _)| text.contains(file)) {
                names.extend(of_tree(&Value::String(text.to_owned())));
            }
        });
        names
    }

    fn unused_templates(&self, found: &mut Found<'_>) {
        let mut named: Vec<&str> = Vec::new();
        let sections = self.loaded.document.value().as_object().into_iter().flatten();
        for (_, tree) in sections.filter(|(section, _)| !matches!(section.as_str(), "templates" | "scenarios")) {
            texts(tree, "", &mut |_, text| named.push(text));
        }
        for (file, _) in self.loaded.templates() {
            if !named.iter().any(|text| text.contains(file)) {
                let place = self.loaded.template_position(file);
                found.elsewhere(&place, "unused", format!("no task names the template {file}"));
            }
        }
    }

    /// Conditions and texts beside tasks: errata, needs, hosts, what comes after.
    fn words(&self, found: &mut Found<'_>) {
        for section in ["needs", "hosts", "errata", "after", "secrets", "inputs"] {
            let items = self.loaded.document.value().get(section).and_then(Value::as_array);
            for (index, item) in items.into_iter().flatten().enumerate() {
                for key in ["when", "fails"] {
                    let Some(condition) = item.get(key).and_then(Value::as_str) else { continue };
                    let Ok(references) = References::of_condition(condition) else { continue };
                    for scope in self.examples.branches(&references.names) {
                        if let Err(fault) = scope.holds(condition) {
                            let place = format!("/{section}/{index}/{key}");
                            found.add(&place, "template", format!("{SOME_ANSWERS}: {fault}"));
                        }
                    }
                }
            }
        }
    }
}

fn in_the_open(reference: &SecretRef) -> String {
    format!(
        "the secret {reference} stands in a name, a label or an annotation, which everybody who may list objects reads; put it into a Secret"
    )
}

fn rows(task: &Task, scope: Scope, pointer: &str, found: &mut Found<'_>) -> Vec<Scope> {
    let Some(each) = &task.each else { return vec![scope] };
    let items = match scope.render_text(&format!("{{{{ {each} }}}}")) {
        Ok(Value::Array(items)) => items,
        Ok(_) => {
            found.add(&format!("{pointer}/each"), "template", "each is a list");
            return Vec::new();
        }
        Err(fault) => {
            found.add(&format!("{pointer}/each"), "template", format!("{SOME_ANSWERS}: {fault}"));
            return Vec::new();
        }
    };
    if let Some(key) = &task.key
        && items.iter().any(|item| item.get(key).is_none())
    {
        found.add(&format!("{pointer}/key"), "undefined", format!("a row has no {key}"));
    }
    let with_row = |item| {
        let mut scope = scope.clone();
        scope.set("row", item);
        scope
    };
    items.into_iter().map(with_row).collect()
}
