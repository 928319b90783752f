//! How does a release differ from what the guide wants?

use landfall_core::event::Difference;

use super::HelmRelease;
use crate::{
    cloud::{Chart, Trouble, helm::kept, release::Release},
    kind::Context,
};

impl HelmRelease {
    pub(super) async fn differences(&self, cx: &Context, found: &Release) -> Result<Vec<Difference>, Trouble> {
        let mut all = Vec::new();
        let mut differs = |field: &str, wanted: &str, found: &str| {
            let (wanted, found) = (wanted.to_owned(), found.to_owned());
            all.push(Difference { field: field.into(), wanted, found, fixed: false });
        };
        if found.chart != self.chart.rsplit('/').next().unwrap_or(&self.chart) {
            differs("chart", &self.chart, &found.chart);
        }
        // The archive that was looked at is the one that counts.
        let place = self.place();
        let archive = place.file.clone().unwrap_or_else(|| kept(&cx.folder, &place));
        match Chart::open(&archive) {
            Ok(chart) if chart.version != found.chart_version => {
                differs("chart_version", &chart.version, &found.chart_version);
            }
            Ok(chart) if found.chart_digest().is_some_and(|digest| !chart.digest.starts_with(digest)) => {
                differs("chart_digest", &chart.digest, found.chart_digest().unwrap_or_default());
            }
            Err(_) => {
                if let Some(version) = place.version.filter(|version| *version != found.chart_version) {
                    differs("chart_version", &version, &found.chart_version);
                }
            }
            Ok(_) => {}
        }
        all.extend(self.values().await?.differences(cx, &found.values).await?);
        Ok(all)
    }
}
