//! What each command does; one file each. [`Opened`] is what nearly all of them begin with.

mod answers;
mod draft;
mod eks_token;
mod ended;
mod exit;
mod explain;
mod explain_check;
mod front;
mod guide;
mod guide_new;
mod guide_show;
mod guide_words;
mod install;
mod looks;
mod open;
mod panics;
mod plan;
mod rehearse;
mod reporter;
mod say;
mod scenarios;
mod schema;
mod secrets;
mod status;
mod undo;
mod watch;
mod yaml;

pub use answers::{AnswersArguments, answers};
pub use eks_token::eks_token;
pub use exit::Exit;
pub use explain::explain;
pub use front::front;
pub use guide::{lint, list, needs};
pub use guide_new::{NewArguments, new};
pub use guide_show::show;
pub use install::{InstallArguments, install};
pub use looks::{check, verify};
pub use open::{Common, Opened, Use};
pub use panics::give_back_on_panic;
pub use plan::{PlanArguments, plan};
pub use rehearse::{RehearseArguments, rehearse};
pub use reporter::Reporter;
pub use schema::schema;
pub use secrets::{SecretsCommand, secrets};
pub use status::status;
pub use undo::undo;
pub use watch::watch;

/// A shell's completions.
pub fn completions(script: &[u8]) -> i32 {
    say::text(&String::from_utf8_lossy(script));
    Exit::Done.code()
}
