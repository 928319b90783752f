//! Every problem the AWS kinds tell of has a page.

use std::{collections::BTreeSet, fs, path::Path};

use regex::Regex;

fn sources(folder: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else {
            into.push(fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_problem_has_a_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    sources(&root.join("src/cloud/look"), &mut texts);
    for room in ["check", "step", "lookup"] {
        for entry in fs::read_dir(root.join("src").join(room)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if !["aws_", "iam_", "ec2_", "eks_", "autoscaling_", "cloudwatch_", "s3_", "kms_", "ses_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
            {
                continue;
            }
            if path.is_dir() { sources(&path, &mut texts) } else { texts.push(fs::read_to_string(&path).unwrap()) }
        }
    }
    // A kind's own code ends in a number; a problem's is words.
    let code = Regex::new(r#""((?:AWS|EKS|EC2|IAM|ACM|CLOUDWATCH|AUTOSCALING|S3|KMS|SES|UNDO)(?:-[A-Z]+)+)""#).unwrap();
    let codes: BTreeSet<&str> =
        texts.iter().flat_map(|text| code.captures_iter(text)).map(|found| found.get(1).unwrap().as_str()).collect();
    assert!(codes.len() > 40, "{codes:?}");
    let missing: Vec<&&str> =
        codes.iter().filter(|code| !root.join(format!("assets/problems/{code}.md")).exists()).collect();
    assert!(missing.is_empty(), "no page: {missing:?}");
}
