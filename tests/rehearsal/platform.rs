//! The guide that prepares a cluster and an account: its scenarios, killed and resumed, undone.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::rehearsed::{Rehearsed, Served, aws, objects, rehearse_guide};

const GUIDE: &str = "arthur-platform";
const INSTALL: [&str; 5] = ["install", GUIDE, "--yes", "--output", "ndjson"];
const DEFAULT: &str = "/metadata/annotations/storageclass.kubernetes.io~1is-default-class";

const VOLUME_KEY: &str = "arn:aws:kms:us-east-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const BUCKET_KEY: &str = "arn:aws:kms:us-east-2:123456789012:key/5678efab-56ef-78ab-90cd-5678efab90cd";
const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/company-boundary";

fn rehearse(scenario: &str) -> Rehearsed {
    rehearse_guide(GUIDE, scenario, "60")
}

/// The key that the class has volumes encrypted with.
fn volume_key(run: &Rehearsed) -> &Value {
    &run.left["kubernetes"]["storageclasses.storage.k8s.io"][""]["gp3"]["parameters"]["kmsKeyId"]
}

/// The key that encrypts the bucket.
fn bucket_key(run: &Rehearsed) -> &Value {
    let rules = &run.left["aws"]["buckets"]["mycompany-arthur"]["encryption"]["Rules"];
    &rules[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
}

/// What a role may do by one of its inline policies.
fn inline<'a>(run: &'a Rehearsed, role: &str, policy: &str) -> &'a Value {
    &run.left["aws"]["roles"][role]["inline"][policy]["Statement"]
}

/// Names of the storage classes that are the default.
fn defaults(left: &Value) -> Vec<String> {
    let classes = left["kubernetes"]["storageclasses.storage.k8s.io"][""].as_object().unwrap();
    let marked = classes.iter().filter(|(_, class)| class.pointer(DEFAULT).is_some_and(|value| value == "true"));
    marked.map(|(name, _)| name.clone()).collect()
}

fn is_prepared(run: &Rehearsed) {
    run.said.ends_with(0);
    assert_eq!(defaults(&run.left), ["gp3"]);
    let class = &run.left["kubernetes"]["storageclasses.storage.k8s.io"][""]["gp3"];
    assert_eq!((&class["parameters"]["encrypted"], &class["parameters"]["type"]), (&"true".into(), &"gp3".into()));
    assert_eq!(aws(&run.left, "buckets"), ["mycompany-arthur"]);
    let failed: Vec<Value> = run.said.events().into_iter().filter(|event| event["outcome"] == "fail").collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn smooth_prepares_the_cluster_and_proves_the_role_from_a_pod() {
    let run = rehearse("smooth");
    is_prepared(&run);
    assert_eq!(aws(&run.left, "addons").iter().filter(|name| name.contains("ebs-csi")).count(), 1);
    let role = &run.left["aws"]["roles"]["arthur-platform-pay-1"];
    let condition = role["trust"]["Statement"][0]["Condition"]["StringEquals"].as_object().unwrap();
    assert!(condition.iter().any(|(key, value)| key.ends_with(":aud") && value == "sts.amazonaws.com"), "{role}");
    assert!(role["inline"].to_string().contains("ses:SendEmail") && !role["inline"].to_string().contains("AssumeRole"));
    assert_eq!(run.said.outcome("verify/pods_have_the_role"), "pass");
}

#[test]
fn access_keys_make_a_user_and_its_secret_half_is_told_nowhere() {
    let run = rehearse("access-keys");
    is_prepared(&run);
    assert_eq!(aws(&run.left, "users"), ["arthur-platform-pay-1"]);
    let user = &run.left["aws"]["users"]["arthur-platform-pay-1"];
    assert_eq!((&user["keys"], &user["boundary"]), (&serde_json::json!(["Active"]), &BOUNDARY.into()));
    assert_eq!(bucket_key(&run), BUCKET_KEY);
    assert!(user["inline"].to_string().contains(BUCKET_KEY), "{user}");
    assert!(aws(&run.left, "roles").iter().all(|name| name != "arthur-platform-pay-1"));
    assert_eq!(run.said.outcome("verify/user_access"), "pass");
}

#[test]
fn keys_of_ones_own_encrypt_volumes_and_bucket_and_every_role_has_the_boundary() {
    let run = rehearse("own-keys");
    is_prepared(&run);
    assert_eq!((volume_key(&run), bucket_key(&run)), (&VOLUME_KEY.into(), &BUCKET_KEY.into()));
    let driver = inline(&run, "arthur-platform-ebs-csi-pay-1", "arthur-platform-volume-key-pay-1");
    assert_eq!((&driver[0]["Resource"], &driver[1]["Resource"]), (&VOLUME_KEY.into(), &VOLUME_KEY.into()));
    assert_eq!(driver[0]["Condition"]["Bool"]["kms:GrantIsForAWSResource"], "true");
    let arthur = inline(&run, "arthur-platform-pay-1", "arthur-platform-pay-1").to_string();
    assert!(arthur.contains(BUCKET_KEY) && !arthur.contains(VOLUME_KEY), "{arthur}");
    for role in ["arthur-platform-ebs-csi-pay-1", "arthur-platform-pay-1"] {
        assert_eq!(run.left["aws"]["roles"][role]["boundary"], BOUNDARY, "{role}");
    }
    for path in ["checks/volume_key", "checks/bucket_key", "verify/csi_key_access", "verify/role_access"] {
        assert_eq!(run.said.outcome(path), "pass", "{path}");
    }
}

#[test]
fn in_auto_mode_the_clusters_own_role_gets_the_use_of_the_key() {
    let run = rehearse("auto-mode");
    run.said.ends_with(0);
    assert_eq!(volume_key(&run), VOLUME_KEY);
    let cluster = inline(&run, "pay-1-cluster", "arthur-platform-volume-key-pay-1").to_string();
    assert!(cluster.contains("kms:CreateGrant") && cluster.contains(VOLUME_KEY), "{cluster}");
    assert!(aws(&run.left, "roles").iter().all(|name| !name.contains("ebs-csi")), "no driver of its own");
    assert_eq!(run.said.outcome("verify/csi_key_access"), "pass");
}

#[test]
fn a_key_whose_answer_was_lost_is_not_asked_for_twice() {
    let run = rehearse("lost-key");
    run.said.ends_with(5);
    assert_eq!(run.left["aws"]["users"]["arthur-platform-pay-1"]["keys"], serde_json::json!(["Active"]));
}

#[test]
fn a_role_in_another_account_may_be_assumed_and_its_trust_is_spelled_out() {
    let run = rehearse("cross-account-ses");
    is_prepared(&run);
    let asked =
        run.said.of("steps/role_a").into_iter().find_map(|event| event["instruction"].as_str().map(str::to_owned));
    let asked = asked.expect("somebody is asked for Role A");
    assert!(asked.contains(":aud") && asked.contains("oidc-provider/oidc.eks.us-east-2.amazonaws.com"), "{asked}");
    let inline = run.left["aws"]["roles"]["arthur-platform-pay-1"]["inline"].to_string();
    assert!(inline.contains("sts:AssumeRole") && inline.contains("arn:aws:iam::999999999999:role/"), "{inline}");
}

#[test]
fn of_two_default_classes_one_is_left() {
    is_prepared(&rehearse("two-default-classes"));
}

#[test]
fn a_driver_that_came_by_helm_is_left_as_it_is() {
    let run = rehearse("helm-csi");
    is_prepared(&run);
    assert!(aws(&run.left, "addons").iter().all(|name| !name.contains("ebs-csi")));
    assert_eq!(run.said.outcome("checks/csi_release"), "pass");
    assert_eq!(volume_key(&run), VOLUME_KEY);
    let role = inline(&run, "pay-1-ebs-csi", "arthur-platform-volume-key-pay-1").to_string();
    assert!(role.contains(VOLUME_KEY), "its own role gets the use of the key: {role}");
    assert_eq!(run.left["aws"]["roles"]["pay-1-ebs-csi"]["boundary"], Value::Null, "nobody asked for one");
}

#[test]
fn a_config_file_holds_the_keys_one_named() {
    let run = rehearse("kots-config");
    is_prepared(&run);
    let text = std::fs::read_to_string(run.world.join("arthur-config.yaml")).unwrap();
    let file: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!((&file["apiVersion"], &file["kind"]), (&"kots.io/v1beta1".into(), &"ConfigValues".into()));
    let values = &file["spec"]["values"];
    assert_eq!(values["rehearsed_bucket"]["value"], "mycompany-arthur");
    assert_eq!(values["rehearsed_authentication"]["value"], "access_keys");
    let secret = values["rehearsed_secret_access_key"]["valuePlaintext"].as_str().unwrap();
    assert!(secret.len() == 40 && !run.said.out.contains(secret) && !run.said.err.contains(secret));
}

#[test]
fn a_config_file_names_both_roles_and_no_secret() {
    let run = rehearse("kots-cross-account");
    is_prepared(&run);
    let file: Value =
        serde_yaml::from_str(&std::fs::read_to_string(run.world.join("arthur-config.yaml")).unwrap()).unwrap();
    let values = file["spec"]["values"].as_object().unwrap();
    let told: BTreeMap<&str, &str> =
        values.iter().map(|(key, value)| (key.as_str(), value["value"].as_str().unwrap())).collect();
    assert_eq!(
        told,
        BTreeMap::from([
            ("rehearsed_bucket", "mycompany-arthur"),
            ("rehearsed_role_arn", "arn:aws:iam::123456789012:role/arthur-platform-pay-1"),
            ("rehearsed_second_role_arn", "arn:aws:iam::999999999999:role/arthur-platform-mail-pay-1"),
            ("rehearsed_ses_region", "us-east-2"),
        ])
    );
    assert_eq!(run.said.outcome("verify/role_a_assumed"), "pass");
}

#[test]
fn the_sandbox_of_ses_stops_before_anything_is_made() {
    let run = rehearse("sandboxed-ses");
    run.said.ends_with(3);
    assert_eq!(run.said.of("checks/ses").pop().unwrap()["problem"]["code"], "PLATFORM-MAIL-SANDBOX");
    assert!(aws(&run.left, "buckets").is_empty(), "nothing was made");
}

#[test]
fn killed_while_the_driver_is_added_it_continues_and_makes_nothing_twice() {
    let served = Served::start_with(GUIDE, &["--scenario", "smooth", "--speed", "60"], None);
    served.install_until_killed(r#""record":"intent","path":"steps/csi_addon""#);
    served.landfall(&INSTALL).ends_with(0);
    let left = served.end();
    assert_eq!(aws(&left, "buckets"), ["mycompany-arthur"]);
    assert_eq!(left["aws"]["pod_identities"].as_array().map(Vec::len), Some(1));
    assert_eq!(defaults(&left), ["gp3"]);
}

#[test]
fn undo_gives_the_mark_back_to_the_old_default_class_and_takes_everything_else_away() {
    let start = || Served::start_with(GUIDE, &["--scenario", "two-default-classes", "--speed", "60"], None);
    let before = start().end();
    let served = start();
    served.landfall(&INSTALL).ends_with(0);
    served.landfall(&["undo", GUIDE, "--yes", "--lose", "steps/bucket", "--output", "ndjson"]).ends_with(0);
    let left = served.end();
    assert_eq!(defaults(&left), ["fast", "gp2"]);
    for (sort, was) in before["aws"].as_object().unwrap() {
        assert_eq!(was, &left["aws"][sort], "aws {sort}");
    }
    for sort in ["storageclasses.storage.k8s.io", "csidrivers.storage.k8s.io"] {
        assert_eq!(objects(&before, sort, ""), objects(&left, sort, ""), "{sort}");
    }
}
