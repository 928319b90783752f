//! Target: what is chosen, and what was seen of it.
//!
//! ```text
//!  ▶ ✓ Region              us-east-2
//!    ✓ EKS cluster         pay-1
//! ───────────────────────────────────────────────
//!  who   account 123456789012, role/admin via corp-prod
//!  proof endpoint and CA match
//! ```

use landfall_core::wizard::{TargetSeen, passed};
use ratatui::{Frame, layout::Rect, text::Line};

use super::{View, fields, guide::problem_lines, wrap};

/// Draws fields and proof.
pub fn draw(frame: &mut Frame, area: Rect, view: &View<'_>) {
    let target = &view.wizard.target;
    let seen = |width: usize| {
        let mut lines: Vec<Line<'static>> = Vec::new();
        let mut say = |label: &str, text: &str| {
            lines.extend(wrap::labelled(
                label,
                wrap::text(text, width.saturating_sub(8)),
                view.theme.quiet(),
                view.theme.plain(),
            ));
        };
        if target.build_kubeconfig {
            say("uses", "a kubeconfig of its own, built from EKS; yours stays as it is");
        }
        if target.looking {
            say("now", "looking at the account and the cluster …");
        }
        if let Some(found) = &target.seen {
            tell(found, view, &mut say);
        }
        let problem = target.refused.as_ref().or_else(|| target.seen.as_ref().and_then(|found| found.doubt.as_ref()));
        if let Some(problem) = problem {
            lines.extend(problem_lines(view, problem, width));
        }
        lines
    };
    fields::draw_with(frame, area, view, &target.fields, &seen);
}

fn tell(found: &TargetSeen, view: &View<'_>, say: &mut dyn FnMut(&str, &str)) {
    if !found.account.is_empty() {
        let profile = if found.profile.is_empty() { String::new() } else { format!(" via {}", found.profile) };
        say("who", &format!("account {}, {}{profile}", found.account, found.identity));
    }
    if let Some(expires) = found.expires {
        say("until", &format!("the session ends in {}", passed(view.wizard.now, expires)));
    }
    if let Some(proof) = &found.proof {
        say("proof", proof);
    }
    if let Some(rehearsal) = &found.rehearsal {
        say("know", &format!("these endpoints are simulated: rehearsal {rehearsal}"));
    }
}
