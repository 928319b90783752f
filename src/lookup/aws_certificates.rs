//! `aws.certificates`: which certificates in ACM cover a name?

use async_trait::async_trait;
use aws_sdk_acm::types::{CertificateStatus, CertificateSummary, CertificateType};
use jiff::Timestamp;
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{
            names::covers,
            time::{day, moment},
        },
    },
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificates {
    /// A host name; only certificates that cover it can be chosen.
    #[serde(default)]
    name: Option<String>,
}

#[async_trait]
impl Lookup for Certificates {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.certificates", about: "certificates in ACM" };
    const SERVICES: &'static [&'static str] = &["acm"];

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let pages = cx.cloud.aws.acm().await?.list_certificates().into_paginator().items().send();
        let found = pages.collect::<Result<Vec<_>, _>>().await?;
        let now = cx.cloud.clock().now();
        let mut rows: Vec<Row> = found.iter().map(|summary| self.row(summary, now)).collect();
        rows.sort_by_key(|row| row.rejected.is_some());
        if let Some(first) = rows.first_mut() {
            first.suggested = first.rejected.is_none() && self.name.is_some();
        }
        let region = cx.cloud.aws.region().await.unwrap_or_default();
        Ok(Table {
            columns: ["domain", "status", "until", "ARN"].map(str::to_owned).to_vec(),
            rows,
            note: format!("ACM ListCertificates in {region}; a load balancer uses certificates of its own region"),
        })
    }
}

impl Certificates {
    fn row(&self, summary: &CertificateSummary, now: Timestamp) -> Row {
        let arn = summary.certificate_arn().unwrap_or_default();
        let domain = summary.domain_name().unwrap_or_default();
        let until = summary.not_after().map(moment);
        let covered = self.name.as_deref().is_none_or(|name| {
            let names = summary.subject_alternative_name_summaries();
            covers(domain, name) || names.iter().any(|other| covers(other, name))
        });
        let rejected = if summary.status() != Some(&CertificateStatus::Issued) {
            Some(format!("it is {}", summary.status().map_or("not issued", |status| status.as_str())))
        } else if until.is_some_and(|until| until < now) {
            Some("it has ended".to_owned())
        } else if summary.r#type() == Some(&CertificateType::Private) {
            Some("a private CA signed it".to_owned())
        } else if covered {
            None
        } else {
            Some(format!("it does not cover {}", self.name.as_deref().unwrap_or_default()))
        };
        Row {
            value: arn.into(),
            cells: vec![
                domain.to_owned(),
                summary.status().map_or_else(String::new, |status| status.as_str().to_owned()),
                until.map_or_else(String::new, |until| day(until).to_string()),
                arn.to_owned(),
            ],
            rejected,
            suggested: false,
        }
    }
}
