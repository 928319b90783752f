//! Real and simulated endpoints in one run: refused, and nothing real is called before that.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpListener,
    path::PathBuf,
};

use crate::rehearsed::{Said, Served, run};

const CHECK: [&str; 3] = ["check", "arthur-shield", "--yes"];

/// Somebody else's endpoint, which counts who comes. Where the rehearsal is, everything is at 127.0.0.1.
struct Outside(TcpListener);

impl Outside {
    fn open() -> Self {
        Self(TcpListener::bind("127.0.0.2:0").unwrap())
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    fn saw_nothing(self) {
        self.0.set_nonblocking(true).unwrap();
        assert_eq!(self.0.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "a call went outside");
    }
}

fn is_refused(said: &Said, culprit: &str) {
    said.ends_with(2);
    // Long lines are wrapped.
    let text = format!("{}{}", said.out, said.err).split_whitespace().collect::<Vec<_>>().join(" ");
    for word in ["ENDPOINTS-MIXED", culprit, "why", "real account", "fix", "landfall rehearse --serve"] {
        assert!(text.contains(word), "without {culprit}: no {word} in:\n{text}");
    }
}

/// The check, with an AWS outside that would be called where the simulated one is not named.
fn check(served: &Served, outside: &Outside) -> std::process::Command {
    let mut command = served.command(&CHECK);
    for service in ["STS", "EKS", "IAM", "EC2", "SSM", "ACM", "AUTO_SCALING", "CLOUDWATCH", "SERVICE_QUOTAS"] {
        command.env(format!("AWS_ENDPOINT_URL_{service}"), outside.url());
    }
    command
}

#[test]
#[cfg(target_os = "linux")]
fn without_any_one_of_the_variables_nothing_is_called() {
    let served = Served::start("smooth");
    let outside = Outside::open();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let may_be_left_out = ["LANDFALL_ANSWERS", "LANDFALL_TOGETHER"];
    let names: Vec<String> =
        served.variables().filter(|name| !may_be_left_out.contains(name)).map(str::to_owned).collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        let mut command = check(&served, &outside);
        command.env_remove(&name);
        if name == "PATH" {
            command.env("PATH", &path);
        }
        is_refused(&run(&mut command), &name);
    }
    outside.saw_nothing();
}

#[test]
#[cfg(target_os = "linux")]
fn an_endpoint_outside_is_not_called_even_if_a_setting_leads_there() {
    let served = Served::start("smooth");
    let outside = Outside::open();
    is_refused(&run(&mut check(&served, &outside)), "127.0.0.2");

    let config = std::fs::read_to_string(served.world().join("kube/config")).unwrap();
    let server = config.lines().find_map(|line| line.trim().strip_prefix("server: ")).unwrap().to_owned();
    let elsewhere = served.file("elsewhere", &config.replace(&server, &outside.url()));
    is_refused(&served.landfall_with("KUBECONFIG", &elsewhere, &["check", "arthur-shield", "--yes"]), "127.0.0.2");
    for name in ["AWS_ENDPOINT_URL", "HTTPS_PROXY"] {
        let said = served.landfall_with(name, &PathBuf::from(outside.url()), &["check", "arthur-shield", "--yes"]);
        is_refused(&said, name);
    }
    outside.saw_nothing();
}

#[test]
fn a_cluster_that_does_not_name_itself_simulated_is_refused_beside_a_simulated_account() {
    let served = Served::start("smooth");
    let cluster = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = std::fs::read_to_string(served.world().join("kube/config")).unwrap();
    let server = config.lines().find_map(|line| line.trim().strip_prefix("server: ")).unwrap().to_owned();
    let real = served.file("real", &config.replace(&server, &format!("http://{}", cluster.local_addr().unwrap())));
    std::thread::spawn(move || {
        for stream in cluster.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let body = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","code":404,"message":"no","reason":"NotFound"}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    is_refused(&served.landfall_with("KUBECONFIG", &real, &["check", "arthur-shield", "--yes"]), "Kubernetes is real");
    assert_eq!(served.journal(), "", "nothing was begun");
}
