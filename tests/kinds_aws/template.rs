//! `ec2.launch_template`.

use aws_sdk_ec2::types::RequestLaunchTemplateData;
use landfall_core::event::{Owner, State};

use crate::account::{Account, drift, is_ours, outputs, template};

const KIND: &str = "ec2.launch_template";
const NAME: &str = "arthur-shield-eks-gpu-pay-1";

fn versions(account: &Account) -> usize {
    account.snapshot()["launch_templates"][NAME]["versions"].as_object().map_or(0, |versions| versions.len())
}

#[tokio::test]
async fn one_is_made_and_making_it_again_makes_nothing() {
    let account = Account::open("").await;
    let made = account.make(KIND, &template(60)).await;
    assert_eq!(made.outputs["version"], 1);
    assert!(made.outputs["reference"].as_str().unwrap().ends_with(":1"));
    assert_eq!(made.before, None);
    account.apply(KIND, &template(60)).await.unwrap();
    assert_eq!(versions(&account), 1);
    assert!(is_ours(&account.inspect(KIND, &template(60)).await));
    let data = &account.snapshot()["launch_templates"][NAME]["versions"]["1"]["data"];
    assert_eq!(data["MetadataOptions"]["HttpTokens"], "required");
    assert_eq!(data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"], true);
    assert!(data.get("ImageId").is_none_or(|image| image.is_null()));
}

#[tokio::test]
async fn a_change_is_shown_and_becomes_a_new_version() {
    let account = Account::open("").await;
    account.make(KIND, &template(60)).await;
    let changed = account.inspect(KIND, &template(100)).await;
    assert_eq!(drift(&changed).into_iter().collect::<Vec<_>>(), ["volume.gib"]);
    account.apply(KIND, &template(100)).await.unwrap();
    assert_eq!(outputs(&account.inspect(KIND, &template(100)).await)["version"], 2);
    // The old contents still are a version: going back makes none.
    assert_eq!(outputs(&account.inspect(KIND, &template(60)).await)["version"], 1);
}

#[tokio::test]
async fn a_lost_answer_is_asked_again_with_the_same_token() {
    let account = Account::open("faults: [{ operation: CreateLaunchTemplate, nth: 1, lose_answer: true }]").await;
    // The SDK itself asks again; the token makes it the same request.
    account.apply(KIND, &template(60)).await.unwrap();
    assert_eq!(versions(&account), 1);
}

#[tokio::test]
async fn undo_deletes_what_was_made() {
    let account = Account::open("").await;
    let before = account.snapshot();
    let made = account.make(KIND, &template(60)).await;
    account.undo(KIND, &template(60), made).await.unwrap();
    assert_eq!(account.inspect(KIND, &template(60)).await.state, State::Absent);
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn a_template_of_somebody_else_loses_only_our_version() {
    let account = Account::open("").await;
    let ec2 = account.cloud.aws.ec2().await.unwrap();
    let data = RequestLaunchTemplateData::builder().instance_type("g4dn.2xlarge".into()).build();
    ec2.create_launch_template().launch_template_name(NAME).launch_template_data(data).send().await.unwrap();
    let before = account.snapshot();
    let found = account.inspect(KIND, &template(60)).await;
    assert_eq!(found.owner, Owner::Unmarked);
    assert!(drift(&found).contains("volume.gib"));
    let before_ours = account.apply(KIND, &template(60)).await.unwrap();
    assert!(before_ours.is_some());
    let outputs = outputs(&account.inspect(KIND, &template(60)).await);
    assert_eq!(outputs["version"], 2);
    account.undo(KIND, &template(60), landfall::kind::Made { outputs, before: before_ours }).await.unwrap();
    assert_eq!(account.snapshot(), before);
}

#[tokio::test]
async fn another_installs_template_belongs_to_it() {
    let mut account = Account::open("").await;
    account.make(KIND, &template(60)).await;
    account.install = "ffff0000".into();
    assert_eq!(account.inspect(KIND, &template(60)).await.owner, Owner::Other("install abcd1234".into()));
}
