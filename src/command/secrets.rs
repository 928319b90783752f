//! `secrets`: list, set, remove, without ever showing one.

use landfall_core::value::{Plain, SecretRef};

use super::{Common, Exit, Opened, Use, say::say, status::known_install};
use crate::secret::{Place, sources::refusal};

/// What to do with secrets.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum SecretsCommand {
    /// Say which secrets are wanted and how long each one is, never what it is.
    List {
        /// Guide or install (see `landfall status`).
        guide: String,
    },
    /// Keep a secret, typed without being shown, or read from standard input.
    #[command(after_help = "\
Examples:
  landfall secrets set GUIDE postgres.password
  pass show shield/db | landfall secrets set GUIDE postgres.password")]
    Set {
        /// Guide or install (see `landfall status`).
        guide: String,
        /// Its name, as `landfall secrets list` shows it, e.g. postgres.password.
        #[arg(value_name = "SECRET")]
        reference: String,
    },
    /// Forget a secret.
    Rm {
        /// Guide or install (see `landfall status`).
        guide: String,
        /// Its name, as `landfall secrets list` shows it, e.g. postgres.password.
        #[arg(value_name = "SECRET")]
        reference: String,
    },
    /// Write a secret into a new file that only you can read.
    #[command(after_help = "\
Example:
  landfall secrets deliver GUIDE app_key.key ./app-key")]
    Deliver {
        /// Guide or install (see `landfall status`).
        guide: String,
        /// Its name, as `landfall secrets list` shows it, e.g. postgres.password.
        #[arg(value_name = "SECRET")]
        reference: String,
        /// The file; it must not exist.
        file: std::path::PathBuf,
    },
}

/// Does it.
pub async fn secrets(common: &Common, command: &SecretsCommand) -> i32 {
    let named = match command {
        SecretsCommand::List { guide }
        | SecretsCommand::Set { guide, .. }
        | SecretsCommand::Rm { guide, .. }
        | SecretsCommand::Deliver { guide, .. } => guide,
    };
    let (guide, story) = match crate::guides::find(named) {
        Ok(_) => (named.clone(), None),
        Err(_) => match known_install(common, named) {
            Ok((guide, story)) => (guide, Some(story)),
            Err(exit) => return exit.code(),
        },
    };
    let mut opened = match Opened::guide(common, &guide) {
        Ok(opened) => opened,
        Err(exit) => return exit.code(),
    };
    // An install that is named is where its journal says.
    if let Some(story) = story.filter(|_| common.answers.is_none()) {
        opened.session.answers.target = story.answers.target;
    }
    let exit = match carry_out(&mut opened, command).await {
        Ok(exit) | Err(exit) => exit,
    };
    if exit != Exit::Done {
        return opened.end(exit, None);
    }
    exit.code()
}

async fn carry_out(opened: &mut Opened, command: &SecretsCommand) -> Result<Exit, Exit> {
    let does = match command {
        SecretsCommand::List { .. } | SecretsCommand::Deliver { .. } => Use::Reads,
        SecretsCommand::Set { .. } | SecretsCommand::Rm { .. } => Use::Writes,
    };
    // What is not answered yet does not matter here.
    opened.reach(does).await?;
    if does == Use::Writes && opened.session.settle().open.is_empty() {
        opened.answered().await?;
    }
    let vault =
        opened.session.bound().map(|bound| bound.vault.clone()).map_err(|trouble| opened.refuse(trouble.problem()))?;
    match command {
        SecretsCommand::List { .. } => {
            say!("kept in {}", vault.place());
            if *vault.place() == Place::Session {
                say!("what another process keeps for its session is not seen from here");
            }
            let wanted: Vec<_> = opened.session.wanted_secrets().into_iter().cloned().collect();
            for secret in wanted {
                let fields: Vec<String> = match secret.rows {
                    Some(_) => vec!["value".into()],
                    None => secret.fields.iter().map(|field| field.id.clone()).collect(),
                };
                for field in fields {
                    let reference = SecretRef::field(&secret.id, &field);
                    let state = match vault.read(&reference).await {
                        Ok(Some(plain)) => format!(
                            "{} characters{}",
                            plain.len(),
                            if plain.stray_space() { ", ends in space or a newline" } else { "" }
                        ),
                        Ok(None) => "missing".into(),
                        Err(trouble) => trouble.to_string(),
                    };
                    say!("{reference}: {state}");
                }
            }
        }
        SecretsCommand::Set { reference, .. } => {
            let reference = SecretRef(reference.clone());
            let field = reference.0.split_once('.').and_then(|(secret, field)| {
                let secret = opened.session.guide.guide.secrets.iter().find(|known| known.id == secret)?;
                secret.fields.iter().find(|known| known.id == field).cloned()
            });
            let Some(field) = field else {
                opened.reporter.problem(landfall_core::event::Problem::new(
                    "SECRET-UNKNOWN",
                    format!("{} has no secret called {reference}", opened.session.guide.guide.title),
                    "See them with `landfall secrets list`.",
                ));
                return Err(Exit::Usage);
            };
            let plain = read_secret(&reference).map_err(|error| {
                opened.refuse(landfall_core::event::Problem::new(
                    "SECRET-SOURCE",
                    error.to_string(),
                    "Pipe it in, or type it on a terminal.",
                ))
            })?;
            let plain = if field.multiline { plain } else { plain.trimmed() };
            if let Some(refused) = refusal(&field, &plain) {
                opened.reporter.problem(landfall_core::event::Problem::new(
                    "SECRET-REFUSED",
                    refused,
                    "Enter another.",
                ));
                return Err(Exit::Usage);
            }
            vault
                .keep(&reference, plain)
                .await
                .map_err(|trouble| opened.refuse(crate::cloud::Trouble::from(trouble).problem()))?;
            say!("kept {reference} in {}", vault.place());
        }
        SecretsCommand::Rm { reference, .. } => {
            let reference = SecretRef(reference.clone());
            vault
                .forget(&reference)
                .await
                .map_err(|trouble| opened.refuse(crate::cloud::Trouble::from(trouble).problem()))?;
            say!("forgotten {reference}");
        }
        SecretsCommand::Deliver { reference, file, .. } => {
            let reference = SecretRef(reference.clone());
            let plain = vault
                .read(&reference)
                .await
                .map_err(|trouble| opened.refuse(crate::cloud::Trouble::from(trouble).problem()))?;
            let plain =
                plain.ok_or_else(|| opened.refuse(crate::cloud::Trouble::secret_missing(&reference).problem()))?;
            write_private(file, &plain).map_err(|error| {
                opened.refuse(landfall_core::event::Problem::new(
                    "SECRET-DELIVERY",
                    format!("{}: {error}", file.display()),
                    "Choose a file that does not exist yet.",
                ))
            })?;
            say!("written to {} (0600); remove it once it has been taken over", file.display());
        }
    }
    Ok(Exit::Done)
}

fn read_secret(reference: &SecretRef) -> std::io::Result<Plain> {
    use std::io::{IsTerminal, Read};
    if std::io::stdin().is_terminal() {
        return crate::line::hidden(&format!("{reference}:"));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(Plain::new(text))
}

/// Writes a secret into a new file that nobody else can read.
pub fn write_private(file: &std::path::Path, plain: &Plain) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(file)?.write_all(plain.reveal().as_bytes())
}
