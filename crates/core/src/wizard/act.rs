//! A key, by what it does where the person is.

use super::{Action, Effect, Key, Look, Mode, Over, Press, Stage, Suggestions, TaskRow, Wizard, install::STOPPING};
use crate::{catalogue::Room, guide::InputType};

impl Wizard {
    pub(super) fn key(&mut self, key: &Key) -> Vec<Effect> {
        self.notice = None;
        let warned = std::mem::take(&mut self.warned);
        match key {
            Key::Interrupt => return self.interrupt(),
            Key::Help => {
                self.over_scroll = 0;
                self.over = if self.over == Some(Over::Help) { None } else { Some(Over::Help) };
                return Vec::new();
            }
            // A slow line brings both together. Where nothing lies over the stage it is Alt, which means nothing here.
            Key::EscAnd(letter) if self.over.is_some() => {
                let mut effects = self.key(&Key::Esc);
                effects.extend(self.key(&Key::Letter(letter.clone())));
                return effects;
            }
            Key::EscAnd(_) => return Vec::new(),
            _ => {}
        }
        let mode = self.mode();
        match mode.keys().into_iter().find(|binding| binding.press.is(key)) {
            Some(binding) => {
                let lost = self.would_lose(mode).filter(|_| binding.does == Action::Cancel && !warned);
                if let Some(lost) = lost {
                    (self.warned, self.notice) = (true, Some(lost.into()));
                    return Vec::new();
                }
                self.act(mode, binding.does)
            }
            None => {
                self.text(mode, key);
                Vec::new()
            }
        }
    }

    fn text(&mut self, mode: Mode, key: &Key) {
        match (mode, self.stage) {
            (Mode::Vouching, _) => self.vouching_text(key),
            (Mode::Handing, _) => self.handing_text(key),
            (Mode::Answering, _) => self.answering_text(key),
            (Mode::Filtering, _) => self.install.panels.text(key),
            (Mode::Typing | Mode::Picking | Mode::Ticking | Mode::Cells, Stage::Target) => self.target.fields.text(key),
            (_, Stage::Inputs) if self.inputs.keys().is_some() => self.mapping_text(key),
            (Mode::Typing | Mode::Picking | Mode::Ticking | Mode::Cells, Stage::Inputs) => self.inputs.text(key),
            (Mode::Typing, Stage::Secrets) => self.secrets_text(key),
            // Going on here is agreeing: it has a key of its own.
            (Mode::Stage(_), Stage::Plan) if Press::Letter('n').is(key) || Press::Enter.is(key) => {
                self.notice = Some("press a to agree to this plan and begin; nothing is touched before".into());
            }
            _ => {}
        }
    }

    fn act(&mut self, mode: Mode, action: Action) -> Vec<Effect> {
        match mode {
            Mode::Over | Mode::Helping | Mode::Leaving => return self.over_act(action),
            Mode::Vouching => return self.vouching_act(action),
            Mode::Handing => return self.handing_act(action),
            Mode::Answering => return self.answering_act(action),
            _ => {}
        }
        match action {
            Action::Next => return self.next(),
            Action::Back => return self.back(),
            Action::Shell => return vec![Effect::Shell],
            Action::HandOver => return self.hand_over_selected(),
            Action::Help => {
                self.over = Some(Over::Help);
                return Vec::new();
            }
            Action::Explain => {
                self.over = self.explanation().map(Over::Explain);
                return Vec::new();
            }
            Action::Leave if self.stage == Stage::Summary || self.watching.is_some() => return vec![Effect::Quit],
            Action::Leave => {
                self.over = Some(Over::Leave);
                return Vec::new();
            }
            _ => {}
        }
        match self.stage {
            Stage::Guide => self.guide_act(action),
            Stage::Target => self.target_act(action),
            Stage::Inputs => self.inputs_act(action),
            Stage::Secrets => self.secrets_act(action),
            Stage::Checks | Stage::Verify => self.checks_act(action),
            Stage::Plan => self.plan_act(action),
            Stage::Install => self.install_act(action),
            Stage::Summary => self.summary_act(action),
        }
    }

    fn over_act(&mut self, action: Action) -> Vec<Effect> {
        if matches!(action, Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First) {
            self.over_scroll = super::guide::moved(self.over_scroll, 500, action);
            return Vec::new();
        }
        self.over_scroll = 0;
        match (action, self.over.take()) {
            (Action::Leave, Some(Over::Leave)) => vec![Effect::Quit],
            (Action::Copy, Some(Over::Explain(lines))) => {
                let text = lines.join("\n");
                self.over = Some(Over::Explain(lines));
                vec![Effect::Copy(text)]
            }
            (Action::Copy, Some(Over::Trouble(problem))) => {
                let text = super::story::commands(&problem.fix);
                self.over = Some(Over::Trouble(problem));
                vec![Effect::Copy(text)]
            }
            _ => Vec::new(),
        }
    }

    /// Ctrl-C: a running install stops at the next safe point, and again leaves at once; elsewhere it asks first.
    fn interrupt(&mut self) -> Vec<Effect> {
        if self.watching.is_some() {
            return vec![Effect::Quit];
        }
        if self.install.tasks.running {
            if self.pausing {
                return vec![Effect::Quit];
            }
            self.pausing = true;
            self.notice = Some(format!("{STOPPING}; Ctrl-C again leaves at once, and it can go on later"));
            return vec![Effect::Pause];
        }
        if self.over == Some(Over::Leave) {
            return vec![Effect::Quit];
        }
        self.over = Some(Over::Leave);
        Vec::new()
    }

    pub(super) fn inputs_act(&mut self, action: Action) -> Vec<Effect> {
        if self.inputs.keys().is_some() {
            return self.mapping_act(action);
        }
        if self.inputs.editing.is_some() {
            let edited = self.inputs.act(action);
            return self.inputs_edited(edited);
        }
        match action {
            Action::Open => match self.inputs.selected().and_then(|field| field.locked.clone()) {
                Some(why) => self.notice = Some(format!("it cannot change any more: {why}")),
                None => match self.inputs.selected().map(|field| (&field.asked.kind, &field.suggestions)) {
                    Some((InputType::Mapping, Suggestions::Needs(_, label))) => {
                        self.notice =
                            Some(format!("{label} is entered at the next stage (n); then the file can be read"));
                    }
                    Some((InputType::Mapping, Suggestions::Asked)) => {
                        self.notice = Some("the file is still being read".into());
                    }
                    _ => self.inputs.open_selected(),
                },
            },
            Action::Again => {
                let name = self.inputs.selected().map(|field| field.name.clone());
                return self.look_up_again(name);
            }
            Action::Forget => {
                if let Some(name) = self.inputs.selected().map(|field| field.name.clone()) {
                    return self.set_input(&name, serde_json::Value::Null, super::AnsweredBy::Nobody);
                }
            }
            Action::Up => self.inputs.move_by(-1),
            Action::Down => self.inputs.move_by(1),
            Action::PageUp => self.inputs.move_by(-10),
            Action::PageDown => self.inputs.move_by(10),
            Action::First => self.inputs.move_by(-9_999),
            Action::Last => self.inputs.move_by(9_999),
            _ => {}
        }
        Vec::new()
    }

    /// Asks for a field's table again; for all where none is named.
    pub(super) fn look_up_again(&mut self, name: Option<String>) -> Vec<Effect> {
        for field in self.inputs.all.iter_mut().filter(|field| name.as_ref().is_none_or(|name| field.name == *name)) {
            field.looked_with = None;
        }
        self.refresh_inputs()
    }

    /// What is known of the selected row.
    fn explanation(&self) -> Option<Vec<String>> {
        let (id, mut lines, errata, from) = match self.stage {
            Stage::Checks | Stage::Install | Stage::Verify => {
                let row = self.tasks()?.selected()?;
                (row.path.id.clone(), self.explained(row), Vec::new(), row.from.clone())
            }
            Stage::Plan => {
                let task = self.plan.selected()?;
                let row = [&self.install.tasks, &self.verify.tasks].into_iter().find_map(|tasks| tasks.row(&task.path));
                let lines = row.map(|row| self.explained(row)).unwrap_or_else(|| vec![task.title.clone()]);
                (task.path.id.clone(), lines, Vec::new(), task.from.clone())
            }
            Stage::Inputs => {
                let field = self.inputs.selected()?;
                if let Some(row) = self.map_row() {
                    return Some(row.explained());
                }
                let lines = vec![field.label(), field.asked.help.clone()];
                (field.name.clone(), lines, field.errata.clone(), field.from.clone())
            }
            Stage::Secrets => {
                let group = self.secrets.selected_group()?;
                let mut lines = vec![group.label.clone(), group.help.clone()];
                lines.extend(group.kubernetes.as_ref().map(|name| format!("It becomes the Kubernetes Secret {name}.")));
                (group.id.clone(), lines, group.errata.clone(), group.from.clone())
            }
            Stage::Guide => return self.guide.explanation(),
            Stage::Target => return Some(self.target.explanation()),
            Stage::Summary => return None,
        };
        for erratum in errata {
            lines.push(format!("{}: {}", erratum.id, erratum.wrong));
            lines.push(erratum.instead);
        }
        lines.extend(from.map(|from| format!("From the vendor's guide: {from}")));
        lines.push(format!("In the guide file: {id}"));
        lines.retain(|line| !line.is_empty());
        Some(lines)
    }

    /// What is known of a task.
    pub fn explained(&self, row: &TaskRow) -> Vec<String> {
        let task = self.resolved.as_ref().and_then(|plan| plan.task(&row.path));
        let room = if row.path.section == crate::event::Section::Steps { Room::Step } else { Room::Check };
        let kind = task.and_then(|task| self.catalogue.find(room, &task.kind));
        let mut lines = vec![format!("{} {}", row.code, row.title), row.about.clone()];
        let expires = self.target.seen.as_ref().and_then(|seen| seen.expires);
        // Its second line says what it is about already, its last where it comes from.
        let new = |line: &super::StoryLine| !matches!(line.label, "from" | "about");
        let story = super::story(row, self.now, expires).into_iter().filter(new).map(|line| {
            let mark = if line.command { "$ " } else { "" };
            if line.label.is_empty() {
                format!("      {mark}{}", line.text)
            } else {
                format!("{}: {mark}{}", line.label, line.text)
            }
        });
        let story: Vec<String> = story.collect();
        // What has to be decided is read first.
        let asks = matches!(row.state, super::TaskState::Asked(_));
        if asks {
            lines.extend(story.iter().cloned());
        }
        lines.extend(kind.map(|kind| format!("{}: {}", kind.name, kind.about)));
        if let Some(parameters) = task.and_then(|task| task.parameters.as_object()) {
            let shown = crate::value::Tree(serde_json::Value::Object(parameters.clone())).shown();
            let brought = self.brought();
            lines.extend(shown.as_object().into_iter().flatten().map(|(key, value)| {
                let value =
                    value.as_str().map_or_else(|| brought.in_code(&value.to_string()), |text| brought.in_prose(text));
                format!("  {key}: {value}")
            }));
        }
        if let Some(problem) = row.problem() {
            lines.push(format!("{}: {}", problem.code, problem.what));
        }
        if !asks {
            lines.extend(story);
        }
        lines.extend(row.said.iter().map(|line| format!("  {line}")));
        lines
    }

    /// After a shell, what it may have changed is looked at again.
    pub(super) fn shell_ended(&mut self) -> Vec<Effect> {
        match self.stage {
            Stage::Guide => vec![Effect::Look(Look::Guides)],
            Stage::Target => self.look_at_target(None),
            Stage::Checks | Stage::Verify if self.tasks().is_some_and(|tasks| !tasks.running) => {
                let wrong: Vec<_> = self
                    .tasks()
                    .into_iter()
                    .flat_map(|tasks| &tasks.rows)
                    .filter(|row| row.problem().is_some())
                    .map(|row| row.path.clone())
                    .collect();
                wrong.into_iter().flat_map(|path| self.again(Some(path))).collect()
            }
            _ => Vec::new(),
        }
    }
}
