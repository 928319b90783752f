//! `tls.certificate`: is a certificate (a file, a Secret, a live host) for these names, publicly trusted, and valid long enough?

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Secret;
use landfall_core::{
    catalogue::Touches,
    event::{Host, Outcome, Permissions, Problem},
    value::SecretText,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{Trouble, net::Chain},
    kind::{Check, CheckAbout, Context, PlanView},
};

/// A certificate from a file, the vault, a Secret or a live host: its names, its chain, its key and its end. Browsers
/// and pods refuse one that lacks any of them.
///
/// One of `file`, `pem`, `secret`, `host` has to be given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsCertificate {
    /// A PEM file: the host's certificate first, then its intermediates.
    #[serde(default)]
    file: Option<String>,
    /// The PEM file of its private key; it must belong to the certificate.
    #[serde(default)]
    key_file: Option<String>,
    /// A certificate with its intermediates (PEM), from the vault.
    #[serde(default)]
    pem: Option<SecretText>,
    /// Its private key (PEM), from the vault; it must belong to the certificate.
    #[serde(default)]
    key: Option<SecretText>,
    /// A Kubernetes Secret, `namespace/name`, with `tls.crt`.
    #[serde(default)]
    secret: Option<String>,
    /// A live host, `name:port`.
    #[serde(default)]
    host: Option<String>,
    /// Host names it must be for.
    names: Vec<String>,
    /// Fewer days left are a warning.
    #[serde(default = "month")]
    days: i64,
    /// An authority that is trusted, too (PEM).
    #[serde(default)]
    ca: Option<SecretText>,
    /// Whether it must be trusted: publicly, or by `ca`.
    #[serde(default = "yes")]
    publicly_trusted: bool,
}

fn month() -> i64 {
    30
}

fn yes() -> bool {
    true
}

#[async_trait]
impl Check for TlsCertificate {
    const ABOUT: CheckAbout = CheckAbout {
        name: "tls.certificate",
        code: "TLS-01",
        about: "a certificate is for these names, trusted, and valid long enough",
        touches: Touches::Nothing,
    };
    const NAMES_HOSTS: bool = true;
    const PROBLEMS: &'static [&'static str] = &[
        "TLS-EXPIRED",
        "TLS-KEY",
        "TLS-NAME",
        "TLS-SECRET-MISSING",
        "TLS-SELF-SIGNED",
        "TLS-SOON",
        "TLS-UNREADABLE",
        "TLS-UNTRUSTED",
    ];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let first = self.names.first().map_or("localhost", String::as_str);
        let net = cx.net(self.ca.as_ref()).await?;
        let chain = match (&self.file, &self.secret, &self.host) {
            _ if self.pem.is_some() => {
                let entered = self.pem.clone().unwrap_or_default();
                let pem = cx.reveal(&entered).await?;
                if let Some(key) = &self.key
                    && let Some(problem) = mismatch(
                        pem.reveal().as_bytes(),
                        cx.reveal(key).await?.reveal().as_bytes(),
                        &entered.to_string(),
                        &key.to_string(),
                    )
                {
                    return Ok(Outcome::Fail { problem });
                }
                net.judge(pem.reveal().as_bytes(), first)?
            }
            (Some(file), ..) => {
                let pem = read(file)?;
                if let Some(key_file) = &self.key_file
                    && let Some(problem) = mismatch(&pem, &read(key_file)?, file, key_file)
                {
                    return Ok(Outcome::Fail { problem });
                }
                net.judge(&pem, first)?
            }
            (_, Some(secret), _) => {
                let (namespace, name) = secret.split_once('/').unwrap_or((&cx.target.namespace, secret));
                let secrets: kube::Api<Secret> = kube::Api::namespaced(cx.cloud.kube.client().await?, namespace);
                let Some(found) = secrets.get_opt(name).await? else {
                    return Ok(Outcome::NotYet {
                        problem: Problem::new(
                            "TLS-SECRET-MISSING",
                            format!("there is no Secret {secret}"),
                            "Bring the Secret with tls.crt and tls.key, or choose another source of the certificate.",
                        ),
                    });
                };
                let pem =
                    found.data.and_then(|data| data.get("tls.crt").cloned()).map(|bytes| bytes.0).unwrap_or_default();
                net.judge(&pem, first)?
            }
            (_, _, Some(host)) => {
                let (name, port) = host.rsplit_once(':').unwrap_or((host, "443"));
                match net.chain(name, port.parse().unwrap_or(443)).await {
                    Ok(chain) => chain,
                    Err(trouble @ Trouble::Unreachable { .. }) => {
                        return Ok(Outcome::NotYet { problem: trouble.problem() });
                    }
                    Err(trouble) => return Err(trouble),
                }
            }
            _ => {
                return Err(Trouble::guide(
                    "tls.certificate has neither file nor pem nor secret nor host",
                    "Give one of them.",
                ));
            }
        };
        Ok(self.judged(&chain, cx.cloud.clock().now()))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        match &self.secret {
            Some(secret) => {
                let namespace = secret.split_once('/').map_or(cx.target.namespace.as_str(), |(namespace, _)| namespace);
                Permissions::default().rbac(Some(namespace), "", "secrets", &["get"])
            }
            None => Permissions::default(),
        }
    }

    /// A live host is mostly part of what is installed: nobody can reach it before.
    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        let host = self.host.as_deref().map(|host| {
            let (name, port) = host.rsplit_once(':').unwrap_or((host, "443"));
            let port = port.parse().unwrap_or(443);
            Host::from_here(name, port, "its certificate is looked at").reached_by("later")
        });
        host.into_iter().collect()
    }
}

impl TlsCertificate {
    fn judged(&self, chain: &Chain, now: jiff::Timestamp) -> Outcome {
        let Some(own) = chain.certificates.first() else {
            return Outcome::Fail {
                problem: Problem::new("TLS-UNREADABLE", "there is no certificate", "Give the certificate in PEM form."),
            };
        };
        let missing: Vec<&str> = self.names.iter().filter(|name| !own.covers(name)).map(String::as_str).collect();
        if !missing.is_empty() {
            return Outcome::NotYet {
                problem: Problem::new(
                    "TLS-NAME",
                    format!("the certificate is not for {}", missing.join(", ")),
                    "Have one issued for exactly this name (or for its wildcard).",
                )
                .why(format!("It is for {}.", own.names.join(", "))),
            };
        }
        let left = own.until.duration_since(now).as_hours() / 24;
        if own.until <= now || own.from > now {
            return Outcome::Fail {
                problem: Problem::new(
                    "TLS-EXPIRED",
                    format!(
                        "the certificate is valid from {} to {} only",
                        own.from.strftime("%Y-%m-%d"),
                        own.until.strftime("%Y-%m-%d")
                    ),
                    "Renew it.",
                ),
            };
        }
        if self.publicly_trusted && own.self_signed {
            return Outcome::Fail {
                problem: Problem::new(
                    "TLS-SELF-SIGNED",
                    "the certificate is self-signed",
                    "Have a well-known authority issue it: this guide asks for a certificate that everybody trusts.",
                ),
            };
        }
        if self.publicly_trusted
            && let Some(why) = &chain.untrusted
        {
            return Outcome::NotYet {
                problem: Problem::new("TLS-UNTRUSTED", format!("the certificate from {} is not trusted here", own.issuer), "Give the whole chain (the host's certificate, then its intermediates), from a well-known authority.")
                    .why(why.clone()),
            };
        }
        if left < self.days {
            return Outcome::Warn {
                problem: Problem::new(
                    "TLS-SOON",
                    format!("the certificate ends in {left} days"),
                    "Have it renewed now; the summary's calendar reminds you.",
                )
                .why(format!("It is valid until {}.", own.until.strftime("%Y-%m-%d")))
                .ends(Some(own.until)),
            };
        }
        Outcome::pass_until(Some(own.until), format!("from {}, {left} days left", own.issuer))
    }
}

fn read(path: &str) -> Result<Vec<u8>, Trouble> {
    std::fs::read(path).map_err(|error| {
        Problem::new("TLS-UNREADABLE", format!("{path}: {error}"), "Correct the path in Inputs, or the file's rights.")
            .into()
    })
}

/// Whether the key belongs to the certificate; the library itself compares them.
fn mismatch(pem: &[u8], key: &[u8], file: &str, key_file: &str) -> Option<Problem> {
    use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let certificates: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let made = certificates.map_err(|error| error.to_string()).and_then(|certificates| {
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| error.to_string())?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        rustls::sign::CertifiedKey::from_der(certificates, key, &provider).map(drop).map_err(|error| error.to_string())
    });
    made.err().map(|error| {
        Problem::new(
            "TLS-KEY",
            format!("{key_file} is not the key of {file}"),
            "Give the private key the certificate was issued for, in PEM form without passphrase.",
        )
        .why(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::net::Certificate;

    fn judged(names: &[&str], days_left: i64, untrusted: Option<&str>) -> Outcome {
        let now = jiff::Timestamp::from_second(1_800_000_000).unwrap();
        let check: TlsCertificate =
            serde_json::from_value(serde_json::json!({"names": ["shield.corp.example"]})).unwrap();
        let own = Certificate {
            subject: "s".into(),
            issuer: "Public CA".into(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            from: now - jiff::SignedDuration::from_hours(24),
            until: now + jiff::SignedDuration::from_hours(24 * days_left + 1),
            self_signed: false,
        };
        check.judged(&Chain { certificates: vec![own], untrusted: untrusted.map(str::to_owned) }, now)
    }

    #[test]
    fn one_case_an_outcome() {
        let code = |outcome: &Outcome| outcome.problem().map(|problem| problem.code.clone()).unwrap_or_default();
        assert!(matches!(judged(&["*.corp.example"], 90, None), Outcome::Pass { .. }));
        assert_eq!(code(&judged(&["other.example"], 90, None)), "TLS-NAME");
        assert_eq!(code(&judged(&["*.corp.example"], 5, None)), "TLS-SOON");
        assert_eq!(code(&judged(&["*.corp.example"], -2, None)), "TLS-EXPIRED");
        assert_eq!(code(&judged(&["*.corp.example"], 90, Some("UnknownIssuer"))), "TLS-UNTRUSTED");
    }
}
