//! Every problem these kinds can name has a page.

use std::{collections::BTreeSet, path::Path};

use regex::Regex;

#[test]
fn every_problem_has_a_page_that_says_what_to_do() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pattern = Regex::new(r#""((?:K8S|HELM|REG|SEC|TOOL|KUBECONFIG|KUBE)-[A-Z0-9-]+)""#).unwrap();
    let row = Regex::new(r"^[A-Z0-9]+-\d+$").unwrap();
    let mut codes = BTreeSet::new();
    for folder in ["src/check", "src/step", "src/lookup", "src/cloud"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = [
                "kube", "helm", "registry", "tool", "secret", "manifest", "objects", "pods", "process", "child",
                "release", "chart",
            ];
            if ours.iter().any(|beginning| name.starts_with(beginning)) && entry.path().is_file() {
                let text = std::fs::read_to_string(entry.path()).unwrap();
                codes.extend(pattern.captures_iter(&text).map(|found| found[1].to_owned()));
            }
        }
    }
    codes.retain(|code| !row.is_match(code));
    assert!(codes.len() > 30, "{codes:?}");
    for code in codes {
        let page = root.join("assets/problems").join(format!("{code}.md"));
        let text = std::fs::read_to_string(&page).unwrap_or_else(|_| panic!("{code} has no page"));
        assert!(text.starts_with(&format!("# {code}: ")), "{code}'s page is titled otherwise");
        assert!(text.contains("**What.**") && text.contains("**Fix.**"), "{code}'s page lacks what or fix");
    }
}
