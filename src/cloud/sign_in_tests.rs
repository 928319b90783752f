use super::*;

fn seen(way: Way) -> Profiles {
    Profiles {
        selected: "corp-prod".into(),
        names: vec!["corp-prod".into(), "corp-test".into(), "default".into()],
        files: vec!["~/.aws/config".into()],
        base: "corp".into(),
        way,
    }
}

/// What the SDK's chain says where the profile says `reason`.
fn nowhere(reason: &str) -> CredentialsError {
    let profile = "the credential provider was not enabled";
    CredentialsError::not_loaded(format!(
        "no credentials found in chain. Attempted:\n  Environment: {profile}: environment variable not set\n  Profile: {profile}{reason}\n  Ec2InstanceMetadata: {profile}: IMDS disabled"
    ))
}

/// Code, whether it is waited for, and the whole text.
fn judged(error: &CredentialsError, way: Way) -> (String, bool, String) {
    let trouble = told(error, &seen(way));
    let problem = trouble.problem();
    let text = format!("{} {} {}", problem.what, problem.why, problem.fix);
    (problem.code, matches!(trouble, Trouble::Expired { .. }), text)
}

#[test]
fn each_way_to_have_no_credentials_has_its_own_name_and_only_what_a_sign_in_mends_is_waited_for() {
    let failed = |said: &str| CredentialsError::provider_error(said.to_owned());
    let process = |rest: &str| failed(&format!("Error retrieving credentials: external process exited with {rest}"));
    let helper = || Way::Program("/opt/helper".into());
    let (waits, fails) = (true, false);
    let table = [
        (nowhere(""), Way::Nothing, "AWS-NO-CREDENTIALS", waits, "export AWS_PROFILE=corp-test"),
        (
            nowhere(": profile `gone` was not defined: could not find source profile gone referenced from corp-prod"),
            Way::Nothing,
            "AWS-PROFILE-MISSING",
            fails,
            "the AWS profile gone, to which corp-prod refers, is not there",
        ),
        (
            nowhere(": profile `corp-prod` was not defined: `sso_region` was missing"),
            Way::Sso,
            "AWS-PROFILE-BROKEN",
            fails,
            "`sso_region` was missing",
        ),
        (
            CredentialsError::invalid_configuration(
                "ProfileFile provider could not be built: sso-session named `x` (referenced by profile `corp-prod`) was not found",
            ),
            Way::Sso,
            "AWS-PROFILE-BROKEN",
            fails,
            "sso-session named `x`",
        ),
        (
            failed("an error occurred while loading an access token: failed to load the cached SSO token"),
            Way::Sso,
            "AWS-SIGNED-OUT",
            waits,
            "$ aws sso login --profile corp",
        ),
        (
            failed("failed to read `/home/x/.aws/login/cache/4ef.json`: No such file or directory (os error 2)"),
            Way::Login,
            "AWS-SIGNED-OUT",
            waits,
            "$ aws login --profile corp",
        ),
        (
            failed("the SSO token has expired and cannot be refreshed"),
            Way::Sso,
            "AWS-EXPIRED",
            waits,
            "$ aws sso login --profile corp",
        ),
        (
            failed("unhandled error (UnauthorizedException): Session token not found or invalid"),
            Way::Sso,
            "AWS-EXPIRED",
            waits,
            "the AWS session of the profile corp-prod has expired",
        ),
        (
            process("code exit status: 255. Stderr: the session has expired"),
            helper(),
            "AWS-EXPIRED",
            waits,
            "/opt/helper",
        ),
        (process("code exit status: 1. Stderr: who are you?"), helper(), "AWS-HELPER-FAILED", waits, "who are you?"),
        (process("code exit status: 127. Stderr: not found"), helper(), "AWS-HELPER-FAILED", fails, "/opt/helper"),
        (
            failed("AccessDenied: user/jo is not authorized to perform: sts:AssumeRole on resource: x"),
            Way::Keys,
            "DENIED",
            fails,
            "sts:AssumeRole",
        ),
        (failed("io error: connect: refused"), Way::Sso, "UNREACHABLE", fails, "the AWS profile corp-prod gets"),
        (
            CredentialsError::provider_timed_out(std::time::Duration::from_secs(5)),
            Way::Sso,
            "UNREACHABLE",
            fails,
            "timed out after 5 seconds",
        ),
    ];
    for (error, way, code, waited_for, says) in table {
        let (told, waits, text) = judged(&error, way);
        assert_eq!((told.as_str(), waits), (code, waited_for), "{text}");
        assert!(text.contains(says), "no {says} in {text}");
    }
}

#[test]
fn a_profile_that_is_not_there_is_told_with_the_nearest_the_file_and_the_commands() {
    let mut seen = seen(Way::Nothing);
    assert!(seen.there().is_ok());
    seen.selected = "corp-prd".into();
    let problem = seen.there().unwrap_err();
    assert_eq!(problem.code, "AWS-PROFILE-MISSING");
    assert_eq!(problem.what, "the AWS profile corp-prd is not there; did you mean corp-prod?");
    assert_eq!(problem.why, "Read: ~/.aws/config. Its profiles, the nearest first: corp-prod, corp-test, default.");
    assert!(problem.fix.contains("$ export AWS_PROFILE=corp-prod\n"), "{}", problem.fix);
    assert!(problem.fix.ends_with("$ aws configure list-profiles"), "{}", problem.fix);

    seen.names.clear();
    let problem = seen.there().unwrap_err();
    assert!(problem.why.ends_with("It has no profile at all."), "{}", problem.why);
    assert!(problem.fix.ends_with("$ aws configure sso --profile corp-prd"), "{}", problem.fix);
    // Nobody has to write a default.
    seen.selected = "default".into();
    assert!(seen.there().is_ok());
}

#[test]
fn what_aws_itself_refuses_is_an_end_or_a_stranger() {
    let ended = refused("ExpiredTokenException", "over", Some("corp prod"));
    assert_eq!((ended.code.as_str(), ended.why.as_str()), ("AWS-EXPIRED", "AWS says: over"));
    assert!(ended.fix.ends_with("$ aws sso login --profile 'corp prod'"), "{}", ended.fix);
    let stranger = refused("InvalidClientTokenId", "no", None);
    assert_eq!(stranger.code, "AWS-KEYS-REFUSED");
    assert!(stranger.fix.ends_with("$ aws sso login"), "{}", stranger.fix);
}
