//! The series that RDS tells of its instances.

use std::collections::BTreeMap;

use super::metrics::Series;
use crate::aws::state::State;

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// Those of every instance that has been there long enough. A class that saves up credits tells of them.
pub fn series(state: &State) -> Vec<Series> {
    let timings = &state.setup.timings;
    let mut all = Vec::new();
    for database in state.databases.values().filter(|database| database.status != "creating") {
        let credits = database.class.starts_with("db.t").then_some(("CPUCreditBalance", 288.0));
        let usual = [
            ("CPUUtilization", state.setup.load.cpu),
            ("FreeStorageSpace", database.storage as f64 * 0.8 * GIB),
            ("FreeableMemory", 2.0 * GIB),
            ("DatabaseConnections", 4.0),
        ];
        for (name, level) in usual.into_iter().chain(credits) {
            all.push(Series {
                namespace: "AWS/RDS",
                name: name.to_owned(),
                dimensions: BTreeMap::from([("DBInstanceIdentifier".to_owned(), database.name.clone())]),
                since: database.created + timings.database + timings.metrics,
                level,
            });
        }
    }
    all
}
