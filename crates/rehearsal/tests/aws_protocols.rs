//! How the account answers on the wire, and what a scenario does to its answers.
#![allow(clippy::panic, clippy::expect_used, missing_docs, reason = "a test fails by panicking")]

mod aws_door;

use aws_door::{gpu_nodes, open};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

#[tokio::test]
async fn every_answer_names_the_rehearsal() {
    let door = open("").await;
    let good = door.eks("GET", "/clusters/pay-1", Value::Null).await.ok();
    assert_eq!(good.headers["x-landfall-rehearsal"], "a-test");
    assert!(good.headers.contains_key("x-amzn-requestid"));
    let bad = door.form("ec2", &[("Action", "RunInstances")]).await;
    assert_eq!((bad.status, &*bad.headers["x-landfall-rehearsal"]), (501, "a-test"));
    assert!(bad.text.contains("RunInstances"));
    let unknown = door.form("sqs", &[("Action", "ListQueues")]).await;
    assert_eq!(unknown.status, 501);
    let unsigned = door.http.get(format!("{}/clusters", door.url)).send().await.expect("an answer");
    assert_eq!(
        (unsigned.status().as_u16(), unsigned.headers()["x-landfall-rehearsal"].to_str().ok()),
        (403, Some("a-test"))
    );
}

#[tokio::test]
async fn each_protocol_has_its_own_words_for_an_error() {
    let door = open("").await;
    let rest = door.eks("GET", "/clusters/nope", Value::Null).await;
    assert_eq!((rest.status, &*rest.headers["x-amzn-errortype"]), (404, "ResourceNotFoundException"));
    let json = door.target("secretsmanager", "secretsmanager.GetSecretValue", json!({ "SecretId": "nope" })).await;
    assert_eq!((json.status, &json.json()["__type"]), (400, &json!("ResourceNotFoundException")));
    let query = door.form("iam", &[("Action", "GetRole"), ("RoleName", "nope")]).await;
    assert_eq!((query.status, &*query.xml("Code"), &*query.xml("Type")), (404, "NoSuchEntity", "Sender"));
    let ec2 = door.form("ec2", &[("Action", "DescribeSubnets"), ("SubnetId.1", "subnet-1")]).await;
    assert_eq!((ec2.status, &*ec2.xml("Code")), (400, "InvalidSubnetID.NotFound"));
    assert!(ec2.text.contains("<Response><Errors>"));
}

#[tokio::test]
async fn requests_are_held_against_their_shapes() {
    let door = open("").await;
    let missing = door.eks("POST", "/clusters/pay-1/node-groups", json!({ "nodegroupName": "x" })).await;
    assert_eq!((missing.status, &*missing.headers["x-amzn-errortype"]), (400, "InvalidParameterException"));
    assert!(missing.text.contains("'subnets'") && missing.text.contains("'nodeRole'"));
    let mut request = gpu_nodes("gpu");
    request["colour"] = "green".into();
    assert!(door.eks("POST", "/clusters/pay-1/node-groups", request).await.text.contains("colour"));
    let unknown = door.form("ec2", &[("Action", "DescribeSubnets"), ("Colour", "green")]).await;
    assert_eq!(unknown.xml("Code"), "UnknownParameter");
    let quota =
        door.target("servicequotas", "ServiceQuotasV20190624.GetServiceQuota", json!({ "ServiceCode": "ec2" })).await;
    assert_eq!(quota.json()["__type"], "ValidationException");
    let named = door.form("iam", &[("Action", "GetRole")]).await;
    assert_eq!(named.xml("Code"), "ValidationError");
}

#[tokio::test]
async fn alarms_are_spoken_of_in_cbor() {
    let door = open("").await;
    let cbor = |body: &[(&str, ciborium::Value)]| {
        let map = body.iter().map(|(name, value)| (ciborium::Value::from(*name), value.clone())).collect();
        let mut bytes = Vec::new();
        ciborium::into_writer(&ciborium::Value::Map(map), &mut bytes).expect("CBOR");
        bytes
    };
    let call = async |operation: &str, body: Vec<u8>| {
        let url = format!("{}/service/GraniteServiceVersion20100801/operation/{operation}", door.url);
        let request = door
            .http
            .post(url)
            .header("smithy-protocol", "rpc-v2-cbor")
            .header("content-type", "application/cbor")
            .body(body);
        door.send(request, "monitoring", "us-east-2").await.expect("an answer")
    };
    let alarm = [
        ("AlarmName", "gpu".into()),
        ("Namespace", "CWAgent".into()),
        ("MetricName", "nvidia_smi_utilization_gpu".into()),
        ("Period", 60.into()),
        ("Statistic", "Average".into()),
        ("EvaluationPeriods", 3.into()),
        ("Threshold", 40.0.into()),
        ("ComparisonOperator", "GreaterThanThreshold".into()),
    ];
    let made = call("PutMetricAlarm", cbor(&alarm)).await.ok();
    assert_eq!(made.headers["smithy-protocol"], "rpc-v2-cbor");
    assert!(call("DescribeAlarms", cbor(&[])).await.ok().text.contains("INSUFFICIENT_DATA"));
    let refused = call("PutMetricAlarm", cbor(&alarm[..3])).await;
    assert_eq!((refused.status, &*refused.headers["x-amzn-query-error"]), (400, "ValidationError;Sender"));
}

#[tokio::test]
async fn another_region_is_empty() {
    let door = open("").await;
    let request = door.http.get(format!("{}/clusters", door.url));
    let answer = door.send(request, "eks", "eu-west-1").await.expect("an answer");
    assert_eq!(answer.json(), json!({ "clusters": [] }));
}

#[tokio::test]
async fn a_lost_answer_leaves_what_was_done() {
    let door = open("faults: [{ service: eks, operation: CreateNodegroup, nth: 1, lose_answer: true }]").await;
    let mut request = gpu_nodes("gpu");
    request["clientRequestToken"] = "a-token".into();
    let lost = door.try_eks("POST", "/clusters/pay-1/node-groups", request.clone()).await;
    assert!(lost.is_err(), "{lost:?}");
    assert_eq!(door.node_group("gpu").await["status"], "CREATING");
    let again = door.eks("POST", "/clusters/pay-1/node-groups", request).await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn faults_speak_the_services_words() {
    let door = open(
        "denied: ['iam:Simulate*']\nfaults:\n- { service: ec2, operation: 'Describe*', nth: [1], throttle: true }\n- { service: ssm, denied: true }\n- { service: servicequotas, error: { code: ServiceException, message: not today, status: 500 } }\n- { service: acm, expired: true }\n",
    )
    .await;
    let subnets = || door.form("ec2", &[("Action", "DescribeSubnets")]);
    assert_eq!(subnets().await.xml("Code"), "RequestLimitExceeded");
    assert_eq!(subnets().await.status, 200);
    let ssm = door.target("ssm", "AmazonSSM.GetParameter", json!({ "Name": "/x" })).await;
    assert_eq!(ssm.json()["__type"], "AccessDeniedException");
    let quota =
        door.target("servicequotas", "ServiceQuotasV20190624.ListServiceQuotas", json!({ "ServiceCode": "ec2" })).await;
    assert_eq!((quota.status, &quota.json()["message"]), (500, &json!("not today")));
    let acm = door.target("acm", "CertificateManager.ListCertificates", json!({})).await;
    assert_eq!(acm.json()["__type"], "ExpiredTokenException");
    let simulate = [
        ("Action", "SimulatePrincipalPolicy"),
        ("PolicySourceArn", "arn:aws:iam::123456789012:role/admin"),
        ("ActionNames.member.1", "eks:CreateNodegroup"),
    ];
    assert_eq!(door.form("iam", &simulate).await.xml("Code"), "AccessDenied");
}

#[tokio::test]
async fn a_session_that_is_over_is_told_so_until_there_is_a_new_one() {
    let door = open("").await;
    let with = async |token: &str| {
        let request = door.http.post(&door.url).header("x-amz-security-token", token).body("Action=GetCallerIdentity");
        door.send(request, "sts", "us-east-2").await.expect("an answer")
    };
    assert_eq!(with("rehearsal-until-2026-11-20T09:59:00Z").await.xml("Code"), "ExpiredToken");
    assert_eq!(with("rehearsal-until-2026-11-20T11:00:00Z").await.xml("Account"), "123456789012");
}

#[tokio::test]
async fn a_session_of_a_role_cannot_be_simulated() {
    let door = open("").await;
    let simulate = async |arn: &str| {
        let fields =
            [("Action", "SimulatePrincipalPolicy"), ("PolicySourceArn", arn), ("ActionNames.member.1", "iam:PassRole")];
        door.form("iam", &fields).await
    };
    let session = simulate("arn:aws:sts::123456789012:assumed-role/admin/sre").await;
    assert_eq!((session.status, &*session.xml("Code")), (400, "InvalidInput"));
    assert_eq!(simulate("arn:aws:iam::123456789012:role/admin").await.ok().xml("EvalDecision"), "allowed");
    assert_eq!(simulate(aws_door::NODE_ROLE).await.ok().xml("EvalDecision"), "implicitDeny");
}

#[tokio::test]
async fn user_data_of_more_than_sixteen_kilobytes_is_refused() {
    let door = open("").await;
    let data = STANDARD.encode(vec![b'x'; 16 * 1024 + 1]);
    let fields =
        [("Action", "CreateLaunchTemplate"), ("LaunchTemplateName", "big"), ("LaunchTemplateData.UserData", &*data)];
    assert_eq!(door.form("ec2", &fields).await.xml("Code"), "InvalidUserData.Malformed");
}
