//! Each scenario ends as it says, and leaves what it should.

use std::path::Path;

use base64::Engine;
use serde_json::Value;

use crate::rehearsed::{Rehearsed, Served, aws, objects, rehearse, rehearse_at};

const SECRETS: [&str; 10] = [
    "arthur-repository-credentials",
    "auth-admin-console-secret",
    "postgres-secret",
    "sh.helm.release.v1.arthur-shield.v1",
    "shield-app-secret-key",
    "shield-auth-client-secret",
    "shield-auth-tls",
    "shield-secret-api-key",
    "shield-secret-open-ai-gpt-model-names-endpoints-keys",
    "shield-tls",
];

/// The whole of Shield is there, and each of it once.
fn is_installed(run: &Rehearsed) {
    run.said.ends_with(0);
    let left = &run.left;
    assert_eq!(aws(left, "node_groups"), ["pay-1/arthur-shield-eks-gpu", "pay-1/cpu-1"]);
    assert_eq!(aws(left, "launch_templates"), ["arthur-shield-eks-gpu-pay-1"]);
    let versions = &left["aws"]["launch_templates"]["arthur-shield-eks-gpu-pay-1"]["versions"];
    assert_eq!(versions.as_object().map(serde_json::Map::len), Some(1));
    let name = |full: &String| full.split('/').next_back().unwrap().to_owned();
    let policies: Vec<String> = aws(left, "scaling_policies").iter().map(name).collect();
    assert_eq!(policies, ["cpu-utilization-scale-out-policy", "gpu-utilization-scale-out-policy"]);
    assert_eq!(
        aws(left, "alarms"),
        [
            "arthur-shield-eks-gpu-pay-1-cpu-utilization-scale-out",
            "arthur-shield-eks-gpu-pay-1-gpu-utilization-scale-out"
        ]
    );
    assert_eq!(aws(left, "roles"), ["admin", "arthur-shield-usage-pay-1", "pay-1-cluster", "pay-1-nodes"]);
    assert_eq!(left["aws"]["oidc_providers"].as_array().map(Vec::len), Some(1));
    assert_eq!(objects(left, "daemonsets.apps", "shield"), ["arthur-shield"]);
    assert_eq!(objects(left, "deployments.apps", "shield"), ["arthur-auth"]);
    assert_eq!(objects(left, "ingresses.networking.k8s.io", "shield"), ["arthur-auth", "arthur-shield"]);
    assert_eq!(objects(left, "secrets", "shield"), SECRETS);
    assert_eq!(objects(left, "nodes", "").len(), 4);
}

#[test]
fn smooth_goes_from_the_first_check_to_a_verified_install() {
    let run = rehearse("smooth");
    is_installed(&run);
    assert_eq!(run.said.outcome("verify/shield_health"), "pass");
    assert_eq!(run.said.outcome("verify/nvidia_smi"), "pass");
    assert!(run.said.made().contains("done by a person: DNS record of Shield"));
    let verified: Vec<Value> = run.said.events().into_iter().filter(|event| event["outcome"] == "fail").collect();
    assert!(verified.is_empty(), "{verified:?}");
}

#[test]
fn no_quota_stops_at_the_check_and_names_the_request_to_make() {
    let run = rehearse("no-quota");
    run.said.ends_with(3);
    let looked = run.said.of("checks/gpu_quota").pop().unwrap();
    assert_eq!(looked["problem"]["code"], "AWS-QUOTA-LOW");
    let fix = looked["problem"]["fix"].as_str().unwrap();
    assert!(fix.contains("request-service-quota-increase") && fix.contains("L-DB2E81BA"), "{fix}");
    assert_eq!(aws(&run.left, "node_groups"), ["pay-1/cpu-1"], "nothing was made");
    assert!(objects(&run.left, "namespaces", "").iter().all(|name| name != "shield"));
}

#[test]
fn join_failure_shows_the_health_issue_while_it_waits_and_begins_nothing_after_it() {
    let run = rehearse("join-failure");
    run.said.ends_with(1);
    let told = run.said.of("steps/gpu_node_group");
    let waiting = told.iter().filter(|event| event["event"] == "waiting").map(|event| event["why"].to_string());
    assert!(waiting.clone().any(|why| why.contains("NodeCreationFailure")));
    assert!(
        waiting.clone().any(|why| why.contains("Unable to register node with API server")),
        "the console is quoted"
    );
    assert_eq!(told.last().unwrap()["problem"]["code"], "EKS-NODES-NOT-JOINING");
    assert_eq!(run.said.of("steps/release").pop().unwrap()["event"], "skipped");
    assert!(objects(&run.left, "daemonsets.apps", "shield").is_empty());
}

#[test]
fn dns_late_waits_for_both_records_and_then_goes_on() {
    let run = rehearse("dns-late");
    is_installed(&run);
    let asked = run.said.of("steps/auth_dns").into_iter().find(|event| event["event"] == "person").unwrap();
    assert!(asked["instruction"].as_str().unwrap().contains("shield-auth.mycompany.example"), "{asked}");
    assert_eq!(run.said.of("steps/shield_dns").pop().unwrap()["event"], "finished");
}

#[test]
fn denied_lookups_go_on_with_what_somebody_attested() {
    let run = rehearse("denied-lookups");
    is_installed(&run);
    for check in ["gpu_quota", "gpu_offering", "kubernetes_version", "node_role_policies", "permissions"] {
        assert_eq!(run.said.outcome(&format!("checks/{check}")), "unknown", "{check}");
    }
    assert!(run.said.out.contains("CLOUD-1205"));
}

#[test]
fn who_answered_for_a_check_in_a_file_does_so_as_long_as_the_file_says_it() {
    let served = Served::start("denied-lookups");
    let mut answers: serde_json::Value = serde_json::from_str(&served.answers()).unwrap();
    let whole = served.file("whole.yaml", &answers.to_string());
    answers["attest"].as_array_mut().unwrap().retain(|said| said["task"] != "checks/gpu_quota");
    let less = served.file("less.yaml", &answers.to_string());
    let check =
        |file: &Path| served.landfall(&["check", "arthur-shield", "--yes", "--answers", file.to_str().unwrap()]);
    let answered = "checks/gpu_quota: Cloud team answers for it";
    let first = check(&whole).out;
    assert!(first.contains(answered), "{first}");
    let stopped = check(&less);
    stopped.ends_with(3);
    assert!(!stopped.out.contains(answered), "{}", stopped.out);
    assert!(stopped.out.contains("checks/gpu_quota attested by Cloud team: no longer"), "{}", stopped.out);
    let again = check(&whole).out;
    assert!(again.contains(answered), "{again}");
}

#[test]
fn half_installed_is_adopted_and_nothing_is_made_twice() {
    let run = rehearse("half-installed");
    is_installed(&run);
    let made = run.said.made();
    for found in ["Namespace", "Secret postgres-secret", "Secret shield-app-secret-key", "Label of the CPU nodes"] {
        assert!(made.contains(&format!("found there: {found}")), "{found}: {made:?}");
    }
    let key = &run.left["kubernetes"]["secrets"]["shield"]["shield-app-secret-key"];
    assert!(!run.said.out.contains("made: NVIDIA's device plugin"));
    assert!(
        !key["metadata"]["labels"].to_string().contains("landfall.dev/install"),
        "what was adopted is not marked: {key}"
    );
}

#[test]
fn wrong_password_is_said_at_the_check_of_the_database() {
    let run = rehearse("wrong-password");
    run.said.ends_with(3);
    for check in ["checks/postgres_shield", "checks/postgres_auth"] {
        let looked = run.said.of(check).pop().unwrap();
        assert_eq!(looked["problem"]["code"], "PG-LOGIN");
        assert!(looked["problem"]["why"].as_str().unwrap().contains("28P01"), "{looked}");
    }
}

#[test]
fn a_zone_without_capacity_is_told_and_waited_for() {
    let run = rehearse("capacity-in-one-zone");
    is_installed(&run);
    let told = run.said.of("steps/gpu_node_group");
    assert!(told.iter().any(|event| event["why"].to_string().contains("InsufficientInstanceCapacity")));
}

#[test]
fn a_session_that_ends_in_the_middle_is_renewed() {
    let run = rehearse("expired-credentials");
    is_installed(&run);
    // They end before the longest step would: asked for again before the plan, too.
    assert!(run.said.out.contains("were about to end and were renewed"));
}

#[test]
fn a_lost_answer_makes_nothing_twice() {
    let run = rehearse("lost-answer");
    is_installed(&run);
    assert!(run.said.out.contains("looking whether it landed"), "no answer was lost: {}", run.said.out);
}

#[test]
fn throttling_is_waited_out() {
    let run = rehearse("throttled");
    is_installed(&run);
    let told = run.said.events().into_iter().filter(|event| event["event"] == "throttled").collect::<Vec<_>>();
    let aws = |event: &serde_json::Value| event["service"].as_str().is_some_and(|name| name.starts_with("AWS "));
    assert!(!told.is_empty() && told.iter().all(aws), "nobody was told: {told:?}");
}

#[test]
fn api_only_leaves_auth_out() {
    let run = rehearse("api-only");
    run.said.ends_with(0);
    assert!(objects(&run.left, "deployments.apps", "shield").is_empty());
    assert_eq!(objects(&run.left, "daemonsets.apps", "shield"), ["arthur-shield"]);
    assert!(objects(&run.left, "secrets", "shield").iter().all(|name| !name.contains("auth-")));
    assert!(run.said.of("steps/auth_dns").is_empty());
    assert_eq!(run.said.outcome("checks/openai"), "pass", "whatever is left of the tokens a minute");
}

#[test]
fn nodes_made_by_hand_are_adopted() {
    let run = rehearse("by-hand");
    run.said.ends_with(0);
    assert_eq!(aws(&run.left, "node_groups"), ["pay-1/arthur-shield-eks-gpu", "pay-1/cpu-1"]);
    assert_eq!(aws(&run.left, "launch_templates"), ["arthur-shield-eks-gpu"]);
    assert!(aws(&run.left, "alarms").is_empty(), "nobody scales");
}

#[test]
fn without_a_context_a_kubeconfig_is_built_from_eks() {
    let run = rehearse_at("no-context", "60");
    is_installed(&run);
    let state = std::fs::read_dir(run.world.join("state")).unwrap();
    let folder = state.filter_map(Result::ok).find(|entry| entry.path().join("journal.jsonl").exists()).unwrap().path();
    let built = std::fs::read_to_string(folder.join("kubeconfig")).unwrap();
    assert!(built.contains("eks-token") && built.contains("pay-1"), "{built}");
    for written in [&built, &std::fs::read_to_string(folder.join("journal.jsonl")).unwrap()] {
        assert!(!written.contains("k8s-aws-v1."), "a token was kept: {written}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.join("kubeconfig")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn secrets_that_an_operator_brings_are_looked_at_and_never_asked() {
    let run = rehearse("brought-secrets");
    run.said.ends_with(0);
    assert_eq!(run.said.outcome("verify/secrets_there[shield-app-secret-key]"), "pass");
    let brought = &run.left["kubernetes"]["secrets"]["shield"]["postgres-secret"];
    assert!(!brought["metadata"]["labels"].to_string().contains("landfall.dev/install"), "{brought}");
    assert!(run.said.of("steps/postgres_secret").is_empty(), "none is made");
}

#[test]
fn images_are_copied_into_the_companys_registry_and_pulled_from_there() {
    let run = rehearse("own-registry");
    run.said.ends_with(0);
    assert_eq!(run.said.outcome("verify/images_copied"), "pass");
    let image = &run.left["kubernetes"]["daemonsets.apps"]["shield"]["arthur-shield"];
    assert!(image.to_string().contains("registry.mycompany.example/arthur/shield:3.2.1"), "{image}");
    let template = &run.left["aws"]["launch_templates"]["arthur-shield-eks-gpu-pay-1"]["versions"]["1"]["data"];
    let data = base64::engine::general_purpose::STANDARD.decode(template["UserData"].as_str().unwrap()).unwrap();
    let data = String::from_utf8(data).unwrap();
    assert!(data.contains("HTTPS_PROXY=http://proxy.mycompany.example:3128"), "{data}");
    assert!(data.lines().any(|line| line.starts_with("NO_PROXY=") && line.ends_with(",172.20.0.0/16")), "{data}");
}

#[test]
fn a_chart_brought_along_is_installed_with_certificates_from_elsewhere() {
    let run = rehearse("brought-chart");
    run.said.ends_with(0);
    assert_eq!(run.said.outcome("checks/shield_certificate_secret"), "pass");
    assert!(objects(&run.left, "certificates.cert-manager.io", "shield").contains(&"shield-auth-tls".to_owned()));
    assert!(aws(&run.left, "alarms").is_empty(), "cluster-autoscaler scales");
    assert!(!aws(&run.left, "roles").contains(&"arthur-shield-usage-pay-1".to_owned()), "nothing is told to Arthur");
    let shield = run.left["kubernetes"]["daemonsets.apps"]["shield"]["arthur-shield"].to_string();
    assert!(shield.contains("disabled"), "the usage tracker: {shield}");
    let auth = &run.left["kubernetes"]["deployments.apps"]["shield"]["arthur-auth"];
    assert_eq!(auth["spec"]["replicas"], 2, "as in the vendor's values file");
    let installs = std::fs::read_dir(run.world.join("state")).unwrap().flatten();
    let written = installs.map(|install| install.path().join("arthur-shield-values.yaml")).find(|path| path.exists());
    let values = std::fs::read_to_string(written.unwrap()).unwrap();
    assert!(values.contains("# Two, so that one may go\n  replicas: 2\n  host: \"shield-auth."), "{values}");
}

#[test]
fn an_ami_of_ones_own_bootstraps_itself_behind_a_proxy() {
    let run = rehearse("own-ami");
    run.said.ends_with(0);
    let template = &run.left["aws"]["launch_templates"]["arthur-shield-eks-gpu-pay-1"]["versions"]["1"]["data"];
    assert_eq!(template["ImageId"], "ami-05737b633d742ccc9");
    let disk = &template["BlockDeviceMappings"][0]["Ebs"];
    assert_eq!(
        (&disk["Encrypted"], &disk["KmsKeyId"]),
        (&true.into(), &"arn:aws:kms:us-east-2:123456789012:alias/gpu-disks".into())
    );
    assert_eq!(run.said.outcome("checks/volume_key"), "pass");
    assert_eq!(run.said.outcome("checks/auth_certificate_acm"), "pass");
    assert_eq!(aws(&run.left, "alarms").len(), 3, "two that add a node, one that takes one away");
    let shield = run.left["kubernetes"]["daemonsets.apps"]["shield"]["arthur-shield"].to_string();
    assert!(shield.contains("nvidia.com/gpu"), "the taint is tolerated: {shield}");
}

#[test]
fn nodes_go_again_as_the_guide_has_it_and_the_first_user_is_made() {
    let run = rehearse("idle-nodes-go");
    run.said.ends_with(0);
    assert_eq!(aws(&run.left, "alarms").len(), 4);
    assert_eq!(run.said.outcome("checks/shield_certificate_acm"), "pass");
    assert_eq!(run.said.of("steps/first_user").pop().unwrap()["event"], "finished");
    assert!(run.said.of("steps/mirror_shield").is_empty(), "they are there already");
}

#[test]
fn karpenters_nodes_are_left_as_they_are() {
    let run = rehearse("karpenter");
    run.said.ends_with(0);
    assert_eq!(aws(&run.left, "node_groups"), ["pay-1/arthur-shield-eks-gpu"]);
    assert!(run.said.of("steps/cpu_label").is_empty());
    assert_eq!(run.said.of("steps/first_api_key").pop().unwrap()["event"], "finished");
}
