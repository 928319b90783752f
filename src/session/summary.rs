//! The last page: what was made, what the vendor's text had wrong, what expires, what to know from now on.

use jiff::Timestamp;
use landfall_core::{event::How, journal::Story, plan::Plan, wizard::SummaryShown};

use super::Session;
use crate::{
    cloud::private,
    report::{calendar, page},
};

impl Session {
    /// Sums an install up.
    pub fn summary(&self, plan: &Plan) -> SummaryShown {
        let story = self.story();
        let mut scope = self.scope_without_steps().with_late_steps();
        for (path, outputs) in self.outputs() {
            if path.key.is_none() {
                scope.step(path.id, outputs);
            }
        }
        let made = plan
            .tasks
            .iter()
            .filter_map(|task| {
                let step = story.steps.get(&task.path)?;
                let word = match (step.how?, &step.handed_over) {
                    (How::Made, _) => "made".to_owned(),
                    (How::Changed, _) => "changed".to_owned(),
                    (How::Adopted, _) => "found there".to_owned(),
                    (How::HandedOver, Some(asked)) => format!("done by {}", asked.what.to),
                    (How::HandedOver, None) => "done by a person".to_owned(),
                };
                Some(format!("{word}: {}", task.title))
            })
            .collect();
        let bitten: Vec<_> = self
            .guide
            .guide
            .errata
            .iter()
            .filter(|erratum| erratum.when.as_deref().is_none_or(|condition| scope.holds(condition).unwrap_or(true)))
            .collect();
        let failing = bitten
            .iter()
            .filter(|erratum| erratum.fails.as_deref().is_some_and(|condition| scope.holds(condition).unwrap_or(false)))
            .count();
        let errata =
            bitten.iter().map(|erratum| (erratum.id.clone(), erratum.wrong.clone(), erratum.instead.clone())).collect();
        let after: Vec<(String, String)> = self
            .guide
            .guide
            .after
            .iter()
            .filter(|after| after.when.as_deref().is_none_or(|condition| scope.holds(condition).unwrap_or(false)))
            .filter_map(|after| match scope.render_text(&after.text) {
                Ok(serde_json::Value::String(text)) => Some((after.title.clone(), text)),
                _ => None,
            })
            .collect();
        let urls = after
            .iter()
            .flat_map(|(title, text)| {
                text.split_whitespace()
                    .filter(|word| word.starts_with("https://"))
                    .map(|word| (title.clone(), word.trim_end_matches(['.', ',', ')']).to_owned()))
                    .collect::<Vec<_>>()
            })
            .collect();
        let vouched = story
            .waived
            .values()
            .map(|said| format!("{} waived {}: {}", said.name, said.task, said.reason))
            .chain(
                story.attested.values().map(|said| format!("{} answers for {}: {}", said.name, said.task, said.reason)),
            )
            .collect();
        let cloudtrail = self.bound.as_ref().filter(|bound| !bound.target.region.is_empty()).map(|bound| {
            format!(
                "aws cloudtrail lookup-events --region {} --start-time {} --query \"Events[?contains(CloudTrailEvent, 'landfall-{}')]\"",
                bound.target.region,
                story.opened.unwrap_or(Timestamp::UNIX_EPOCH),
                bound.install
            )
        });
        SummaryShown {
            made,
            urls,
            errata,
            failing,
            expires: self.expiries(&story),
            vouched,
            after,
            markdown: None,
            calendar: None,
            cloudtrail,
            temporary: self.house.endpoints.goes_with().map(|folder| folder.display().to_string()),
        }
    }

    /// Dates in what facts, steps and checks saw: a value called `expires` or `…_ends`, and when an outcome says that it ends.
    fn expiries(&self, story: &Story) -> Vec<(Timestamp, String)> {
        let mut found: Vec<(Timestamp, String)> = Vec::new();
        let mut see = |what: &str, value: &serde_json::Value| {
            for (key, value) in value.as_object().into_iter().flatten() {
                let ends = key == "expires" || key.ends_with("_ends") || key.ends_with("_expires");
                let date = value.as_str().filter(|_| ends).and_then(|text| text.parse().ok());
                found.extend(date.map(|date| (date, format!("{what}: {}", key.replace('_', " ")))));
            }
        };
        for (name, fact) in &self.frozen {
            see(name, fact);
        }
        for (path, step) in &story.steps {
            see(&path.id, &step.outputs);
        }
        let guide = &self.guide.guide;
        for (path, outcome) in &story.looked {
            let task = guide.checks.iter().chain(&guide.verify).find(|task| task.id == path.id);
            let title = task.and_then(|task| task.title.clone()).unwrap_or_else(|| path.id.replace('_', " "));
            found.extend(outcome.ends().map(|at| (at, title)));
        }
        found.extend(self.proven.as_ref().and_then(|proven| proven.expires).map(|at| (at, "AWS session".to_owned())));
        found.sort();
        found.dedup();
        found
    }

    /// Writes `summary.md` and `expiries.ics` beside the journal and, where they stay, names them in the summary.
    pub fn write_summary(&self, summary: &mut SummaryShown) -> std::io::Result<()> {
        let Some(bound) = &self.bound else { return Ok(()) };
        let file = bound.folder.join("summary.md");
        private::replace(&file, page(&self.guide.guide.title, &bound.install.to_string(), summary).as_bytes())?;
        let lasts = summary.temporary.is_none();
        summary.markdown = lasts.then(|| file.display().to_string());
        if !summary.expires.is_empty() {
            let file = bound.folder.join("expiries.ics");
            let dates = calendar(&self.guide.guide.title, self.cloud.clock().now(), &summary.expires);
            private::replace(&file, dates.as_bytes())?;
            summary.calendar = lasts.then(|| file.display().to_string());
        }
        Ok(())
    }
}
