//! Does a plain value stand where a secret belongs? Answers and journal are no place for one.

use serde_json::Value;

use super::{KeyPath, Part, VendorFile};

/// Last words of names whose value is a secret.
const SECRET: [&str; 9] =
    ["password", "passwd", "pwd", "pass", "passphrase", "token", "credential", "credentials", "apikey"];

/// What a `…Key` opens or signs is a secret; `publicKey` and `passwordKey` (the name of a key in a Secret) are none.
const KEYS: [&str; 11] =
    ["api", "secret", "private", "encryption", "signing", "master", "license", "licence", "account", "shared", "ssh"];

/// Whose `…Secret` is the secret itself; `tlsSecret` and `imagePullSecret` name an object of the cluster.
const OWN: [&str; 8] = ["client", "app", "jwt", "shared", "session", "cookie", "webhook", "hmac"];

/// What the vendor says beside a key that holds a secret.
const SAID: [&str; 6] = ["sensitive", "confidential", "is a secret", "keep it secret", "do not commit", "never commit"];

/// What vendors say of keys that only name a Secret.
const NAMED: [&str; 4] = ["name of", "existing secret", "secret name", "reference to"];

/// The keys below `path` where `value` has a text that looks like a secret. Texts that refer are none: so `{{ 'text' }}` says
/// that one is no secret.
pub fn exposed(path: &KeyPath, value: &Value, file: Option<&VendorFile>) -> Option<KeyPath> {
    match value {
        Value::Object(fields) => fields.iter().find_map(|(key, value)| exposed(&path.key(key), value, file)),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, value)| exposed(&path.item(index), value, file))
        }
        Value::String(text) if !text.trim().is_empty() && !text.contains("{{") => {
            let said = file.and_then(|file| file.key(path));
            // What came with the file was not typed here.
            let typed = said.is_none_or(|key| key.value != *value);
            let hints = named(path) || said.is_some_and(|key| hinted(&key.comment));
            (typed && hints).then(|| path.clone())
        }
        _ => None,
    }
}

/// Why a plain value was not taken.
pub fn refused(path: &KeyPath) -> String {
    format!(
        "{path} looks like a secret, and what is written here is kept in plain text: point to one of the secrets instead \
         ({{{{ secrets.… }}}}), or to a Secret of the cluster where the chart has a key for its name. If it is none, write it \
         as {{{{ 'text' }}}}"
    )
}

fn named(path: &KeyPath) -> bool {
    let names = path.parts().iter().rev();
    let Some(name) = names.filter_map(|part| if let Part::Key(key) = part { Some(key) } else { None }).next() else {
        return false;
    };
    let words = words(name);
    let Some((last, before)) = words.split_last() else { return false };
    let before = before.last().map(String::as_str);
    if words.iter().any(|word| word == "existing") {
        return false;
    }
    match last.as_str() {
        "key" => before.is_some_and(|word| KEYS.contains(&word)),
        "secret" => before.is_some_and(|word| OWN.contains(&word)),
        last => SECRET.contains(&last),
    }
}

fn hinted(comment: &str) -> bool {
    let comment = comment.to_lowercase();
    SAID.iter().any(|said| comment.contains(said)) && !NAMED.iter().any(|named| comment.contains(named))
}

/// `clientSecret`, `client_secret`, `CLIENT-SECRET` → `client`, `secret`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && small) {
            words.push(String::new());
        }
        small = c.is_lowercase() || c.is_ascii_digit();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mapping::VendorKey;

    fn found(path: &str, value: Value) -> Option<String> {
        exposed(&path.parse().unwrap(), &value, None).map(|path| path.to_string())
    }

    #[test]
    fn names_of_secrets_are_known_and_names_that_only_refer_are_let_be() {
        for path in [
            "db.password",
            "redis.auth.PASSWORD",
            "admin_password",
            "oidc.clientSecret",
            "apiKey",
            "api_key",
            "minio.secretKey",
            "jwt.privateKey",
            "auth.token",
            "smtp.pass",
            "encryptionKey",
            "users[0].password",
            "env.OPENAI_API_KEY",
        ] {
            assert_eq!(found(path, json!("hunter2")).as_deref(), Some(path), "{path}");
        }
        for path in [
            "ingress.tlsSecret",
            "imagePullSecret",
            "auth.existingSecret",
            "existingSecretPasswordKey",
            "db.passwordSecret",
            "passwordKey",
            "secretName",
            "publicKey",
            "maxTokens",
            "tokenTtl",
            "accessKeyId",
            "primaryKey",
            "host",
            "compass",
        ] {
            assert_eq!(found(path, json!("some-text")), None, "{path}");
        }
    }

    #[test]
    fn what_refers_is_empty_or_is_no_text_is_no_secret() {
        for value in
            [json!("{{ secrets.postgres.password }}"), json!("{{ 'no secret' }}"), json!(""), json!(null), json!(true)]
        {
            assert_eq!(found("db.password", value), None);
        }
    }

    #[test]
    fn a_secret_inside_a_map_or_list_is_found() {
        let value = json!({"users": [{"name": "a", "password": "hunter2"}]});
        assert_eq!(found("auth", value).as_deref(), Some("auth.users[0].password"));
    }

    #[test]
    fn the_vendors_words_are_a_hint_and_what_came_with_the_file_is_let_be() {
        let key = |comment: &str| VendorFile {
            keys: vec![VendorKey {
                path: "salt".parse().unwrap(),
                value: json!("came-with-it"),
                gap: true,
                comment: comment.into(),
                line: 1,
                list: Value::Null,
            }],
            ..VendorFile::default()
        };
        let of = |comment: &str, value: &str| {
            exposed(&"salt".parse().unwrap(), &json!(value), Some(&key(comment))).is_some()
        };
        assert!(of("Sensitive. Used for hashing.", "mine"));
        assert!(!of("Sensitive. Used for hashing.", "came-with-it"));
        assert!(!of("Name of the Secret with the sensitive part", "mine"));
        assert!(!of("used for hashing", "mine"));
    }
}
