//! `http.request`: one call to the installed product, e.g. its first API key; what it answers once is kept in the vault.

use std::{collections::BTreeMap, path::PathBuf};

use async_trait::async_trait;
use landfall_core::{
    catalogue::Again,
    event::{Found, Host, Problem},
    value::{Plain, SecretRef, SecretText, Tree},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    cloud::{
        Trouble,
        net::{host_of, secret_header},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpRequest {
    /// Method.
    method: String,
    /// Address.
    url: String,
    /// Headers; they may hold secrets.
    #[serde(default)]
    headers: BTreeMap<String, SecretText>,
    /// JSON body; it may hold secrets.
    #[serde(default)]
    body: Option<Tree>,
    /// Accepted statuses.
    #[serde(default = "fine")]
    expect: Vec<u16>,
    /// Secrets in the answer: name to JSON pointer. Kept in the vault as `<task>.<name>`.
    #[serde(default)]
    capture: BTreeMap<String, String>,
    /// A file (0600) the captured secrets are written to; nothing where they stay in the vault.
    #[serde(default)]
    deliver_to: Option<String>,
    /// It must not be repeated.
    #[serde(default)]
    #[allow(dead_code)]
    once: bool,
    /// An authority that is trusted, too (PEM).
    #[serde(default)]
    ca: Option<SecretText>,
}

fn fine() -> Vec<u16> {
    vec![200, 201]
}

/// What is left to know.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Where captured secrets were delivered.
    pub delivered: Option<PathBuf>,
}

#[async_trait]
impl Step for HttpRequest {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Once,
        ..StepAbout::new("http.request", "NET-10", "one call to the installed product")
    };
    const NAMES_HOSTS: bool = true;

    /// The world cannot be asked; what the marker in the install's folder says is what landed.
    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let marker = self.marker(cx);
        if !marker.exists() {
            return Ok(Found::absent());
        }
        let delivered = self.deliver_to.as_ref().filter(|path| !path.is_empty()).map(PathBuf::from);
        Ok(Found::there(Outputs { delivered }, Vec::new(), landfall_core::event::Owner::Ours))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let method = http::Method::from_bytes(self.method.as_bytes())
            .map_err(|_| Trouble::guide(format!("{:?} is not an HTTP method", self.method), "Correct the guide."))?;
        let mut request = cx.net(self.ca.as_ref()).await?.http()?.request(method, &self.url);
        for (name, value) in &self.headers {
            request = request.header(name, secret_header(cx.reveal(value).await?.reveal())?);
        }
        if let Some(body) = &self.body {
            request = request.json(&cx.reveal_tree(body).await?);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        if !self.expect.contains(&status) {
            // The body of a refusal may repeat what was sent; only its status is told.
            return Err(Problem::new(
                "HTTP-REFUSED",
                format!("{} answers {status}", self.url),
                "Check that the product is ready and that its admin key is the one in Secrets.",
            )
            .into());
        }
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        for (name, pointer) in &self.capture {
            let secret = answer.pointer(pointer).and_then(Value::as_str).ok_or_else(|| {
                Trouble::from(Problem::new(
                    "HTTP-CAPTURE",
                    format!("{} answers without {pointer}", self.url),
                    "It was made all the same: look it up in the product, and remove it if it is of no use.",
                ))
            })?;
            let secret = Plain::new(secret.to_owned());
            cx.secrets.put(&SecretRef::field(&cx.path.id, name), secret.clone()).await?;
            if let Some(path) = self.deliver_to.as_ref().filter(|path| !path.is_empty()) {
                crate::cloud::keep_private(std::path::Path::new(path), secret.reveal().as_bytes())?;
                cx.say(format!("written to {path} (0600)"));
            }
        }
        crate::cloud::keep_private(&self.marker(cx), status.to_string().as_bytes())?;
        Ok(Applied::made())
    }

    async fn undo(&self, cx: &Context, _made: &Made) -> Result<(), Trouble> {
        let marker = self.marker(cx);
        if marker.exists() {
            std::fs::remove_file(&marker)
                .map_err(|error| Trouble::guide(error.to_string(), "Check the folder's rights."))?;
        }
        cx.say(format!("what {} made stays in the product; remove it there", self.url));
        Ok(())
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        let mut command = format!("curl -fsS -X {} {}", self.method, shell_words::quote(&self.url));
        for (name, value) in &self.headers {
            command.push_str(&format!(" -H {}", shell_words::quote(&format!("{name}: {value}"))));
        }
        if let Some(body) = &self.body {
            command.push_str(&format!(" --json {}", shell_words::quote(&body.shown().to_string())));
        }
        vec![command]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        "what it made stays in the product; a person removes it there".into()
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        host_of(&self.url, "what is installed is called").map(|host| host.reached_by("later")).into_iter().collect()
    }
}

impl HttpRequest {
    fn marker(&self, cx: &Context) -> PathBuf {
        let name = cx.path.to_string().replace(['/', '[', ']'], "-");
        cx.folder.join(format!("{name}.done"))
    }
}
