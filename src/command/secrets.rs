//! `secrets`: list, set, remove, without ever showing one.

use landfall_core::value::{Plain, SecretRef};

use super::{Common, Exit, Opened, say::say, status::known_install};
use crate::secret::sources::refusal;

/// What to do with secrets.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum SecretsCommand {
    /// Which secrets an install wants, and which are there.
    List {
        /// Guide or install.
        guide: String,
    },
    /// Keep one, read from standard input or asked for without echo.
    Set {
        /// Guide or install.
        guide: String,
        /// `secret.field`.
        reference: String,
    },
    /// Forget one.
    Rm {
        /// Guide or install.
        guide: String,
        /// `secret.field`.
        reference: String,
    },
    /// Write one into a file only you can read (0600).
    Deliver {
        /// Guide or install.
        guide: String,
        /// `secret.field`.
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
    let guide = match crate::guides::find(named) {
        Ok(_) => named.clone(),
        Err(_) => match known_install(common, named) {
            Ok((guide, _)) => guide,
            Err(exit) => return exit.code(),
        },
    };
    let mut opened = match Opened::guide(common, &guide) {
        Ok(opened) => opened,
        Err(exit) => return exit.code(),
    };
    let exit = match carry_out(&mut opened, command).await {
        Ok(exit) | Err(exit) => exit,
    };
    if exit != Exit::Done {
        return opened.end(exit, None);
    }
    exit.code()
}

async fn carry_out(opened: &mut Opened, command: &SecretsCommand) -> Result<Exit, Exit> {
    // Open answers do not matter here; the install must be bound all the same.
    match opened.ready().await {
        Ok(()) | Err(Exit::Usage) if opened.session.bound.is_some() => {}
        Err(exit) => return Err(exit),
        Ok(()) => {}
    }
    let vault =
        opened.session.bound().map(|bound| bound.vault.clone()).map_err(|trouble| opened.refuse(trouble.problem()))?;
    match command {
        SecretsCommand::List { .. } => {
            say!("kept in {}", vault.place());
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
