//! What counts of what earlier runs were told? At most what somebody agreed to, where an answers file speaks for itself.

use landfall_core::{journal::Story, plan::Answers};
use serde_json::Value;

use super::Session;

impl Session {
    /// Answers of an earlier run stand where nothing new was said. Where an answers file says all, only those count that the plan
    /// was made with which somebody agreed to, and only while something of it stands; each is told. Who vouches for a check in a
    /// file does so as long as the file says it.
    pub(super) fn carry_over(&mut self, story: &Story) {
        let mut base = match (self.file_says_all, &story.agreed) {
            (false, _) => story.answers.carried_over(),
            (true, Some(agreed)) if !story.is_gone() && story.steps.values().any(|step| step.begun()) => {
                agreed.carried_over()
            }
            (true, _) => Answers::default(),
        };
        let file = self.file_says_all || self.file_named;
        if file {
            (base.attest, base.waive) = (Vec::new(), Vec::new());
        }
        self.carried = if self.file_says_all { taken_over(&base, &self.answers) } else { not_agreed(story) };
        self.carried.extend(file.then(|| no_longer_said(&story.answers, &self.answers)).into_iter().flatten());
        let mut answers = base;
        answers.target = self.answers.target.clone();
        for (id, answer) in &self.answers.inputs {
            answers.inputs.insert(id.clone(), answer.clone());
        }
        for (reference, source) in &self.answers.secrets {
            answers.secrets.insert(reference.clone(), source.clone());
        }
        // Who vouches for something now stands in the place of who did before.
        answers.attest.retain(|said| !self.answers.attest.iter().any(|now| now.task == said.task));
        answers.waive.retain(|said| !self.answers.waive.iter().any(|now| now.task == said.task));
        answers.attest.extend(self.answers.attest.iter().cloned());
        answers.waive.extend(self.answers.waive.iter().cloned());
        answers.approve.extend(self.answers.approve.iter().cloned());
        answers.adopt.extend(self.answers.adopt.iter().cloned());
        // A named file says anew who does what.
        if !self.answers.hand_over.is_empty() {
            answers.hand_over.clone_from(&self.answers.hand_over);
        }
        answers.steps.extend(self.answers.steps.clone());
        answers.probes |= self.answers.probes;
        for list in [&mut answers.attest, &mut answers.waive, &mut answers.approve, &mut answers.adopt] {
            let mut seen = Vec::new();
            list.retain(|said| {
                let new = !seen.contains(said);
                seen.push(said.clone());
                new
            });
        }
        self.answers = answers;
    }
}

/// What the file leaves out and the plan says that was agreed to.
fn taken_over(agreed: &Answers, file: &Answers) -> Vec<String> {
    const SINCE: &str = "as in the plan that was agreed to; the answers file does not say";
    let mut lines = Vec::new();
    for (id, answer) in agreed.inputs.iter().filter(|(id, answer)| !answer.is_null() && !file.inputs.contains_key(*id))
    {
        lines.push(format!("{id}: {}, {SINCE}", short(answer)));
    }
    for reference in agreed.secrets.keys().filter(|reference| !file.secrets.contains_key(*reference)) {
        lines.push(format!("where {reference} comes from: {SINCE}"));
    }
    let decided = [("approved", &agreed.approve, &file.approve), ("adopted", &agreed.adopt, &file.adopt)];
    for (verb, then, now) in decided {
        let left_out = then.iter().filter(|said| !now.contains(said));
        lines.extend(left_out.map(|said| format!("{} {verb} by {}: {SINCE}", said.task, said.name)));
    }
    if file.hand_over.is_empty() {
        let steps = agreed.hand_over.iter().map(|handed| {
            let what = handed.task.as_deref().or(handed.kind.as_deref()).unwrap_or_default();
            format!("{what} handed over to {}: {SINCE}", handed.to)
        });
        lines.extend(steps);
    }
    let later = agreed.steps.iter().filter(|(path, _)| !file.steps.contains_key(*path));
    lines.extend(later.map(|(path, when)| format!("{path}: {when}, {SINCE}")));
    if agreed.probes && !file.probes {
        lines.push(format!("probes: true, {SINCE}"));
    }
    lines
}

/// Who vouched for a check in an earlier answers file, and does not in this one.
fn no_longer_said(before: &Answers, file: &Answers) -> Vec<String> {
    let vouches = [("attested", &before.attest, &file.attest), ("waived", &before.waive, &file.waive)];
    let lines = vouches.into_iter().flat_map(|(verb, then, now)| {
        let left_out = then.iter().filter(move |said| !now.iter().any(|now| now.task == said.task));
        left_out.map(move |said| {
            format!("{} {verb} by {}: no longer, the answers file does not say so any more", said.task, said.name)
        })
    });
    lines.collect()
}

/// Without an answers file the last run's answers stand: those that nobody agreed to are told.
fn not_agreed(story: &Story) -> Vec<String> {
    let Some(agreed) = &story.agreed else { return Vec::new() };
    let other = story.answers.inputs.iter().filter(|(id, answer)| agreed.inputs.get(*id) != Some(answer));
    other.map(|(id, answer)| format!("{id}: {}, from a run that nobody agreed to yet", short(answer))).collect()
}

fn short(answer: &Value) -> String {
    let text = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use landfall_core::{journal::StepStory, plan::Said};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_taken_over_is_told_one_line_each() {
        let mut agreed = Answers::default();
        agreed.inputs.insert("retries".into(), json!(16));
        agreed.inputs.insert("host".into(), json!("a.example.com"));
        let said = Said { task: "checks/a".into(), name: "Ann".into(), reason: "x".into(), choice: None };
        agreed.adopt.push(said.clone());
        let mut file = Answers::default();
        file.inputs.insert("host".into(), json!("b.example.com"));
        let lines = taken_over(&agreed, &file);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[0], "retries: 16, as in the plan that was agreed to; the answers file does not say");
        assert!(lines[1].starts_with("checks/a adopted by Ann"), "{lines:?}");

        let before = Answers { waive: vec![said.clone()], ..Answers::default() };
        assert_eq!(
            no_longer_said(&before, &file),
            ["checks/a waived by Ann: no longer, the answers file does not say so any more"]
        );
        assert_eq!(no_longer_said(&before, &Answers { waive: vec![said], ..Answers::default() }), [""; 0]);
    }

    #[test]
    fn without_a_file_what_nobody_agreed_to_is_told() {
        let mut story = Story { agreed: Some(Answers::default()), ..Story::default() };
        story.steps.insert("steps/a".parse().unwrap(), StepStory { open: true, ..StepStory::default() });
        story.answers.inputs.insert("retries".into(), json!(16));
        assert_eq!(not_agreed(&story), ["retries: 16, from a run that nobody agreed to yet"]);
    }
}
