//! How does psql get in? A service file and a password file; libpq's documentation, "The Connection Service File" and "The
//! Password File".

use landfall_core::value::Plain;
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::Trouble;

/// How TLS is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Without.
    Disable,
    /// With, whoever signed.
    #[default]
    Require,
    /// With, and the certificate must be trusted and for the host: signed by `ca`, or by an authority of the image.
    VerifyFull,
}

/// Who logs in to which database, where.
pub struct Login {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Database.
    pub database: String,
    /// User.
    pub username: Plain,
    /// Password.
    pub password: Plain,
    /// How TLS is used.
    pub tls: Tls,
    /// PEM of the authority that signed the server's certificate.
    pub ca: Option<Plain>,
}

impl Login {
    /// The login as an entry of a service file; one that a line of it could not hold is refused.
    pub(super) fn service(&self, name: &str, ca: &str) -> Result<String, Trouble> {
        let mut text = format!("[{name}]\n");
        let tls = match self.tls {
            Tls::Disable => "disable",
            Tls::Require => "require",
            Tls::VerifyFull => "verify-full",
        };
        let (port, username) = (self.port.to_string(), self.username.reveal());
        for (key, value) in [
            ("host", self.host.as_str()),
            ("port", &port),
            ("dbname", &self.database),
            ("user", username),
            ("sslmode", tls),
        ] {
            // A line ends there, and white space before its end is dropped.
            if value.is_empty() || value.contains(['\n', '\r', '\0']) || value.trim_end() != value {
                return Err(Trouble::guide(
                    format!("{key} of the database login is empty, or has white space that it cannot have"),
                    "Correct it in Inputs or Secrets.",
                ));
            }
            text.push_str(&format!("{key}={value}\n"));
        }
        if self.tls == Tls::VerifyFull {
            let root = if self.ca.is_some() { ca } else { "system" };
            text.push_str(&format!("sslrootcert={root}\n"));
        }
        Ok(text)
    }

    /// The login as a line of a password file; colons and backslashes are escaped.
    pub(super) fn pass(&self) -> Result<String, Trouble> {
        let password = self.password.reveal();
        if password.contains(['\n', '\r', '\0']) {
            return Err(Trouble::guide(
                "the database password has a line break in it",
                "Enter it again in Secrets; a newline at the end of a pasted password is the usual cause.",
            ));
        }
        let escaped = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
        Ok(format!("*:*:*:{}:{}\n", escaped(self.username.reveal()), escaped(password)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(password: &str) -> Login {
        Login {
            host: "db.internal".into(),
            port: 5432,
            database: "postgres".into(),
            username: Plain::new("master".into()),
            password: Plain::new(password.into()),
            tls: Tls::VerifyFull,
            ca: None,
        }
    }

    #[test]
    fn colons_and_backslashes_of_a_password_are_escaped() {
        assert_eq!(login(r"a:b\c'd").pass().unwrap(), "*:*:*:master:a\\:b\\\\c'd\n");
        assert!(login("a\n").pass().is_err());
    }

    #[test]
    fn a_certificate_is_checked_against_the_given_authority_or_the_images() {
        let service = |login: &Login| login.service("landfall", "/files/ca.pem").unwrap();
        assert!(service(&login("a")).ends_with("sslmode=verify-full\nsslrootcert=system\n"));
        let own = Login { ca: Some(Plain::new("PEM".into())), ..login("a") };
        assert!(service(&own).ends_with("sslrootcert=/files/ca.pem\n"));
        assert!(!service(&Login { tls: Tls::Require, ..login("a") }).contains("sslrootcert"));
        assert!(Login { host: "db\nuser=x".into(), ..login("a") }.service("landfall", "").is_err());
    }
}
