//! What may belong to a key, and why? Words of its path and of the vendor's comment against those of answers and secrets.

use std::collections::BTreeSet;

use serde_json::Value;

use super::VendorKey;

/// Something that can be pointed to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// What stands in the answers, e.g. `{{ auth_host }}`.
    pub expression: String,
    /// For people.
    pub label: String,
    /// Its value now; of a secret, that it is one.
    pub shown: String,
    /// The guide says that it belongs to keys whose path this regular expression matches.
    pub belongs: Option<String>,
    /// A choice of the guide's own, or yes or no: words of a comment are no reason to mean it.
    pub choice: bool,
}

/// What may belong to a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What would stand in the answers.
    pub expression: String,
    /// For people.
    pub label: String,
    /// Its value now.
    pub shown: String,
    /// Why it may be meant.
    pub why: String,
    /// How well it fits; more is better.
    pub fits: usize,
}

impl Candidate {
    /// What the key would become.
    pub fn value(&self) -> Value {
        self.expression.as_str().into()
    }
}

/// Words that say nothing about what a value is.
const EMPTY: [&str; 30] = [
    "a", "an", "and", "are", "at", "be", "by", "for", "from", "in", "is", "it", "its", "of", "on", "or", "s", "that",
    "the", "this", "to", "where", "with", "name", "value", "your", "use", "used", "set", "existing",
];

/// Everything that may belong to a key, what fits best first.
pub fn candidates(key: &VendorKey, known: &[Known]) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = known.iter().filter_map(|known| candidate(key, known)).collect();
    all.sort_by_key(|candidate| std::cmp::Reverse(candidate.fits));
    all
}

/// The one that fits best; none where two fit equally well, or where only the comment speaks for it.
pub fn suggested(candidates: &[Candidate]) -> Option<&Candidate> {
    match candidates {
        [best, second, ..] if best.fits == second.fits => None,
        [best, ..] if best.fits >= 20 => Some(best),
        _ => None,
    }
}

fn candidate(key: &VendorKey, known: &Known) -> Option<Candidate> {
    let path = key.path.to_string();
    let (why, fits) = match &known.belongs {
        Some(pattern) => {
            let pattern = regex::Regex::new(pattern).ok()?;
            pattern.is_match(&path).then(|| ("the guide says that it belongs to keys of this name".to_owned(), 200))?
        }
        None => by_words(&path, &key.comment, known)?,
    };
    Some(Candidate {
        expression: known.expression.clone(),
        label: known.label.clone(),
        shown: known.shown.clone(),
        why,
        fits,
    })
}

fn by_words(path: &str, comment: &str, known: &Known) -> Option<(String, usize)> {
    let name = known.expression.trim_start_matches("{{").trim_end_matches("}}").trim();
    let (asked, offered) = (words(path), words(name.trim_start_matches("secrets.")));
    let said = |shared: &BTreeSet<String>| shared.iter().cloned().collect::<Vec<_>>().join(" ");
    let shared: BTreeSet<String> = asked.intersection(&offered).cloned().collect();
    // A part of the path alone may be meant, too: `auth.ingress.host` and `auth_host`.
    let whole = shared.len() == offered.len() || shared.len() == asked.len();
    if !shared.is_empty() && whole && (shared.len() > 1 || asked.len() == 1 || offered.len() == 1) {
        let exact = usize::from(asked == offered) * 50;
        return Some((format!("both say {}", said(&shared)), 20 + 10 * shared.len() + exact));
    }
    if known.choice {
        return None;
    }
    let mut labelled = words(&known.label);
    labelled.extend(offered);
    let mut speaks = words(comment);
    speaks.extend(asked);
    let shared: BTreeSet<String> = speaks.intersection(&labelled).cloned().collect();
    (shared.len() > 1).then(|| (format!("the vendor's words and yours share {}", said(&shared)), shared.len()))
}

/// Words in small letters, with one word for each thing that has several.
fn words(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut word = String::new();
    let mut small = false;
    for c in text.chars().chain([' ']) {
        if !c.is_alphanumeric() || (c.is_uppercase() && small) {
            all.extend(meant(&std::mem::take(&mut word)));
        }
        small = c.is_lowercase() || c.is_ascii_digit();
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    all
}

fn meant(word: &str) -> Option<String> {
    let word = match word {
        "db" | "postgres" | "postgresql" | "databases" => "database",
        "hostname" | "hosts" | "fqdn" | "domain" => "host",
        "username" => "user",
        "passwd" | "pass" => "password",
        "registries" => "registry",
        "ns" => "namespace",
        word => word,
    };
    (!word.is_empty() && !EMPTY.contains(&word)).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str, comment: &str) -> VendorKey {
        VendorKey {
            path: path.parse().unwrap(),
            value: Value::Null,
            gap: true,
            comment: comment.into(),
            line: 1,
            list: Value::Null,
        }
    }

    fn known() -> Vec<Known> {
        let of = |name: &str, label: &str| Known {
            expression: format!("{{{{ {name} }}}}"),
            label: label.into(),
            shown: "x".into(),
            belongs: None,
            choice: false,
        };
        vec![
            of("auth_host", "Auth's host name"),
            of("shield_host", "Shield's host name"),
            of("shield_tls_secret", "TLS Secret of Shield's ingress"),
            of("database_host", "Postgres host"),
            of("secrets.postgres.password", "Postgres login of Shield: password"),
            Known { belongs: Some("(?i)role.?arn".into()), ..of("usage_role", "Role of the usage tracker") },
            Known { choice: true, ..of("install_mode", "What is installed, shield or everything") },
        ]
    }

    fn best(path: &str, comment: &str) -> Option<String> {
        let all = candidates(&key(path, comment), &known());
        suggested(&all).map(|best| best.expression.trim_matches(['{', '}', ' ']).to_owned())
    }

    #[test]
    fn answers_and_secrets_that_share_the_keys_words_are_offered() {
        assert_eq!(best("auth.host", "").unwrap(), "auth_host");
        assert_eq!(best("shield.tlsSecret", "").unwrap(), "shield_tls_secret");
        assert_eq!(best("db.hostname", "").unwrap(), "database_host");
        assert_eq!(best("postgresql.auth.password", "").unwrap(), "secrets.postgres.password");
        assert_eq!(best("serviceAccount.roleArn", "").unwrap(), "usage_role");
        assert_eq!(best("auth.ingress.host", "").unwrap(), "auth_host");
        assert_eq!(best("installMode", "").unwrap(), "install_mode");
    }

    #[test]
    fn nothing_is_suggested_where_two_fit_or_only_the_comment_speaks_for_it() {
        assert_eq!(best("ingress.host", ""), None);
        assert_eq!(best("something.else", ""), None);
        let all = candidates(&key("url", "the host name that shield answers at"), &known());
        assert_eq!(suggested(&all), None);
        assert!(all.iter().any(|candidate| candidate.expression.contains("shield_host")), "{all:?}");
        assert!(candidates(&key("replicas", "how many"), &known()).is_empty());
        assert!(candidates(&key("what", "everything is installed"), &known()).is_empty(), "a choice");
    }

    #[test]
    fn every_candidate_says_why() {
        let all = candidates(&key("auth.host", "where people sign in"), &known());
        assert!(all.iter().all(|candidate| !candidate.why.is_empty()), "{all:?}");
        assert_eq!(all[0].why, "both say auth host");
    }
}
