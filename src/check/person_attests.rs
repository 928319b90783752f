//! `person.attests`: does a person answer for something nobody can look up?

use async_trait::async_trait;
use landfall_core::{catalogue::Touches, event::Outcome};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::Trouble,
    kind::{Check, CheckAbout, Context},
};

/// Nothing is looked at: somebody says that it is so, and the journal keeps who. It stands for what no machine can see,
/// such as a contract.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonAttests {
    /// What cannot be looked up, e.g. `the licence the vendor issued`.
    what: String,
    /// Who can tell.
    ask: String,
}

#[async_trait]
impl Check for PersonAttests {
    const ABOUT: CheckAbout = CheckAbout {
        name: "person.attests",
        code: "PERSON-01",
        about: "a person answers for it",
        touches: Touches::Nothing,
    };

    async fn run(&self, _cx: &Context) -> Result<Outcome, Trouble> {
        let denied = format!("{}; nobody can look this up, somebody has to answer for it", self.what);
        Ok(Outcome::Unknown { denied, ask: self.ask.clone() })
    }
}
