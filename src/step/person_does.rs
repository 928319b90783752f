//! `person.does`: something only a person can do; the guide's `until` says what makes it true.

use async_trait::async_trait;
use landfall_core::{clock::Span, event::Found, value::LateText};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cloud::Trouble,
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonDoes {
    /// What to do, exactly: names, types, targets.
    instruction: LateText,
    /// What taking it back means; it is said at undo, and a person does that, too.
    #[serde(default)]
    undo: Option<String>,
}

/// Nothing: what a person did is seen by the `until` checks.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Outputs {}

#[async_trait]
impl Step for PersonDoes {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        deadline: Span::minutes(2 * 24 * 60),
        interval: Span::seconds(10),
        ..StepAbout::new("person.does", "PERSON-02", "a person does it")
    };

    /// The engine asks the guide's `until` instead; without one, a person says when it is done.
    async fn inspect(&self, _cx: &Context) -> Result<Found<Outputs>, Trouble> {
        Ok(Found::absent())
    }

    async fn apply(&self, _cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        Ok(Applied::made())
    }

    async fn undo(&self, cx: &Context, _made: &Made) -> Result<(), Trouble> {
        if let Some(undo) = &self.undo {
            cx.say(format!("left to a person: {undo}"));
        }
        Ok(())
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        vec![format!("# a person: {}", self.instruction)]
    }

    fn instruction(&self, _cx: &PlanView<'_>) -> Option<String> {
        Some(self.instruction.to_string())
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        self.undo.clone().unwrap_or_else(|| "nothing is taken back".into())
    }
}
