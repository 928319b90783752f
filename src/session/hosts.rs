//! Who must reach whom? What is known of hosts beside the plan, and the whole list from answers alone.

use std::{path::PathBuf, sync::Arc};

use landfall_core::{
    event::Host,
    guide::{Field, Secret},
    journal::Story,
    plan::{Alone, InstallId, Partly, Plan, SecretSource},
    value::{Plain, SecretRef},
};
use serde_json::{Value, json};

use super::{Session, TargetChoice};
use crate::{
    cloud::{Cloud, KUBECONFIG_FILE},
    engine::{Around, Known, installs, needs},
    kind::Target,
    secret::{
        Place, Vault,
        sources::{fetch, row_reference},
    },
};

/// The list of hosts from answers alone.
pub struct HostsAlone {
    /// The hosts; what is missing stands in them by its name.
    pub hosts: Vec<Host>,
    /// What it was made from, in words.
    pub from: String,
}

impl Session {
    /// What is known of hosts, beside what the plan says itself.
    pub(super) fn known(&self, plan: &Plan) -> Known {
        let reached = !plan.tasks.is_empty() && self.guide.guide.target.cluster != "none";
        Known {
            api_server: if reached { self.cloud.kube.server() } else { None },
            visible: self.visible.read().map(|visible| visible.clone()).unwrap_or_default(),
            secrets_manager: self.answers.secrets.values().any(of_aws),
            ..Known::default()
        }
    }

    /// Learns the fields of secrets that are not secret in themselves (endpoints): from where the answers say on this machine,
    /// else from the vault. Nobody else is asked.
    pub async fn see_visible(&self, vault: Option<&Vault>) {
        for secret in self.wanted_secrets() {
            match &secret.rows {
                None => {
                    for field in secret.fields.iter().filter(|field| field.visible) {
                        let reference = SecretRef::field(&secret.id, &field.id);
                        let source = self.answers.secrets.get(&reference.to_string());
                        self.see(vault, reference, source).await;
                    }
                }
                Some(shape) => {
                    let columns: Vec<&Field> = shape.columns.iter().filter(|column| column.visible).collect();
                    self.see_rows(vault, secret, &columns).await;
                }
            }
        }
    }

    async fn see_rows(&self, vault: Option<&Vault>, secret: &Secret, columns: &[&Field]) {
        let said = match self.answers.secrets.get(&secret.id) {
            Some(SecretSource::Rows(rows)) => rows.as_slice(),
            _ => &[],
        };
        for index in 0.. {
            let mut seen = false;
            for column in columns {
                let source = said.get(index).and_then(|row| row.get(&column.id));
                seen |= self.see(vault, row_reference(secret, index, column), source).await;
            }
            // Rows that the answers no longer name may still lie in the vault.
            if index + 1 >= said.len() && (!said.is_empty() || !seen) {
                break;
            }
        }
    }

    async fn see(&self, vault: Option<&Vault>, reference: SecretRef, source: Option<&SecretSource>) -> bool {
        let mut text: Option<Plain> = match source {
            Some(here @ (SecretSource::File(_) | SecretSource::Env(_))) => {
                fetch(here, &self.cloud).await.ok().flatten()
            }
            _ => None,
        };
        if text.is_none()
            && let Some(vault) = vault
        {
            text = vault.read(&reference).await.ok().flatten();
        }
        let Some(text) = text else { return false };
        if let Ok(mut visible) = self.visible.write() {
            visible.insert(reference, text.reveal().trim().to_owned());
        }
        true
    }

    /// Every host somebody must reach, by what answers say; where this guide has one install for them, by what its journal and
    /// its vault know, too. Neither AWS nor the cluster nor anybody else is asked. `vault` is where secrets are; without one
    /// no install is looked for.
    pub async fn hosts_alone(&mut self, choice: &TargetChoice, vault: Option<(Place, Option<Plain>)>) -> HostsAlone {
        let mut endpoints = self.house.endpoints.clone();
        endpoints.context = choice.context.clone().or(endpoints.context);
        let makes = self.guide.guide.target.makes.clone();
        let said = Target {
            region: choice.region.clone().or_else(|| endpoints.region.clone()).unwrap_or_default(),
            cluster: choice.cluster.clone().or(makes).unwrap_or_default(),
            namespace: choice.namespace.clone().unwrap_or_default(),
            ..Target::default()
        };
        let mut target = json!(said);
        let (mut from, mut opened) = ("the answers".to_owned(), None);
        let mut install = InstallId::of("<install>");
        let mut leads = endpoints.context.is_some() || self.guide.guide.target.cluster != "eks";
        if let Some((place, passphrase)) = vault {
            match self.installs_for(choice).as_slice() {
                [] => {}
                [(folder, story)] => {
                    self.carry_over(story);
                    target = story.target.clone();
                    if let Some(Value::Object(facts)) = &story.facts {
                        self.frozen.clone_from(facts);
                    }
                    install = story.install.clone().unwrap_or(install);
                    from = format!("the answers, and what install {install} knows");
                    let own = folder.join(KUBECONFIG_FILE);
                    if own.is_file() {
                        (endpoints.kubeconfig, endpoints.context, leads) = (Some(own), None, true);
                    } else if let Some(context) = &story.answers.target.context {
                        endpoints.context.get_or_insert_with(|| context.clone());
                        leads = true;
                    }
                    opened = self.vault(place, &install, passphrase).await.ok();
                }
                several => {
                    from = format!(
                        "the answers; what {} installs of this guide know is left out, because they do not say which one is meant (target.region, target.cluster, target.namespace)",
                        several.len()
                    );
                }
            }
        }
        self.cloud = Arc::new(Cloud::new(endpoints));
        self.see_visible(opened.as_ref()).await;
        let alone = Alone::of(&self.guide.guide, &self.answers, &self.frozen, &target, &install);
        let partly = Partly::of(&self.guide, &alone);
        let mut known = self.known(&partly.plan);
        if !leads {
            known.api_server = None;
        }
        known.open = alone.open;
        known.undecided = partly.undecided;
        known.untold = partly.untold;
        let target: Target = serde_json::from_value(alone.target).unwrap_or_default();
        let around = Around {
            guide: &self.guide,
            kinds: &self.house.kinds,
            target: &target,
            install: &install,
            scope: &alone.scope,
            known: &known,
        };
        HostsAlone { hosts: needs(&partly.plan, &around, &self.by_other()).hosts, from }
    }

    /// Installs of this guide that go where the choice says.
    fn installs_for(&self, choice: &TargetChoice) -> Vec<(PathBuf, Story)> {
        let region = choice.region.clone().or_else(|| self.house.endpoints.region.clone());
        let said = [("region", &region), ("cluster", &choice.cluster), ("namespace", &choice.namespace)];
        let found = installs(&self.house.endpoints.state).into_iter().filter_map(|(folder, story)| {
            let story = story.ok()?;
            let agrees = said.iter().all(|(name, said)| {
                said.as_deref().is_none_or(|said| story.target.get(*name).and_then(Value::as_str) == Some(said))
            });
            (story.guide == self.guide.guide.id && agrees && !story.is_gone()).then_some((folder, story))
        });
        found.collect()
    }
}

/// Whether a secret, or a cell of its rows, comes from AWS Secrets Manager.
fn of_aws(source: &SecretSource) -> bool {
    match source {
        SecretSource::AwsSecret(_) => true,
        SecretSource::Rows(rows) => rows.iter().flat_map(|row| row.values()).any(of_aws),
        _ => false,
    }
}
