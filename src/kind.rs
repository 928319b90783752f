//! What is a kind? A check looks, a step changes one thing, a look-up fills a table; guides name them, the engine calls them.
//!
//! A kind is one file: a parameter struct that implements one of the three traits, and one line in `kinds.rs`.

pub mod given;

use std::{any::type_name, collections::BTreeMap, future::Future, path::PathBuf, pin::Pin, sync::Arc};

use async_trait::async_trait;
use landfall_core::{
    catalogue::{Again, Descriptor, Room, Touches},
    clock::Span,
    event::{Found, Happened, Host, Outcome, Permissions, Question, Rbac, Table, TaskPath},
    guide::Folder,
    plan::{InstallId, digest},
    value::{Plain, Scope, SecretRef, SecretText, Tree, render_file},
};
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::cloud::{Cloud, Fingerprint, Net, Trouble};

/// Where an install goes; fixed when Target is confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// AWS account id, twelve digits; empty without AWS.
    pub account: String,
    /// AWS region.
    pub region: String,
    /// Cluster's name.
    pub cluster: String,
    /// Cluster's ARN, or a digest of its API server's CA.
    pub cluster_id: String,
    /// Namespace.
    pub namespace: String,
    /// AWS partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
}

impl Target {
    /// The ARN of something in this account and region; `*` stands for what is not known yet.
    pub fn arn(&self, service: &str, rest: &str) -> String {
        let known = |text: &str| if text.is_empty() { "*".to_owned() } else { text.to_owned() };
        let partition = if self.partition.is_empty() { "aws" } else { &self.partition };
        // IAM belongs to no region.
        let region = if service == "iam" { String::new() } else { known(&self.region) };
        format!("arn:{partition}:{service}:{region}:{}:{rest}", known(&self.account))
    }
}

/// What the whole plan needs, computed by the engine for checks that look at all of it.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Every permission of every step and check.
    pub permissions: Permissions,
    /// Every host somebody must reach.
    pub hosts: Vec<Host>,
    /// How long the longest step usually takes.
    pub longest_step: Option<Span>,
    /// Container images the plan will run.
    pub images: Vec<String>,
}

/// Where the secrets are. Only [`Context::secret`] and its siblings reach it.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The secret's text; `None` where it was never entered.
    async fn get(&self, reference: &SecretRef) -> Result<Option<Plain>, Trouble>;
    /// Keeps a secret (a value made or replaced by a step).
    async fn put(&self, reference: &SecretRef, secret: Plain) -> Result<(), Trouble>;
    /// Forgets a secret that is of no use any more.
    async fn forget(&self, reference: &SecretRef) -> Result<(), Trouble>;
    /// Whether they are still there in a later run: only then may it be their only place.
    fn lasts(&self) -> bool {
        true
    }
}

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
            Value::String(name) if name.ends_with(".j2") => into.extend(self.template(name).ok()),
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

/// What a check declares of itself.
#[derive(Clone, Copy, Debug)]
pub struct CheckAbout {
    /// The name guides use, e.g. `aws.quota`.
    pub name: &'static str,
    /// Its row's code, e.g. `AWS-04`.
    pub code: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// What it touches.
    pub touches: Touches,
}

/// Looks at something.
#[async_trait]
pub trait Check: DeserializeOwned + JsonSchema + Send + Sync + Sized + 'static {
    /// What it declares.
    const ABOUT: CheckAbout;

    /// Looks. No waiting, no printing, no retry: `NotYet` is asked again by the engine.
    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble>;

    /// What it needs to be allowed to do.
    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default()
    }

    /// Hosts it talks to.
    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        Vec::new()
    }
}

/// What a step declares of itself.
#[derive(Clone, Copy, Debug)]
pub struct StepAbout {
    /// The name guides use, e.g. `eks.node_group`.
    pub name: &'static str,
    /// Its row's code, e.g. `EKS-01`.
    pub code: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// How it may be repeated after a lost answer.
    pub again: Again,
    /// Whether undoing it loses data.
    pub keeps_data: bool,
    /// What of it costs money, and by what, e.g. `the instance by the hour`.
    pub costs: Option<&'static str>,
    /// Parameters that cannot be changed once it is made, e.g. `["name", "subnets"]`.
    pub fixed: &'static [&'static str],
    /// How often the engine looks again while it waits.
    pub interval: Span,
    /// After how long it gives up, unless the guide says otherwise.
    pub deadline: Span,
    /// What is usual, e.g. `3 to 6 minutes`.
    pub usual: Option<&'static str>,
}

impl StepAbout {
    /// The usual case: an upsert looked at every 2 s for 2 minutes.
    pub const fn new(name: &'static str, code: &'static str, about: &'static str) -> Self {
        Self {
            name,
            code,
            about,
            again: Again::Upsert,
            keeps_data: false,
            costs: None,
            fixed: &[],
            interval: Span::seconds(2),
            deadline: Span::minutes(2),
            usual: None,
        }
    }
}

/// What carries on in the background after `apply` returned: a child or a transfer. It tells its progress through
/// [`Context::tell`], and stops soon after [`Context::cancel`].
pub type Job = Pin<Box<dyn Future<Output = Result<(), Trouble>> + Send>>;

/// What `apply` did.
pub enum Applied {
    /// It sent its change; `before` is what was there, where something was.
    Sent {
        /// Enough to restore it; secrets as references into the vault.
        before: Option<Value>,
    },
    /// It started something that carries on and makes something new.
    Started(Job),
    /// It started something that carries on and changes what was there.
    StartedOver {
        /// Enough to restore it; secrets as references into the vault.
        before: Value,
        /// What carries on.
        job: Job,
    },
}

impl Applied {
    /// It made something new.
    pub fn made() -> Self {
        Self::Sent { before: None }
    }

    /// It changed something.
    pub fn changed(before: Value) -> Self {
        Self::Sent { before: Some(before) }
    }
}

/// What a step made, as the journal knows it: enough to take it away again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Its outputs.
    pub outputs: Value,
    /// What was there before, where something was changed.
    pub before: Option<Value>,
}

/// What somebody else could apply instead of us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// For people, e.g. `a manifest`.
    pub title: &'static str,
    /// `yaml`, `hcl`.
    pub language: &'static str,
    /// The text.
    pub text: String,
}

impl Rendered {
    /// A Kubernetes manifest.
    pub fn manifest(object: &Value) -> Self {
        let text = serde_yaml::to_string(object).unwrap_or_default();
        Self { title: "a manifest", language: "yaml", text }
    }

    /// Terraform.
    pub fn terraform(text: impl Into<String>) -> Self {
        Self { title: "Terraform", language: "hcl", text: text.into() }
    }
}

/// What planning may look at: no doors, no secrets.
pub struct PlanView<'a> {
    /// Where the install goes.
    pub target: &'a Target,
    /// Which install.
    pub install: &'a InstallId,
    /// The guide's files.
    pub files: &'a Folder,
    /// The names templates may read; step outputs may be unknown.
    pub scope: &'a Scope,
}

impl PlanView<'_> {
    /// Renders one of the guide's template files for people.
    pub fn template(&self, name: &str) -> String {
        match self.files.file(name) {
            Some(text) => render_file(self.scope, text).unwrap_or_else(|fault| format!("<{name}: {fault}>")),
            None => format!("<{name}>"),
        }
    }
}

/// Changes one thing.
#[async_trait]
pub trait Step: DeserializeOwned + JsonSchema + Send + Sync + Sized + 'static {
    /// What other tasks may read as `steps.<id>.<field>`.
    type Outputs: Serialize + DeserializeOwned + JsonSchema + Send + Sync;

    /// What it declares.
    const ABOUT: StepAbout;

    /// What is there now. Late parameters may still be unknown: then answer from the identity alone.
    async fn inspect(&self, cx: &Context) -> Result<Found<Self::Outputs>, Trouble>;

    /// Sends one change and returns; the engine inspects until it is there. `token` is the same for the same
    /// parameters after a lost answer.
    async fn apply(&self, cx: &Context, token: &str) -> Result<Applied, Trouble>;

    /// What a person has to agree to right before `apply`, where the change has to be worked out and seen first (another
    /// tool's plan). `apply` then carries out exactly that; a choice called `stop` or `use_as_is` means that it does not.
    async fn approval(&self, _cx: &Context) -> Result<Option<Question>, Trouble> {
        Ok(None)
    }

    /// Nobody agreed: what `approval` prepared is put away.
    async fn declined(&self, _cx: &Context) {}

    /// Takes away what `made` says, or restores what was there before; the engine inspects until it is so.
    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble>;

    /// What taking it away would do, for people, where that has to be worked out (another tool's plan).
    async fn undo_preview(&self, _cx: &Context, _made: &Made) -> Result<String, Trouble> {
        Ok(String::new())
    }

    /// Carries out one of the ways out that `inspect` offered for a broken state.
    async fn recover(&self, _cx: &Context, recovery: &str) -> Result<(), Trouble> {
        Err(Trouble::guide(
            format!("{} has no way out called {recovery}", Self::ABOUT.name),
            "Choose one of those offered.",
        ))
    }

    /// What applying would change, as a diff for people; secrets stand as `<secret x.y>`. Empty where its differences say it.
    async fn preview(&self, _cx: &Context) -> Result<String, Trouble> {
        Ok(String::new())
    }

    /// What a person would type instead, one command an entry. Secrets stand as `<secret x.y>`.
    fn commands(&self, cx: &PlanView<'_>) -> Vec<String>;

    /// What somebody else could apply instead: a manifest, Terraform. Secrets stand as `<secret x.y>`.
    fn render(&self, _cx: &PlanView<'_>) -> Vec<Rendered> {
        Vec::new()
    }

    /// What taking it away means, in one line.
    fn undo_line(&self, cx: &PlanView<'_>) -> String;

    /// Whether taking this one away loses data, where that is not so for all of its kind.
    fn keeps_data(&self, _cx: &PlanView<'_>) -> bool {
        Self::ABOUT.keeps_data
    }

    /// Exactly what a person has to do, where only a person can; the engine then sends nothing and waits.
    fn instruction(&self, _cx: &PlanView<'_>) -> Option<String> {
        None
    }

    /// What it needs to be allowed to do.
    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default()
    }

    /// Hosts it, the nodes or the pods talk to because of it.
    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        Vec::new()
    }

    /// Container images it will run.
    fn images(&self, _cx: &PlanView<'_>) -> Vec<String> {
        Vec::new()
    }
}

/// What a look-up declares of itself.
#[derive(Clone, Copy, Debug)]
pub struct LookupAbout {
    /// The name guides use, e.g. `aws.eks_gpu_amis`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
}

/// Fills an input's table, or a fact that is frozen into the plan.
#[async_trait]
pub trait Lookup: DeserializeOwned + JsonSchema + Send + Sync + Sized + 'static {
    /// What it declares.
    const ABOUT: LookupAbout;

    /// The rows.
    async fn rows(&self, cx: &Context) -> Result<Table, Trouble>;
}

/// A check whose parameters are still a tree.
#[async_trait]
pub trait AnyCheck: Send + Sync {
    /// What it declares, with schemas.
    fn describe(&self) -> Descriptor;
    /// Whether the parameters fit.
    fn fits(&self, parameters: &Value) -> Result<(), Misfit>;
    /// Looks.
    async fn run(&self, cx: &Context, parameters: &Value) -> Result<Outcome, Trouble>;
    /// What it needs.
    fn permissions(&self, cx: &PlanView<'_>, parameters: &Value) -> Permissions;
    /// Hosts it talks to.
    fn hosts(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<Host>;
}

/// A step whose parameters are still a tree.
#[async_trait]
pub trait AnyStep: Send + Sync {
    /// What it declares, with schemas.
    fn describe(&self) -> Descriptor;
    /// Whether the parameters fit.
    fn fits(&self, parameters: &Value) -> Result<(), Misfit>;
    /// What is there now.
    async fn inspect(&self, cx: &Context, parameters: &Value) -> Result<Found, Trouble>;
    /// Sends one change.
    async fn apply(&self, cx: &Context, parameters: &Value, token: &str) -> Result<Applied, Trouble>;
    /// What has to be agreed to first.
    async fn approval(&self, cx: &Context, parameters: &Value) -> Result<Option<Question>, Trouble>;
    /// Nobody agreed.
    async fn declined(&self, cx: &Context, parameters: &Value);
    /// Takes it away.
    async fn undo(&self, cx: &Context, parameters: &Value, made: &Made) -> Result<(), Trouble>;
    /// What taking it away would do.
    async fn undo_preview(&self, cx: &Context, parameters: &Value, made: &Made) -> Result<String, Trouble>;
    /// Carries out a way out.
    async fn recover(&self, cx: &Context, parameters: &Value, recovery: &str) -> Result<(), Trouble>;
    /// What applying would change.
    async fn preview(&self, cx: &Context, parameters: &Value) -> Result<String, Trouble>;
    /// What a person would type.
    fn commands(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<String>;
    /// What somebody else could apply.
    fn render(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<Rendered>;
    /// What taking it away means.
    fn undo_line(&self, cx: &PlanView<'_>, parameters: &Value) -> String;
    /// Whether taking it away loses data.
    fn keeps_data(&self, cx: &PlanView<'_>, parameters: &Value) -> bool;
    /// What a person has to do, where only a person can.
    fn instruction(&self, cx: &PlanView<'_>, parameters: &Value) -> Option<String>;
    /// What it needs.
    fn permissions(&self, cx: &PlanView<'_>, parameters: &Value) -> Permissions;
    /// Hosts.
    fn hosts(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<Host>;
    /// Images.
    fn images(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<String>;
}

/// A look-up whose parameters are still a tree.
#[async_trait]
pub trait AnyLookup: Send + Sync {
    /// What it declares, with schemas.
    fn describe(&self) -> Descriptor;
    /// Whether the parameters fit.
    fn fits(&self, parameters: &Value) -> Result<(), Misfit>;
    /// The rows.
    async fn rows(&self, cx: &Context, parameters: &Value) -> Result<Table, Trouble>;
}

/// Parameters that do not fit a kind: where inside them, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Misfit {
    /// JSON pointer inside the parameters.
    pub pointer: String,
    /// Why.
    pub message: String,
}

/// Turns a kind's type into a trait object.
pub struct Erased<K>(std::marker::PhantomData<fn() -> K>);

impl<K> Erased<K> {
    /// The kind itself has no state.
    #[must_use]
    pub const fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<K> Default for Erased<K> {
    fn default() -> Self {
        Self::new()
    }
}

fn decode<K: DeserializeOwned>(parameters: &Value) -> Result<K, Misfit> {
    // A guide that gives no parameters writes nothing at all.
    let parameters = if parameters.is_null() { Value::Object(serde_json::Map::new()) } else { parameters.clone() };
    serde_path_to_error::deserialize(parameters).map_err(|error| {
        let pointer = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                serde_path_to_error::Segment::Seq { index } => Some(format!("/{index}")),
                serde_path_to_error::Segment::Map { key } => Some(format!("/{key}")),
                _ => None,
            })
            .collect();
        let path = error.path().to_string();
        let cause = error.into_inner();
        let message = if path == "." { cause.to_string() } else { format!("{path}: {cause}") };
        Misfit { pointer, message }
    })
}

fn decoded<K: DeserializeOwned>(parameters: &Value) -> Result<K, Trouble> {
    decode(parameters).map_err(|misfit| {
        Trouble::guide(format!("parameters of {}: {misfit}", type_name::<K>()), "Run `landfall guide lint`.")
    })
}

fn bare(name: &str, room: Room, about: &str, parameters: Value) -> Descriptor {
    Descriptor {
        name: name.into(),
        room,
        code: String::new(),
        about: about.into(),
        parameters,
        outputs: Value::Null,
        touches: Touches::Nothing,
        again: Again::Upsert,
        keeps_data: false,
        costs: None,
        fixed: Vec::new(),
        interval: Span::seconds(2),
        deadline: Span::minutes(2),
        usual: None,
    }
}

#[async_trait]
impl<K: Check> AnyCheck for Erased<K> {
    fn describe(&self) -> Descriptor {
        let about = K::ABOUT;
        Descriptor {
            code: about.code.into(),
            touches: about.touches,
            ..bare(about.name, Room::Check, about.about, schema_for!(K).to_value())
        }
    }

    fn fits(&self, parameters: &Value) -> Result<(), Misfit> {
        decode::<K>(parameters).map(drop)
    }

    async fn run(&self, cx: &Context, parameters: &Value) -> Result<Outcome, Trouble> {
        decoded::<K>(parameters)?.run(cx).await
    }

    fn permissions(&self, cx: &PlanView<'_>, parameters: &Value) -> Permissions {
        decode::<K>(parameters).map_or_else(|_| Permissions::default(), |kind| kind.permissions(cx))
    }

    fn hosts(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<Host> {
        decode::<K>(parameters).map_or_else(|_| Vec::new(), |kind| kind.hosts(cx))
    }
}

#[async_trait]
impl<K: Step> AnyStep for Erased<K> {
    fn describe(&self) -> Descriptor {
        let about = K::ABOUT;
        Descriptor {
            code: about.code.into(),
            outputs: schema_for!(K::Outputs).to_value(),
            again: about.again,
            keeps_data: about.keeps_data,
            costs: about.costs.map(str::to_owned),
            fixed: about.fixed.iter().map(|field| (*field).to_owned()).collect(),
            interval: about.interval,
            deadline: about.deadline,
            usual: about.usual.map(str::to_owned),
            ..bare(about.name, Room::Step, about.about, schema_for!(K).to_value())
        }
    }

    fn fits(&self, parameters: &Value) -> Result<(), Misfit> {
        decode::<K>(parameters).map(drop)
    }

    async fn inspect(&self, cx: &Context, parameters: &Value) -> Result<Found, Trouble> {
        let found = decoded::<K>(parameters)?.inspect(cx).await?;
        found.map(|outputs| {
            serde_json::to_value(outputs).map_err(|error| Trouble::guide(error.to_string(), "Report this."))
        })
    }

    async fn apply(&self, cx: &Context, parameters: &Value, token: &str) -> Result<Applied, Trouble> {
        decoded::<K>(parameters)?.apply(cx, token).await
    }

    async fn approval(&self, cx: &Context, parameters: &Value) -> Result<Option<Question>, Trouble> {
        decoded::<K>(parameters)?.approval(cx).await
    }

    async fn declined(&self, cx: &Context, parameters: &Value) {
        if let Ok(kind) = decoded::<K>(parameters) {
            kind.declined(cx).await;
        }
    }

    async fn undo(&self, cx: &Context, parameters: &Value, made: &Made) -> Result<(), Trouble> {
        decoded::<K>(parameters)?.undo(cx, made).await
    }

    async fn undo_preview(&self, cx: &Context, parameters: &Value, made: &Made) -> Result<String, Trouble> {
        decoded::<K>(parameters)?.undo_preview(cx, made).await
    }

    async fn recover(&self, cx: &Context, parameters: &Value, recovery: &str) -> Result<(), Trouble> {
        decoded::<K>(parameters)?.recover(cx, recovery).await
    }

    async fn preview(&self, cx: &Context, parameters: &Value) -> Result<String, Trouble> {
        decoded::<K>(parameters)?.preview(cx).await
    }

    fn commands(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<String> {
        decode::<K>(parameters).map_or_else(|_| Vec::new(), |kind| kind.commands(cx))
    }

    fn render(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<Rendered> {
        decode::<K>(parameters).map_or_else(|_| Vec::new(), |kind| kind.render(cx))
    }

    fn undo_line(&self, cx: &PlanView<'_>, parameters: &Value) -> String {
        decode::<K>(parameters).map_or_else(|_| String::new(), |kind| kind.undo_line(cx))
    }

    fn keeps_data(&self, cx: &PlanView<'_>, parameters: &Value) -> bool {
        decode::<K>(parameters).map_or(K::ABOUT.keeps_data, |kind| kind.keeps_data(cx))
    }

    fn instruction(&self, cx: &PlanView<'_>, parameters: &Value) -> Option<String> {
        decode::<K>(parameters).ok()?.instruction(cx)
    }

    fn permissions(&self, cx: &PlanView<'_>, parameters: &Value) -> Permissions {
        decode::<K>(parameters).map_or_else(|_| Permissions::default(), |kind| kind.permissions(cx))
    }

    fn hosts(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<Host> {
        decode::<K>(parameters).map_or_else(|_| Vec::new(), |kind| kind.hosts(cx))
    }

    fn images(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<String> {
        decode::<K>(parameters).map_or_else(|_| Vec::new(), |kind| kind.images(cx))
    }
}

#[async_trait]
impl<K: Lookup> AnyLookup for Erased<K> {
    fn describe(&self) -> Descriptor {
        bare(K::ABOUT.name, Room::Lookup, K::ABOUT.about, schema_for!(K).to_value())
    }

    fn fits(&self, parameters: &Value) -> Result<(), Misfit> {
        decode::<K>(parameters).map(drop)
    }

    async fn rows(&self, cx: &Context, parameters: &Value) -> Result<Table, Trouble> {
        decoded::<K>(parameters)?.rows(cx).await
    }
}

/// One Kubernetes permission, said shortly.
pub fn rbac(namespace: Option<&str>, group: &str, resource: &str, verb: &str) -> Rbac {
    Rbac { namespace: namespace.map(str::to_owned), group: group.into(), resource: resource.into(), verb: verb.into() }
}
