//! Plan: what will be done, every part of it on request; agreeing is never what Enter does by itself.

use std::io;

use landfall_core::{
    event::TaskPath,
    wizard::{Input, PlanShown, PlanStage, PlanTab, Stage, Wizard},
};

use super::{
    ask::{Offer, Prompt, Said},
    more::menu,
    talk::{Leave, Talk},
};
use crate::report::{Format, Line, explained, observer};

pub(super) fn agree(talk: &mut Talk) -> Result<(), Leave> {
    let made = talk.wait("Making the plan", |wizard| wizard.stage != Stage::Plan || !wizard.plan.making)?;
    let wizard = talk.wizard();
    if wizard.stage != Stage::Plan {
        return Ok(());
    }
    let Some(plan) = wizard.plan.plan.clone() else {
        if let Some(problem) = &wizard.plan.refused {
            let text = explained(problem, talk.look);
            talk.say(&text)?;
        }
        let mut offers = vec![Offer::new("again", "Make it again")];
        if !made {
            offers.insert(0, Offer::new("wait", "Go on waiting for it"));
        }
        return match menu(talk, "There is no plan yet", offers, Some(0))?.as_deref() {
            Some("again") => talk.send(Input::Rerun(None)),
            _ => Ok(()),
        };
    };
    observer(Format::Text, talk.look, Box::new(io::stdout())).see(&Line::Plan { plan: Box::new((*plan).clone()) })?;
    if !plan.takes.is_empty() {
        talk.para(&format!("takes {}", plan.takes))?;
    }
    for probe in wizard.plan.probes() {
        talk.para(&format!(
            "agreeing also lets this make something in the cluster for a moment, and remove it: {}",
            probe.title
        ))?;
    }
    let mut offers = vec![
        Offer::new("one", "Look closer at one task: changes, commands, undo, permissions"),
        Offer::new("hand", "Hand a step over to somebody else, or take it back"),
        Offer::new("commands", "Everything a person would type"),
        Offer::new("hosts", "Who must reach whom"),
        Offer::new("permissions", "Permissions of the whole plan"),
        Offer::new("again", "Make the plan again"),
    ];
    if !wizard.plan.unwanted().is_empty() {
        let label = if wizard.plan.take_away {
            "Leave what is no longer wanted after all"
        } else {
            "Take away what is no longer wanted, once the rest is done"
        };
        offers.push(Offer::new("take_away", label));
    }
    offers.push(Offer::new("agree", "Agree to this plan and begin"));
    match menu(talk, "The plan", offers, None)?.as_deref() {
        Some("agree") => begin(talk),
        Some("take_away") => talk.send(Input::TakeAway),
        Some("one") => one(talk, &wizard.plan, &plan),
        Some("hand") => hand_over(talk, &wizard, &plan),
        Some("commands") => {
            for task in plan.tasks.iter().filter(|task| !task.commands.is_empty()) {
                talk.say(&format!("# {}\n{}", task.title, task.commands.join("\n")))?;
            }
            Ok(())
        }
        Some("hosts") => talk.say(&plan.hosts.join("\n")),
        Some("permissions") => talk.say(&plan.permissions),
        Some("again") => talk.send(Input::Rerun(None)),
        _ => Ok(()),
    }
}

/// Which step somebody else does.
fn hand_over(talk: &mut Talk, wizard: &Wizard, plan: &PlanShown) -> Result<(), Leave> {
    let steps: Vec<_> = plan
        .tasks
        .iter()
        .filter(|task| wizard.is_handed_over(&task.path) || wizard.cannot_hand_over(&task.path).is_none())
        .collect();
    let offers = steps
        .iter()
        .map(|task| Offer::new(task.path.to_string(), format!("{} {}: {}", task.what.verb(), task.title, task.line)))
        .collect();
    let prompt = Prompt::Choose { title: "Which step".into(), offers, at: None, own: None };
    let Said::Chosen(index) = talk.ask(&prompt, &[])? else { return Ok(()) };
    match steps.get(index) {
        Some(task) => hand(talk, &task.path, &task.title),
        None => Ok(()),
    }
}

/// Hands one step over, or takes it back.
pub(super) fn hand(talk: &mut Talk, path: &TaskPath, title: &str) -> Result<(), Leave> {
    let wizard = talk.wizard();
    if wizard.is_handed_over(path) {
        talk.para(&format!("{title} is ours again."))?;
        return talk.send(Input::TakeBack(path.clone()));
    }
    talk.para(&format!(
        "Somebody else does this: {title}. What to do is written into a file; it is looked at until it is done, and never taken away by us."
    ))?;
    let given = wizard.handed_to.clone();
    let Said::Text(to) = talk.ask(&Prompt::Text { title: "Who is asked to do it".into(), given }, &[])? else {
        return Ok(());
    };
    let Said::Text(reason) =
        talk.ask(&Prompt::Text { title: "Why, or a ticket (may stay empty)".into(), given: String::new() }, &[])?
    else {
        return Ok(());
    };
    talk.send(Input::HandOver { path: path.clone(), to, reason })?;
    talk.wait("Writing down what to do", |wizard| wizard.is_handed_over(path) || wizard.notice.is_some())?;
    let notice = talk.wizard().notice.clone().unwrap_or_default();
    talk.para(&notice)
}

fn begin(talk: &mut Talk) -> Result<(), Leave> {
    let mut name = talk.wizard().who.clone();
    if name.is_empty() {
        match talk.ask(&Prompt::Text { title: "Your name, for the record".into(), given: String::new() }, &[])? {
            Said::Text(given) => name = given,
            _ => return Ok(()),
        }
    }
    talk.send(Input::Approve { name })
}

fn one(talk: &mut Talk, stage: &PlanStage, plan: &PlanShown) -> Result<(), Leave> {
    let offers = plan
        .tasks
        .iter()
        .map(|task| {
            Offer::new(
                task.path.to_string(),
                format!("{} {} {}: {}", task.what.verb(), task.code, task.title, task.line),
            )
        })
        .collect();
    let prompt = Prompt::Choose { title: "Which one".into(), offers, at: None, own: None };
    let Said::Chosen(index) = talk.ask(&prompt, &[])? else { return Ok(()) };
    let mut stage = stage.clone();
    stage.at = index;
    for tab in PlanTab::ALL.into_iter().filter(|tab| *tab != PlanTab::Hosts) {
        stage.tab = tab;
        talk.para(tab.title())?;
        for line in stage.shown() {
            talk.say(&format!("    {line}"))?;
        }
    }
    Ok(())
}
