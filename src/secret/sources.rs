//! How does a secret come in? From a file, an environment variable, a command, AWS Secrets Manager, or made up.

use std::collections::BTreeMap;

use landfall_core::{
    event::Problem,
    guide::{Field, Generate, RowSecret, Secret},
    plan::SecretSource,
    value::{Plain, SecretRef},
};
use uuid::Uuid;

use super::Vault;
use crate::cloud::{Cloud, Trouble, process};

/// A secret from its source; `None` where the source says that the vault or the cluster has it.
pub async fn fetch(source: &SecretSource, cloud: &Cloud) -> Result<Option<Plain>, Trouble> {
    let wrong = |what: String, fix: &str| Trouble::from(Problem::new("SECRET-SOURCE", what, fix));
    match source {
        SecretSource::File(path) => {
            let text = tokio::fs::read_to_string(path).await.map_err(|error| {
                wrong(format!("{}: {error}", path.display()), "Correct the path or the file's rights.")
            })?;
            Ok(Some(Plain::new(text)))
        }
        SecretSource::Env(name) => {
            let text = std::env::var(name).map_err(|_| {
                wrong(format!("the environment variable {name} is not set"), "Set it, or name another source.")
            })?;
            Ok(Some(Plain::new(text)))
        }
        SecretSource::Command(words) => {
            let (program, arguments) = words
                .split_first()
                .ok_or_else(|| wrong("the command is empty".into(), "Write it as a list of words."))?;
            let output = process::persons_own(program, arguments).await.map_err(|error| {
                wrong(format!("{program}: {error}"), "Check that the command can be run from here.")
            })?;
            if !output.status.success() {
                return Err(wrong(format!("{program} ended with {}", output.status), "Run it by hand to see why."));
            }
            let text = String::from_utf8(output.stdout)
                .map_err(|_| wrong(format!("what {program} prints is not text"), "Let it print text."))?;
            // Every command ends its output with a newline; a secret that really ends with one comes from a file.
            Ok(Some(Plain::new(text.strip_suffix('\n').map(str::to_owned).unwrap_or(text))))
        }
        SecretSource::AwsSecret(name) => {
            let (name, key) = name.split_once('#').map_or((name.as_str(), None), |(name, key)| (name, Some(key)));
            let answer = cloud.aws.secretsmanager().await?.get_secret_value().secret_id(name).send().await?;
            let text = answer
                .secret_string()
                .ok_or_else(|| wrong(format!("the secret {name} holds no text"), "Store it as text."))?;
            let text = match key {
                None => text.to_owned(),
                Some(key) => serde_json::from_str::<BTreeMap<String, serde_json::Value>>(text)
                    .ok()
                    .and_then(|map| map.get(key)?.as_str().map(str::to_owned))
                    .ok_or_else(|| wrong(format!("the secret {name} has no key {key}"), "Name one of its keys."))?,
            };
            Ok(Some(Plain::new(text)))
        }
        SecretSource::Generate(how) => Ok(Some(generate(*how, None))),
        SecretSource::Vault(_) | SecretSource::Existing(_) | SecretSource::Rows(_) => Ok(None),
    }
}

/// Makes a secret up from the system's random numbers, as long as its field asks.
pub fn generate(how: Generate, at_least: Option<usize>) -> Plain {
    match how {
        Generate::Uuid => Plain::new(Uuid::new_v4().to_string()),
        Generate::Password => {
            const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-_.+";
            let length = at_least.unwrap_or_default().max(24);
            loop {
                let mut text = String::new();
                while text.len() < length {
                    // Bytes above the last whole multiple are thrown away, so that each letter is equally likely.
                    let fair = 256 - 256 % LETTERS.len();
                    let bytes = Uuid::new_v4();
                    // Six bits of a version 4 UUID are fixed; they stand in bytes 6 and 8.
                    let random = bytes.as_bytes().iter().enumerate().filter(|(index, _)| ![6, 8].contains(index));
                    text.extend(
                        random
                            .map(|(_, byte)| usize::from(*byte))
                            .filter(|byte| *byte < fair)
                            .map(|byte| char::from(LETTERS[byte % LETTERS.len()])),
                    );
                }
                text.truncate(length);
                let has = |test: fn(char) -> bool| text.contains(test);
                if has(|c| c.is_ascii_uppercase())
                    && has(|c| c.is_ascii_lowercase())
                    && has(|c| c.is_ascii_digit())
                    && has(|c| c.is_ascii_punctuation())
                {
                    return Plain::new(text);
                }
            }
        }
    }
}

/// Why a secret's text does not fit its field; never quotes it.
pub fn refusal(field: &Field, secret: &Plain) -> Option<String> {
    let label = field.label.clone().unwrap_or_else(|| field.id.replace('_', " "));
    if secret.is_empty() {
        return (!field.optional).then(|| format!("{label} is empty"));
    }
    if let Some(least) = field.at_least.filter(|least| secret.len() < *least) {
        return Some(format!("{label} has {} characters; it needs at least {least}", secret.len()));
    }
    if !field.multiline && secret.reveal().contains(['\n', '\r']) {
        return Some(format!("{label} holds a line break"));
    }
    let pattern = field.pattern.as_deref().and_then(|pattern| regex::Regex::new(pattern).ok());
    pattern
        .filter(|pattern| !pattern.is_match(secret.reveal()))
        .map(|_| format!("{label} does not have the expected form"))
}

/// References under which the rows of a row secret stand: `models.0.endpoint`, and the joined `models.value`.
pub fn row_reference(secret: &Secret, row: usize, column: &Field) -> SecretRef {
    SecretRef(format!("{}.{row}.{}", secret.id, column.id))
}

/// Joins the rows of a row secret into its one value, and keeps it.
pub async fn join_rows(vault: &Vault, secret: &Secret, rows: &RowSecret, count: usize) -> Result<(), Trouble> {
    let mut lines = Vec::new();
    for row in 0..count {
        let mut cells = Vec::new();
        for column in &rows.columns {
            let reference = row_reference(secret, row, column);
            let cell = vault.read(&reference).await?.ok_or_else(|| Trouble::secret_missing(&reference))?;
            if cell.reveal().contains(&rows.join_columns) || cell.reveal().contains(&rows.join_rows) {
                return Err(Problem::new(
                    "SECRET-SEPARATOR",
                    format!(
                        "{reference} holds {:?} or {:?}, which separate the parts of this secret",
                        rows.join_columns, rows.join_rows
                    ),
                    "Enter it without them.",
                )
                .into());
            }
            cells.push(cell);
        }
        lines.push(cells.iter().map(Plain::reveal).collect::<Vec<_>>().join(&rows.join_columns));
    }
    Ok(vault.keep(&SecretRef::field(&secret.id, "value"), Plain::new(lines.join(&rows.join_rows))).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_password_fits_the_usual_rules() {
        for _ in 0..50 {
            let secret = generate(Generate::Password, None);
            assert_eq!(secret.len(), 24);
            assert!(secret.reveal().contains(|c: char| c.is_ascii_digit()));
        }
        assert_eq!(generate(Generate::Password, Some(40)).len(), 40);
        assert_eq!(generate(Generate::Password, Some(8)).len(), 24);
        assert!(Uuid::parse_str(generate(Generate::Uuid, Some(8)).reveal()).is_ok());
    }

    #[test]
    fn a_refusal_never_quotes_the_secret() {
        let field: Field = serde_json::from_value(serde_json::json!({"id": "key", "at_least": 12})).unwrap();
        let refused = refusal(&field, &Plain::new("canary".into())).unwrap();
        assert!(!refused.contains("canary"));
        assert!(refusal(&field, &Plain::new("twelve-or-more\n".into())).unwrap().contains("line break"));
    }
}
