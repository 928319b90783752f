//! Kubernetes versions and until when EKS supports them.

use jiff::civil::{Date, date};
use serde_json::{Value, json};

use crate::aws::{ask::Ask, error::AwsError, service::Asked, state::State};

/// Version, release, end of standard and of extended support: EKS User Guide, "Kubernetes release calendar".
const CALENDAR: &[(&str, Date, Date, Date)] = &[
    ("1.30", date(2024, 5, 23), date(2025, 7, 23), date(2026, 7, 23)),
    ("1.31", date(2024, 9, 26), date(2025, 11, 26), date(2026, 11, 26)),
    ("1.32", date(2025, 1, 23), date(2026, 3, 23), date(2027, 3, 23)),
    ("1.33", date(2025, 5, 29), date(2026, 7, 29), date(2027, 7, 29)),
    ("1.34", date(2025, 10, 2), date(2026, 12, 2), date(2027, 12, 2)),
    ("1.35", date(2026, 1, 27), date(2027, 3, 27), date(2028, 3, 27)),
    ("1.36", date(2026, 6, 2), date(2027, 8, 2), date(2028, 8, 2)),
];

/// DescribeClusterVersions.
pub fn describe(_: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let today = asked.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let wanted = input.texts("clusterVersions");
    let named = |version: &str| wanted.is_empty() || wanted.contains(&version);
    if let Some(unknown) = wanted.iter().find(|version| !CALENDAR.iter().any(|(known, ..)| known == *version)) {
        return Err(AwsError::bad("InvalidParameterException", format!("Unsupported Kubernetes version: {unknown}")));
    }
    let newest = CALENDAR.iter().rev().find(|(_, release, ..)| *release <= today).map(|(version, ..)| *version);
    let found: Vec<Value> = CALENDAR
        .iter()
        .rev()
        .filter(|(version, release, ..)| *release <= today && named(version))
        .map(|(version, release, standard, extended)| {
            let (status, lower) = match () {
                () if today < *standard => ("STANDARD_SUPPORT", "standard-support"),
                () if today < *extended => ("EXTENDED_SUPPORT", "extended-support"),
                () => ("UNSUPPORTED", "unsupported"),
            };
            json!({
                "clusterVersion": version, "clusterType": "eks", "defaultPlatformVersion": "eks.9",
                "defaultVersion": newest == Some(version), "releaseDate": midnight(*release),
                "endOfStandardSupportDate": midnight(*standard), "endOfExtendedSupportDate": midnight(*extended),
                "status": lower, "versionStatus": status, "kubernetesPatchVersion": format!("{version}.1"),
            })
        })
        .filter(|version| {
            let status = version.text("versionStatus");
            let fits = |name: &str| {
                input.maybe(name).is_none_or(|wanted| version.values().any(|is| is.as_str() == Some(wanted)))
            };
            let shown = status != "UNSUPPORTED" || input.yes("includeAll") || !wanted.is_empty();
            shown
                && fits("versionStatus")
                && fits("status")
                && (!input.yes("defaultOnly") || version.yes("defaultVersion"))
        })
        .collect();
    Ok(json!({ "clusterVersions": found }))
}

trait Values {
    fn values(&self) -> impl Iterator<Item = &Value>;
}

impl Values for Value {
    fn values(&self) -> impl Iterator<Item = &Value> {
        self.as_object().into_iter().flat_map(|object| object.values())
    }
}

fn midnight(day: Date) -> String {
    format!("{day}T00:00:00Z")
}
