//! What RDS has to offer for PostgreSQL: versions, classes, and the zones that have them.

use serde_json::{Value, json};

use crate::aws::{
    ask::{Ask, page},
    ec2::network::zone_names,
    error::AwsError,
    service::Asked,
    state::State,
};

/// Versions, oldest first; the last is what is taken unless somebody says otherwise.
const VERSIONS: [&str; 7] = ["13.20", "14.17", "15.12", "16.4", "16.8", "17.4", "17.6"];

const CLASSES: [&str; 12] = [
    "db.t3.medium",
    "db.t4g.micro",
    "db.t4g.small",
    "db.t4g.medium",
    "db.t4g.large",
    "db.m6g.large",
    "db.m6i.large",
    "db.m7g.large",
    "db.m7g.xlarge",
    "db.r6g.large",
    "db.r7g.large",
    "db.r7g.xlarge",
];

/// The zones of the region that have a class.
fn zones(state: &State, class: &str) -> Vec<String> {
    let without = state.setup.not_offered.get(class).cloned().unwrap_or_default();
    zone_names(&state.region).into_iter().filter(|zone| !without.contains(zone)).collect()
}

fn is_offered(state: &State, class: &str) -> bool {
    CLASSES.contains(&class) && !zones(state, class).is_empty()
}

/// The version that is made where somebody asks for `16`, `16.4` or nothing.
pub fn version(state: &State, class: &str, wanted: Option<&str>) -> Result<String, AwsError> {
    let fits = |version: &&&str| {
        wanted.is_none_or(|wanted| {
            **version == wanted || version.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
        })
    };
    let Some(version) = VERSIONS.iter().rev().find(fits) else {
        let message = format!("Cannot find version {} for postgres", wanted.unwrap_or_default());
        return Err(AwsError::bad("InvalidParameterCombination", message));
    };
    if !is_offered(state, class) {
        let message = format!(
            "RDS does not support creating a DB instance with the following combination: DBInstanceClass={class}, Engine=postgres, EngineVersion={version}, LicenseModel=postgresql-license. For supported combinations of instance class and database engine version, see the documentation."
        );
        return Err(AwsError::bad("InvalidParameterCombination", message));
    }
    Ok((*version).to_owned())
}

/// DescribeOrderableDBInstanceOptions.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    if input.text("Engine") != "postgres" {
        return Ok(json!({ "OrderableDBInstanceOptions": [] }));
    }
    let mut options = Vec::new();
    let versions =
        VERSIONS.iter().filter(|version| input.maybe("EngineVersion").is_none_or(|wanted| wanted == **version));
    for version in versions {
        let classes =
            CLASSES.iter().filter(|class| input.maybe("DBInstanceClass").is_none_or(|wanted| wanted == **class));
        for class in classes.filter(|class| is_offered(state, class)) {
            let zones: Vec<Value> = zones(state, class).into_iter().map(|zone| json!({ "Name": zone })).collect();
            options.push(json!({
                "Engine": "postgres", "EngineVersion": version, "DBInstanceClass": class,
                "LicenseModel": "postgresql-license", "AvailabilityZones": zones, "MultiAZCapable": true,
                "ReadReplicaCapable": true, "Vpc": true, "SupportsStorageEncryption": true, "StorageType": "gp3",
                "SupportsStorageAutoscaling": true, "MinStorageSize": 20, "MaxStorageSize": 65_536,
            }));
        }
    }
    let (page, next) = page(options, input.whole("MaxRecords").or(Some(100)), input.maybe("Marker"))?;
    Ok(json!({ "OrderableDBInstanceOptions": page, "Marker": next }))
}
