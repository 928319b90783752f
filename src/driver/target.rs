//! Where does it go? The target is proven, confirmed and bound, and what earlier answers say comes in with it.

use landfall_core::{
    plan::{SecretSource, TargetAnswers},
    value::SecretRef,
    wizard::{Input, Origin, TargetChoice, TargetSeen},
};

use super::{Worker, look::resumed};
use crate::{cloud::Trouble, secret::Place, session::Proven};

impl Worker {
    pub(super) async fn target(&mut self, choice: &TargetChoice) {
        let Some(session) = self.session.as_mut() else { return };
        let choice = TargetAnswers {
            profile: choice.profile.clone(),
            region: choice.region.clone(),
            cluster: choice.cluster.clone(),
            context: choice.context.clone(),
            namespace: choice.namespace.clone(),
            build_kubeconfig: choice.build_kubeconfig,
        };
        let seen = session.prove(&choice).await;
        if let Ok(proven) = &seen
            && let Some(rehearsal) = &proven.rehearsal
        {
            self.tell(Input::Rehearsal(rehearsal.clone()));
        }
        self.tell(Input::TargetSeen(seen.map(|proven| target_seen(&proven)).map_err(|trouble| trouble.problem())));
    }

    pub(super) async fn confirm(&mut self) {
        if let Err(trouble) = self.bind().await {
            return self.tell(Input::Trouble(trouble.problem()));
        }
        let Some(session) = self.session.as_ref() else { return };
        let Ok(bound) = session.bound() else { return };
        let mut story = session.story();
        // Whoever goes on later goes on with what was chosen and brought; an answer that is locked must not stand there.
        let locked = match session.resolve() {
            Ok(plan) => !session.locked_answers(&plan).is_empty(),
            Err(_) => !story.steps.is_empty(),
        };
        if !locked && let Err(trouble) = session.record_answers().await {
            return self.tell(Input::Trouble(trouble.problem()));
        }
        // What an earlier answers file said of checks, and this one does not, counts no more.
        let now = session.story();
        (story.waived, story.attested) = (now.waived, now.attested);
        // With those of an earlier run, which binding found.
        self.tell(Input::Answers(session.answers.inputs.clone()));
        self.beforehand(session);
        self.tell(Input::FactsSeen(session.frozen.clone()));
        if let Some(proven) = session.proven.as_ref().filter(|_| !story.steps.is_empty()) {
            let resumed = resumed(bound.install.as_str(), session.guide.clone(), proven, &story);
            self.tell(Input::GoesOn(Box::new(resumed)));
        }
        for (reference, source) in session.answers.secrets.clone() {
            self.take_from_answers(reference, source);
        }
        // Last, so that who waits for it finds all answers in place.
        self.tell(Input::Bound(bound.install.to_string()));
    }

    pub(super) async fn bind(&mut self) -> Result<(), Trouble> {
        let place = Place::from_setting(self.house.endpoints.vault.as_deref())?;
        let session =
            self.session.as_mut().ok_or_else(|| Trouble::guide("no guide was chosen", "Choose one first."))?;
        // Without a keyring the install is bound all the same; Secrets offers where else to keep them.
        match session.bind(place.clone(), None).await {
            Err(trouble)
                if trouble.code().is_some_and(|code| code == "VAULT-KEYRING" || code == "VAULT-PASSPHRASE") =>
            {
                session.bind(Place::Session, None).await?;
            }
            other => other?,
        }
        session.gather().await
    }

    fn take_from_answers(&self, reference: String, source: SecretSource) {
        let origin = |source: SecretSource| match source {
            SecretSource::File(path) => Some(Origin::File(path.display().to_string())),
            SecretSource::Env(name) => Some(Origin::Environment(name)),
            SecretSource::Command(words) => Some(Origin::Command(shell_words::join(words))),
            SecretSource::AwsSecret(name) => Some(Origin::SecretsManager(name)),
            SecretSource::Generate(how) => Some(Origin::Generated(how)),
            SecretSource::Vault(_) | SecretSource::Existing(_) | SecretSource::Rows(_) => None,
        };
        match source {
            SecretSource::Rows(rows) => {
                for (index, row) in rows.into_iter().enumerate() {
                    for (column, source) in row {
                        if let Some(from) = origin(source) {
                            self.tell(Input::TakeSecret {
                                reference: SecretRef(format!("{reference}.{index}.{column}")),
                                from,
                            });
                        }
                    }
                }
            }
            source => {
                if let Some(from) = origin(source) {
                    self.tell(Input::TakeSecret { reference: SecretRef(reference), from });
                }
            }
        }
    }
}

pub(super) fn target_seen(proven: &Proven) -> TargetSeen {
    let target = proven.target.clone();
    TargetSeen {
        account: target.account,
        partition: target.partition,
        profile: proven.profile.clone(),
        identity: proven.identity.clone(),
        region: target.region,
        cluster: target.cluster,
        cluster_id: target.cluster_id,
        context: proven.context.clone(),
        namespace: target.namespace,
        expires: proven.expires,
        proof: proven.told(),
        doubt: proven.doubt.clone(),
        rehearsal: proven.rehearsal.clone(),
    }
}
