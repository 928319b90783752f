//! What may a kind use while it runs? The doors, the target, the vault, and a way to say how far it is.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use landfall_core::{
    event::{Happened, TaskPath},
    guide::Folder,
    plan::{InstallId, digest},
    value::{Plain, Scope, SecretRef, SecretText, Tree, render_file},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Needs, Secrets, Target};
use crate::cloud::{Cloud, Fingerprint, Net, Trouble};

/// Tells the engine, and through it every front end and report, what goes on.
pub type Tell = Arc<dyn Fn(Happened) + Send + Sync>;

/// Everything a kind may use.
#[derive(Clone)]
pub struct Context {
    /// The only doors to the outside.
    pub cloud: Arc<Cloud>,
    /// Where the install goes.
    pub target: Arc<Target>,
    /// Which install; carried by resources as tag, label or in their name.
    pub install: InstallId,
    /// Which task this is.
    pub path: TaskPath,
    /// What the whole plan needs.
    pub needs: Arc<Needs>,
    /// The guide's files, for templates.
    pub files: Arc<Folder>,
    /// The names templates may read.
    pub scope: Arc<Scope>,
    /// The vault.
    pub secrets: Arc<dyn Secrets>,
    /// For progress.
    pub tell: Tell,
    /// Set when the install is asked to stop.
    pub cancel: CancellationToken,
    /// The install's own folder for rendered files (0700).
    pub folder: PathBuf,
}

impl Context {
    /// Renders one of the guide's template files as text. Secrets in it stay stand-ins; see [`Context::reveal`].
    pub fn template(&self, name: &str) -> Result<String, Trouble> {
        let text = self.files.file(name).ok_or_else(|| {
            Trouble::guide(format!("{name} is not among the guide's files"), "Add the template beside the guide.")
        })?;
        render_file(&self.scope, text).map_err(|fault| Trouble::guide(format!("{name}: {fault}"), "Mend the template."))
    }

    /// The digest of parameters, and of the template files that they name as these come out now: another answer may change
    /// nothing but such a text.
    pub fn digest(&self, parameters: &Value) -> String {
        let mut rendered = Vec::new();
        self.rendered(parameters, &mut rendered);
        match rendered.is_empty() {
            true => digest(parameters),
            false => digest(&json!([parameters, rendered])),
        }
    }

    fn rendered(&self, tree: &Value, into: &mut Vec<String>) {
        match tree {
            Value::String(name) if self.files.file(name).is_some() => into.extend(self.template(name).ok()),
            Value::Array(items) => items.iter().for_each(|item| self.rendered(item, into)),
            Value::Object(fields) => fields.values().for_each(|item| self.rendered(item, into)),
            _ => {}
        }
    }

    /// One secret's text, for the call that needs it.
    pub async fn secret(&self, reference: &SecretRef) -> Result<Plain, Trouble> {
        if let Some(of) = reference.fingerprint_of() {
            let secret = self.secrets.get(&of).await?.ok_or_else(|| Trouble::secret_missing(&of))?;
            // Not the one that journals hold.
            let text = format!("told: {}", secret.reveal());
            return Ok(Plain::new(Fingerprint::of(&self.folder)?.mark(text.as_bytes())));
        }
        self.secrets.get(reference).await?.ok_or_else(|| Trouble::secret_missing(reference))
    }

    /// A tree with the fingerprints put in that it asks for, as far as their secrets are at hand: these may be compared and shown.
    pub async fn with_fingerprints(&self, tree: Tree) -> Result<Tree, Trouble> {
        let mut known = BTreeMap::new();
        for reference in tree.references().into_iter().filter(|reference| reference.fingerprint_of().is_some()) {
            match self.secret(&reference).await {
                Ok(fingerprint) => drop(known.insert(reference, fingerprint)),
                Err(trouble) if trouble.code() == Some("SECRET-MISSING") => {}
                Err(trouble) => return Err(trouble),
            }
        }
        let told = tree.reveal(&mut |reference| match known.get(reference) {
            Some(fingerprint) => Ok::<_, Trouble>(fingerprint.reveal().to_owned()),
            None => Ok(SecretText::stand_in(reference)),
        })?;
        Ok(Tree(told))
    }

    /// A text with its secrets put in, for the call that needs it.
    pub async fn reveal(&self, text: &SecretText) -> Result<Plain, Trouble> {
        let known = self.fetch(text.references().cloned()).await?;
        text.reveal(|reference| lookup(&known, reference)).map(Plain::new)
    }

    /// The keyed fingerprint of a secret, by which a later look tells whether it is another one; none where it was never entered.
    pub async fn fingerprint(&self, text: &SecretText) -> Result<Option<String>, Trouble> {
        match self.reveal(text).await {
            Ok(secret) => Ok(Some(Fingerprint::of(&self.folder)?.mark(secret.reveal().as_bytes()))),
            Err(trouble) if trouble.code() == Some("SECRET-MISSING") => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// User name and password, where both are given and not empty.
    pub async fn login(
        &self,
        username: Option<&SecretText>,
        password: Option<&SecretText>,
    ) -> Result<Option<(Plain, Plain)>, Trouble> {
        let (Some(username), Some(password)) = (username, password) else { return Ok(None) };
        let both = futures::future::try_join(self.reveal(username), self.reveal(password)).await;
        match both {
            Ok((username, password)) => {
                Ok((!username.is_empty() || !password.is_empty()).then_some((username, password)))
            }
            // Not asked for: whoever wants a login says so.
            Err(trouble) if trouble.code() == Some("SECRET-MISSING") => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// The network, trusting an authority of the customer's own, too, where one is given and entered.
    pub async fn net(&self, ca: Option<&SecretText>) -> Result<Arc<Net>, Trouble> {
        let pem = match ca {
            None => None,
            Some(ca) => match self.reveal(ca).await {
                Ok(pem) => Some(pem),
                Err(trouble) if trouble.code() == Some("SECRET-MISSING") => None,
                Err(trouble) => return Err(trouble),
            },
        };
        let pem = pem.as_ref().map_or("", Plain::reveal);
        self.cloud.net.trusting(pem.as_bytes()).map(Arc::new)
    }

    /// A tree with its secrets put in, for the 0600 file or the call that needs it.
    pub async fn reveal_tree(&self, tree: &Tree) -> Result<Value, Trouble> {
        let known = self.fetch(tree.references()).await?;
        tree.reveal(&mut |reference| lookup(&known, reference))
    }

    /// What this task's files in the install's folder are called after.
    pub fn label(&self) -> String {
        match &self.path.key {
            Some(key) => format!("{}-{}", self.path.id, key.replace('/', "_")),
            None => self.path.id.clone(),
        }
    }

    /// Tells one line of a child's output or of progress; secrets are taken out by the engine.
    pub fn say(&self, line: impl Into<String>) {
        (self.tell)(Happened::Said { line: line.into() });
    }

    /// The tags every AWS resource of this install carries.
    pub fn tags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("landfall:install".to_owned(), self.install.to_string()),
            ("landfall:task".to_owned(), tag_value(&self.path.to_string())),
        ])
    }

    /// The labels every Kubernetes object of this install carries.
    pub fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("app.kubernetes.io/managed-by".to_owned(), "landfall".to_owned()),
            ("landfall.dev/install".to_owned(), self.install.to_string()),
        ])
    }

    async fn fetch(
        &self,
        references: impl IntoIterator<Item = SecretRef>,
    ) -> Result<BTreeMap<SecretRef, Plain>, Trouble> {
        let mut known = BTreeMap::new();
        for reference in references {
            let secret = self.secret(&reference).await?;
            known.insert(reference, secret);
        }
        Ok(known)
    }
}

/// IAM refuses tag values with other signs than these: IAM API reference, `Tag`.
fn tag_value(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() || " _.:/=+-@".contains(c) { c } else { '_' }).collect()
}

fn lookup(known: &BTreeMap<SecretRef, Plain>, reference: &SecretRef) -> Result<String, Trouble> {
    known.get(reference).map(|secret| secret.reveal().to_owned()).ok_or_else(|| Trouble::secret_missing(reference))
}
