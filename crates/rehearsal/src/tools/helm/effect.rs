//! What a scenario lets go wrong with calls of helm.

use std::{thread, time::Duration};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Failure, Helm};

/// What happens to calls of a command.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// The command, e.g. `upgrade`, `repo add`.
    pub command: String,
    /// Only for this release.
    #[serde(default)]
    pub release: Option<String>,
    /// Only the so-manieth such call, counted from 1.
    #[serde(default)]
    pub call: Option<usize>,
    /// What.
    pub what: What,
}

/// What happens.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It takes so long before anything is changed.
    Slow(SignedDuration),
    /// It says this and fails, before anything is changed.
    Fails(String),
    /// It is killed after so many objects were written: the release stays pending.
    DiesAfter(usize),
    /// The cluster refuses with this after so many objects: the release is failed.
    Refused {
        /// How many objects are written before.
        after: usize,
        /// What the cluster says.
        message: String,
    },
}

/// Lets happen what happens before a command changes anything; `Slow` waits later, once the release is pending.
pub fn strike(helm: &Helm<'_>) -> Result<(), Failure> {
    for effect in meant(helm) {
        if let What::Fails(message) = &effect.what {
            return Err(Failure::said(message.clone()));
        }
    }
    Ok(())
}

/// Waits as long as the scenario says.
pub fn linger(helm: &Helm<'_>) {
    for effect in meant(helm) {
        if let What::Slow(takes) = effect.what {
            thread::sleep(helm.clock.real(Duration::try_from(takes).unwrap_or_default()));
        }
    }
}

/// What happens once so many objects were written.
pub fn midway(helm: &Helm<'_>, written: usize) -> Result<(), Failure> {
    for effect in meant(helm) {
        match &effect.what {
            What::DiesAfter(after) if *after == written => return Err(Failure::Dies),
            What::Refused { after, message } if *after == written => return Err(Failure::said(message.clone())),
            _ => {}
        }
    }
    Ok(())
}

fn meant<'a>(helm: &'a Helm<'_>) -> impl Iterator<Item = &'a Effect> {
    helm.place.tools.helm.effects.iter().filter(|effect| {
        let release = helm.arguments.operands.first();
        let same = |effect: &Effect| effect.release.is_none() || effect.release.as_ref() == release;
        effect.command == helm.arguments.command
            && same(effect)
            && effect.call.is_none_or(|call| call == calls(helm, effect))
    })
}

/// How many calls like this there were, this one included.
fn calls(helm: &Helm<'_>, effect: &Effect) -> usize {
    let log = std::fs::read_to_string(helm.place.folder.join("helm-calls.jsonl")).unwrap_or_default();
    let like = |line: &&str| {
        let words: Vec<String> = serde_json::from_str(line).unwrap_or_default();
        let Ok(arguments) = super::Arguments::of(&words, helm.is_four()) else { return false };
        arguments.command == effect.command
            && (effect.release.is_none() || effect.release.as_ref() == arguments.operands.first())
    };
    log.lines().filter(like).count()
}
