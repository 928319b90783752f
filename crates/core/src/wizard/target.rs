//! Target: where it goes, and the proof that the kubeconfig's context is that cluster.

use serde_json::{Value, json};

use super::{
    Action, AnsweredBy, Effect, Field, Fields, Look, Suggestions, TargetChoice, TargetSeen, Wizard, edit::Edited,
};
use crate::{
    event::Problem,
    guide::{Input as Asked, InputType},
    plan::TargetAnswers,
};

/// The second screen.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// `target.profile`, `target.region`, `target.cluster`, `target.context`, `target.namespace`; what the guide does
    /// not need is left out.
    pub fields: Fields,
    /// A kubeconfig is built from EKS instead of using a context.
    pub build_kubeconfig: bool,
    /// Being proved.
    pub looking: bool,
    /// How many answers are still to come; only the newest look counts.
    pub(super) looks: usize,
    /// What was seen.
    pub seen: Option<TargetSeen>,
    /// Why nothing could be seen.
    pub refused: Option<Problem>,
    /// It was confirmed: the install is bound to it.
    pub confirmed: bool,
}

/// Fields in order: name, label, help, the look-up that fills its table, and what it depends on.
const FIELDS: [(&str, &str, &str, &str, &[&str]); 5] = [
    ("profile", "AWS profile", "Which credentials are used; empty for those of the environment.", "aws.profiles", &[]),
    ("region", "Region", "Where the cluster is.", "aws.regions", &["profile"]),
    ("cluster", "EKS cluster", "The cluster it is installed into.", "aws.clusters", &["profile", "region"]),
    (
        "context",
        "kubeconfig context",
        "It must be the chosen cluster: endpoint and CA are compared. Press k to build a kubeconfig from EKS instead.",
        "kube.contexts",
        &[],
    ),
    ("namespace", "Namespace", "Made if it is not there.", "kube.namespaces", &["context"]),
];

/// What is said of the context where nothing is compared with it.
const CONTEXT_ALONE: &str = "Which cluster it is installed into.";

impl Target {
    /// A field by its whole name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.named(name)
    }

    /// What was chosen; what is left out is found.
    pub fn choice(&self) -> TargetChoice {
        let given = |name: &str| {
            let field = self.field(&format!("target.{name}"))?;
            field.given.as_str().map(str::to_owned).filter(|text| !text.is_empty())
        };
        TargetChoice {
            profile: given("profile"),
            region: given("region"),
            cluster: given("cluster"),
            context: given("context"),
            namespace: given("namespace"),
            build_kubeconfig: self.build_kubeconfig,
        }
    }

    /// All that was seen.
    pub(super) fn explanation(&self) -> Vec<String> {
        let mut lines = vec!["Target".to_owned()];
        if let Some(seen) = &self.seen {
            lines.extend([
                format!("account {} {}", seen.account, seen.partition),
                seen.identity.clone(),
                format!("region {}", seen.region),
                format!("cluster {} {}", seen.cluster, seen.cluster_id),
                format!("context {}", seen.context),
                format!("namespace {}", seen.namespace),
            ]);
            lines.extend(seen.proof.clone());
        }
        let doubt = self.seen.as_ref().and_then(|seen| seen.doubt.as_ref());
        for problem in self.refused.iter().chain(doubt) {
            lines.extend([problem.code.clone(), problem.what.clone(), problem.why.clone(), problem.fix.clone()]);
        }
        lines.retain(|line| !line.trim().is_empty());
        lines
    }

    pub(super) fn answers(&self) -> TargetAnswers {
        let TargetChoice { profile, region, cluster, context, namespace, build_kubeconfig } = self.choice();
        TargetAnswers { profile, region, cluster, context, namespace, build_kubeconfig }
    }
}

impl Wizard {
    /// The fields this guide needs.
    pub(super) fn lay_out_target(&mut self) {
        let Some(loaded) = &self.loaded else { return };
        let target = &loaded.guide.target;
        let aws = target.cluster == "eks" || !target.identities.is_empty();
        let cluster = target.cluster != "none";
        let wanted = |name: &str| match name {
            "profile" | "region" => aws,
            "cluster" => target.cluster == "eks",
            // The way to a cluster that the guide makes is found by asking EKS.
            "context" => cluster && target.makes.is_none(),
            _ => cluster,
        };
        let all = FIELDS.iter().filter(|(name, ..)| wanted(name)).map(|(name, label, help, ..)| {
            let help = if *name == "context" && target.cluster != "eks" { CONTEXT_ALONE } else { help };
            let default = match *name {
                "namespace" => json!(target.namespace),
                "cluster" => json!(target.makes),
                _ => Value::Null,
            };
            Field {
                name: format!("target.{name}"),
                asked: asked(name, label, help, default.clone()),
                given: default.clone(),
                by: if default.is_null() { AnsweredBy::Nobody } else { AnsweredBy::Default },
                answer: default,
                refusal: None,
                suggestions: Suggestions::None,
                wanted: true,
                locked: None,
                replaces: None,
                errata: Vec::new(),
                from: None,
                looked_with: None,
                mapped: Vec::new(),
            }
        });
        self.target = Target { fields: Fields { all: all.collect(), ..Fields::default() }, ..Target::default() };
    }

    /// Looks at the target as chosen, and asks for the tables of `fields` (all where none are named).
    pub(super) fn look_at_target(&mut self, fields: Option<&str>) -> Vec<Effect> {
        self.target.looking = true;
        self.target.looks += 1;
        self.target.refused = None;
        let mut effects = vec![Effect::Look(Look::Target(self.target.choice()))];
        for (name, _, _, lookup, depends) in FIELDS {
            let concerned = fields.is_none_or(|changed| depends.iter().any(|one| changed == format!("target.{one}")));
            let Some(field) = self.target.fields.named_mut(&format!("target.{name}")).filter(|_| concerned) else {
                continue;
            };
            field.suggestions = Suggestions::Asked;
            effects.push(Effect::Lookup { field: field.name.clone(), lookup: lookup.into(), with: json!({}) });
        }
        effects
    }

    pub(super) fn set_target(&mut self, name: &str, value: Value) -> Vec<Effect> {
        if self.install.begun {
            self.notice = Some("the target of an install that has begun cannot change; begin another install".into());
            return Vec::new();
        }
        let Some(field) = self.target.fields.named_mut(name) else {
            self.notice = Some(format!("this guide does not ask for {name}"));
            return Vec::new();
        };
        match field.asked.accept(&value) {
            Err(refused) => {
                field.refusal = Some(refused.0);
                return Vec::new();
            }
            Ok(value) => {
                field.refusal = None;
                field.given = value.clone();
                field.answer = value;
                field.by = AnsweredBy::Person;
            }
        }
        self.target.confirmed = false;
        self.look_at_target(Some(name))
    }

    pub(super) fn target_seen(&mut self, seen: Result<TargetSeen, Problem>) -> Vec<Effect> {
        self.target.looks = self.target.looks.saturating_sub(1);
        // What was chosen has changed since: the answer to the newest choice is still to come.
        if self.target.looks > 0 {
            return Vec::new();
        }
        self.target.looking = false;
        match seen {
            Err(problem) => {
                self.target.seen = None;
                self.target.refused = Some(problem);
            }
            Ok(seen) => {
                self.target.refused = None;
                if seen.rehearsal.is_some() {
                    self.rehearsal.clone_from(&seen.rehearsal);
                }
                for (name, value) in [
                    ("profile", &seen.profile),
                    ("region", &seen.region),
                    ("cluster", &seen.cluster),
                    ("context", &seen.context),
                    ("namespace", &seen.namespace),
                ] {
                    let field = self.target.fields.named_mut(&format!("target.{name}"));
                    if let Some(field) = field.filter(|field| field.by != AnsweredBy::Person && !value.is_empty()) {
                        field.answer = json!(value);
                        field.by = AnsweredBy::Suggestion;
                    }
                }
                self.target.seen = Some(seen);
            }
        }
        self.namespaces_of_nobody();
        self.refresh_inputs()
    }

    /// While it is in doubt whose cluster the context is, its namespaces are nobody's; nor is it said twice why.
    pub(super) fn namespaces_of_nobody(&mut self) {
        let doubted = self.target.seen.as_ref().is_some_and(|seen| seen.doubt.is_some());
        let context = self.target.field("target.context").map(Field::label);
        let namespace = self.target.fields.named_mut("target.namespace").filter(|_| doubted);
        if let (Some(namespace), Some(context)) = (namespace, context) {
            namespace.suggestions = Suggestions::After(context);
        }
    }

    pub(super) fn target_act(&mut self, action: Action) -> Vec<Effect> {
        if self.target.fields.editing.is_some() {
            let edited = self.target.fields.act(action);
            return self.target_edited(edited);
        }
        match action {
            Action::Open => self.target.fields.open_selected(),
            Action::Up => self.target.fields.move_by(-1),
            Action::Down => self.target.fields.move_by(1),
            Action::First => self.target.fields.move_by(-99),
            Action::Last => self.target.fields.move_by(99),
            Action::AgainAll => return self.look_at_target(None),
            Action::BuildKubeconfig => return self.build_kubeconfig(),
            Action::Copy => {
                let seen = self.target.seen.as_ref();
                let problem = self.target.refused.as_ref().or_else(|| seen?.doubt.as_ref());
                return problem.map(|problem| Effect::Copy(super::story::commands(&problem.fix))).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    pub(super) fn build_kubeconfig(&mut self) -> Vec<Effect> {
        if self.target.field("target.cluster").is_none() {
            self.notice =
                Some("this guide goes to any cluster: there is no EKS cluster to build a kubeconfig from".into());
            return Vec::new();
        }
        self.target.build_kubeconfig = !self.target.build_kubeconfig;
        self.look_at_target(Some("target.context"))
    }

    fn target_edited(&mut self, edited: Edited) -> Vec<Effect> {
        match edited {
            Edited::Nothing => Vec::new(),
            Edited::Answered(name, value) => {
                let effects = self.set_target(&name, value);
                self.target.fields.move_by(1);
                effects
            }
        }
    }

    /// Why the target cannot be confirmed yet.
    pub(super) fn target_open(&self) -> Option<String> {
        if self.target.looking {
            return Some("the target is still being looked at".into());
        }
        if let Some(problem) = &self.target.refused {
            return Some(problem.what.clone());
        }
        let Some(seen) = &self.target.seen else { return Some("nothing was seen of the target yet".into()) };
        if let Some(problem) = &seen.doubt {
            return Some(problem.what.clone());
        }
        let missing = |name: &str, value: &str| {
            let field = self.target.field(&format!("target.{name}"))?;
            value.is_empty().then(|| format!("{} has no answer yet", field.label()))
        };
        missing("region", &seen.region)
            .or_else(|| missing("cluster", &seen.cluster))
            .or_else(|| missing("namespace", &seen.namespace))
    }
}

fn asked(id: &str, label: &str, help: &str, default: Value) -> Asked {
    Asked {
        id: id.to_owned(),
        kind: InputType::Text,
        label: Some(label.to_owned()),
        help: help.to_owned(),
        group: None,
        choices: Vec::new(),
        columns: Vec::new(),
        default,
        suggest: None,
        offers: Vec::new(),
        when: None,
        optional: id != "namespace",
        pattern: (id == "namespace").then(|| "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$".to_owned()),
        min: None,
        max: None,
        from: Vec::new(),
    }
}
