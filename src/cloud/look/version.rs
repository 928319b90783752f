//! How long does EKS support a Kubernetes version? Asked, never written down here.

use jiff::Timestamp;

use super::time::{day, days, days_between, moment};
use crate::cloud::{Cloud, Trouble};

/// Support of one Kubernetes minor version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Support {
    /// e.g. `1.31`.
    pub version: String,
    /// When standard support ends.
    pub standard_ends: Option<Timestamp>,
    /// When extended support ends.
    pub extended_ends: Option<Timestamp>,
}

/// Where in its life a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// In standard support.
    Standard,
    /// In extended support, which costs more.
    Extended,
    /// In no support.
    Over,
}

/// The version's support, if EKS still knows it.
pub async fn support(cloud: &Cloud, version: &str) -> Result<Option<Support>, Trouble> {
    let eks = cloud.aws.eks().await?;
    let answer = eks.describe_cluster_versions().cluster_versions(version).include_all(true).send().await?;
    let found = answer.cluster_versions.unwrap_or_default().into_iter().next();
    Ok(found.map(|found| Support {
        version: found.cluster_version.unwrap_or_else(|| version.to_owned()),
        standard_ends: found.end_of_standard_support_date.as_ref().map(moment),
        extended_ends: found.end_of_extended_support_date.as_ref().map(moment),
    }))
}

impl Support {
    /// Where it is in its life.
    pub fn phase(&self, now: Timestamp) -> Phase {
        if self.standard_ends.is_none_or(|ends| now < ends) {
            Phase::Standard
        } else if self.extended_ends.is_none_or(|ends| now < ends) {
            Phase::Extended
        } else {
            Phase::Over
        }
    }

    /// Days until support of any kind ends.
    pub fn days_left(&self, now: Timestamp) -> Option<i64> {
        self.extended_ends.or(self.standard_ends).map(|ends| days_between(now, ends))
    }

    /// `support ends in 5 days (2026-11-26)`.
    pub fn ends(&self, now: Timestamp) -> String {
        match (self.extended_ends.or(self.standard_ends), self.days_left(now)) {
            (Some(ends), Some(left)) if left >= 0 => format!("support ends in {} ({})", days(left), day(ends)),
            (Some(ends), _) => format!("support ended {}", day(ends)),
            (None, _) => "no end of support announced".into(),
        }
    }

    /// Both dates: `standard support until 2025-11-26, extended until 2026-11-26`.
    pub fn dates(&self) -> String {
        let date = |time: Option<Timestamp>| time.map_or_else(|| "?".to_owned(), |time| day(time).to_string());
        format!("standard support until {}, extended until {}", date(self.standard_ends), date(self.extended_ends))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn of_1_31() -> Support {
        Support {
            version: "1.31".into(),
            standard_ends: Some("2025-11-26T00:00:00Z".parse().unwrap()),
            extended_ends: Some("2026-11-26T00:00:00Z".parse().unwrap()),
        }
    }

    #[test]
    fn a_version_passes_through_three_phases() {
        let at = |text: &str| of_1_31().phase(text.parse().unwrap());
        assert_eq!(at("2025-06-01T00:00:00Z"), Phase::Standard);
        assert_eq!(at("2026-11-20T12:00:00Z"), Phase::Extended);
        assert_eq!(at("2026-11-27T00:00:00Z"), Phase::Over);
    }

    #[test]
    fn days_left_are_whole_days() {
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        assert_eq!(of_1_31().ends(now), "support ends in 5 days (2026-11-26)");
    }
}
