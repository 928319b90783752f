//! A stand-in `aws` for machines that have none: its version, and the token a kubeconfig asks it for.

use serde_json::json;

use crate::handed_out::TOKEN;

/// Runs one command and returns its exit code.
pub fn run(arguments: &[String]) -> i32 {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if words == ["--version"] {
        println!("aws-cli/2.31.19 Python/3.13.7 Linux/6.8.0 exe/x86_64");
        return 0;
    }
    if words.windows(2).any(|pair| pair == ["eks", "get-token"]) {
        let credential = json!({
            "kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1", "spec": {},
            "status": { "token": TOKEN },
        });
        println!("{credential}");
        return 0;
    }
    eprintln!(
        "aws: this is the rehearsal's stand-in, which knows only `--version` and `eks get-token`; the official aws is used where it is installed"
    );
    252
}
