//! `tls.authority`: a certificate authority of one's own, and one certificate from it. Keys go into the vault and nowhere
//! else; the authority's certificate goes into a file for whoever has to trust it.

use std::path::PathBuf;

use async_trait::async_trait;
use jiff::SignedDuration;
use landfall_core::{
    event::{Difference, Found, Owner, Problem},
    value::{Part, Plain, SecretRef, SecretText},
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cloud::{Trouble, net::Chain},
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsAuthority {
    /// Common name of the authority.
    name: String,
    /// Names the certificate is for; `*.` stands for one label.
    names: Vec<String>,
    /// For how many days the certificate is good; the authority is for ten years.
    #[serde(default = "year")]
    days: i64,
    /// Where the authority's certificate is kept: one field of a secret.
    ca: SecretText,
    /// Where its private key is kept.
    ca_key: SecretText,
    /// Where the certificate is kept, with the authority's behind it.
    certificate: SecretText,
    /// Where the certificate's private key is kept.
    key: SecretText,
    /// A file that the authority's certificate is written to, for those who must trust it.
    #[serde(default)]
    ca_file: Option<PathBuf>,
}

fn year() -> i64 {
    397
}

const DECADE: i64 = 3_650;
/// With fewer days left it counts as used up and is made anew, by the same authority.
const SOON: i64 = 30;

/// What others may read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Until when the certificate is good.
    pub until: String,
    /// The file with the authority's certificate.
    pub ca_file: Option<PathBuf>,
}

#[async_trait]
impl Step for TlsAuthority {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        fixed: &["name"],
        ..StepAbout::new("tls.authority", "TLS-11", "an authority of one's own and a certificate from it")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let (ca, certificate) = (self.kept(cx, &self.ca).await?, self.kept(cx, &self.certificate).await?);
        let (Some(ca), Some(certificate)) = (ca, certificate) else { return Ok(Found::absent()) };
        if !self.marker(cx).exists() {
            return Ok(Found::absent());
        }
        let first = self.names.first().map_or("localhost", String::as_str).replace("*.", "any.");
        let chain = cx.cloud.net.trusting(ca.reveal().as_bytes())?.judge(certificate.reveal().as_bytes(), &first)?;
        let mut differences = self.differences(&chain, cx);
        if let Some(path) = self.exported()
            && std::fs::read_to_string(path).ok().as_deref() != Some(ca.reveal())
        {
            differences.push(difference("ca_file", &path.display().to_string(), "missing or another one"));
        }
        let until = chain.certificates.first().map(|own| own.until.to_string()).unwrap_or_default();
        let outputs = Outputs { until, ca_file: self.exported().cloned() };
        Ok(Found::there(outputs, differences, Owner::Ours))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let now = cx.cloud.clock().now();
        let known = (self.kept(cx, &self.ca).await?, self.kept(cx, &self.ca_key).await?);
        let (ca, ca_key) = match known {
            // Clients trust the one they were given; it is never replaced by another of the same name.
            (Some(ca), Some(key)) => (ca, key),
            _ => self.authority(now)?,
        };
        let (certificate, key) = self.certificate(now, &ca, &ca_key)?;
        for (place, text) in
            [(&self.ca, ca.clone()), (&self.ca_key, ca_key), (&self.certificate, certificate), (&self.key, key)]
        {
            cx.secrets.put(reference(place)?, text).await?;
        }
        if let Some(path) = self.exported() {
            std::fs::write(path, ca.reveal()).map_err(|error| unusable(path, &error))?;
            cx.say(format!("the authority's certificate is in {}; clients need it", path.display()));
        }
        crate::cloud::keep_private(&self.marker(cx), b"")?;
        Ok(Applied::made())
    }

    async fn undo(&self, cx: &Context, _made: &Made) -> Result<(), Trouble> {
        let ours = self.kept(cx, &self.ca).await?;
        let exported = self
            .exported()
            .filter(|path| std::fs::read_to_string(path).ok().as_deref() == ours.as_ref().map(Plain::reveal));
        for path in exported.cloned().into_iter().chain([self.marker(cx)]) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(unusable(&path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        let names: Vec<String> = self.names.iter().map(|name| format!("DNS:{name}")).collect();
        let file = self.exported().map_or_else(|| "ca.crt".to_owned(), |path| path.display().to_string());
        let file = shell_words::quote(&file).into_owned();
        vec![
            format!(
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out {file} -days {DECADE} -subj {}",
                shell_words::quote(&format!("/CN={}", self.name))
            ),
            format!(
                "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.csr -subj / -addext {}",
                shell_words::quote(&format!("subjectAltName={}", names.join(",")))
            ),
            format!(
                "openssl x509 -req -in tls.csr -CA {file} -CAkey ca.key -days {} -copy_extensions copyall -out tls.crt",
                self.days
            ),
        ]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        match self.exported() {
            Some(path) => format!("removes {}; the keys stay in the vault", path.display()),
            None => "the keys stay in the vault".into(),
        }
    }
}

impl TlsAuthority {
    fn marker(&self, cx: &Context) -> PathBuf {
        cx.folder.join(format!("{}.made", cx.path.to_string().replace(['/', '[', ']'], "-")))
    }

    fn exported(&self) -> Option<&PathBuf> {
        self.ca_file.as_ref().filter(|path| !path.as_os_str().is_empty())
    }

    async fn kept(&self, cx: &Context, place: &SecretText) -> Result<Option<Plain>, Trouble> {
        cx.secrets.get(reference(place)?).await
    }

    fn differences(&self, chain: &Chain, cx: &Context) -> Vec<Difference> {
        let Some(own) = chain.certificates.first() else { return vec![difference("certificate", "one", "none")] };
        let mut differences = Vec::new();
        let missing: Vec<&String> = self.names.iter().filter(|name| !own.names.contains(name)).collect();
        if !missing.is_empty() {
            differences.push(difference("names", &self.names.join(", "), &own.names.join(", ")));
        }
        let left = own.until.duration_since(cx.cloud.clock().now()).as_hours() / 24;
        if left < SOON {
            differences.push(difference("days", &self.days.to_string(), &format!("{left} left")));
        }
        differences
    }

    fn authority_params(&self, now: jiff::Timestamp) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, self.name.as_str());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        good_for(&mut params, now, DECADE);
        params
    }

    fn authority(&self, now: jiff::Timestamp) -> Result<(Plain, Plain), Trouble> {
        let params = self.authority_params(now);
        let key = KeyPair::generate().map_err(failed)?;
        let pem = key.serialize_pem();
        let signer = CertifiedIssuer::self_signed(params, key).map_err(failed)?;
        Ok((Plain::new(signer.pem()), Plain::new(pem)))
    }

    fn certificate(&self, now: jiff::Timestamp, ca: &Plain, ca_key: &Plain) -> Result<(Plain, Plain), Trouble> {
        let signing = KeyPair::from_pem(ca_key.reveal()).map_err(failed)?;
        // Names and key are the authority's own, so that its certificate stays the issuer.
        let issuer = Issuer::new(self.authority_params(now), signing);
        let mut params = CertificateParams::new(self.names.clone()).map_err(failed)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        if let Some(first) = self.names.first() {
            params.distinguished_name.push(DnType::CommonName, first.as_str());
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        good_for(&mut params, now, self.days);
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
        Ok((Plain::new(certificate.pem() + ca.reveal()), Plain::new(key.serialize_pem())))
    }
}

/// Sets for how long: from a day ago, because clocks differ.
fn good_for(params: &mut CertificateParams, now: jiff::Timestamp, days: i64) {
    let at = |time: jiff::Timestamp| {
        let seconds = u64::try_from(time.as_second()).unwrap_or(0);
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds)
    };
    params.not_before = at(now - SignedDuration::from_hours(24));
    params.not_after = at(now + SignedDuration::from_hours(24 * days));
}

fn reference(place: &SecretText) -> Result<&SecretRef, Trouble> {
    match place.0.as_slice() {
        [Part::Secret(reference)] => Ok(reference),
        _ => Err(Trouble::guide(
            format!("{place} is no field of a secret"),
            "Name one field, as in \"{{ secrets.tls.key }}\".",
        )),
    }
}

fn difference(field: &str, wanted: &str, found: &str) -> Difference {
    Difference { field: field.into(), wanted: wanted.into(), found: found.into(), fixed: false }
}

fn failed(error: rcgen::Error) -> Trouble {
    Problem::new("TLS-MAKE", "the certificate could not be made", "Correct its names; each is a host name or *.domain.")
        .why(error.to_string())
        .into()
}

fn unusable(path: &std::path::Path, error: &std::io::Error) -> Trouble {
    Problem::new(
        "TLS-FILE",
        format!("{} cannot be written or removed", path.display()),
        "Give another path at the Inputs stage, or make the folder writable.",
    )
    .why(error.to_string())
    .into()
}
