//! A state that could not be saved: it is found in the folder, pushed, and nothing is made twice.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use landfall_core::event::{Owner, State};

use super::bench::Bench;
use crate::place::{INSTALL, present};

/// What terraform's `http` backend keeps its state in.
#[derive(Default)]
struct Store {
    state: Mutex<Vec<u8>>,
    refuses: AtomicBool,
}

impl Store {
    /// Serves on loopback for as long as the test runs; gives the address.
    fn serve(self: &Arc<Self>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/state", listener.local_addr().unwrap());
        let store = Arc::clone(self);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever hangs up has heard enough.
                let _ = store.answer(stream);
            }
        });
        address
    }

    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(&stream);
        let (mut request, mut length) = (String::new(), 0);
        reader.read_line(&mut request)?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let mut state = self.state.lock().unwrap();
        let (status, answer) = match request.split(' ').next().unwrap_or_default() {
            "POST" if self.refuses.load(Ordering::SeqCst) => ("403 Forbidden", Vec::new()),
            "POST" => {
                *state = body;
                ("200 OK", Vec::new())
            }
            _ if state.is_empty() => ("404 Not Found", Vec::new()),
            _ => ("200 OK", state.clone()),
        };
        let mut stream = &stream;
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len())?;
        stream.write_all(&answer)
    }

    fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_state_that_could_not_be_saved_is_pushed_and_nothing_is_made_twice() {
    let Some(bench) = Bench::new() else { return };
    let store = Arc::new(Store::default());
    let address = store.serve();
    bench.write(
        "main.tf",
        &format!(
            r#"
terraform {{
  backend "http" {{
    address   = "{address}"
    retry_max = 0
  }}
}}
variable "password" {{
  type      = string
  sensitive = true
}}
resource "terraform_data" "made" {{
  input = "x"
  provisioner "local-exec" {{ command = "echo made >> made" }}
}}
output "landfall_install" {{ value = "{INSTALL}" }}
"#
        ),
    );
    bench.agreed().await;
    // What is made is known to nobody but the file that is left.
    store.refuse(true);
    let (_, job) = bench.start().await;
    assert!(job.await.unwrap().is_err());
    assert!(bench.work.path().join("errored.tfstate").exists());
    let found = bench.inspect().await;
    let State::Broken { problem, recoveries } = &found.state else { panic!("{found:?}") };
    assert_eq!((problem.code.as_str(), &found.owner), ("TF-STATE-UNSAVED", &Owner::Ours));
    assert_eq!(recoveries.iter().map(|way| (way.id.as_str(), way.loses.as_str())).collect::<Vec<_>>(), [("push", "")]);

    let kind = &bench.place.kinds.steps["terraform.module"];
    let made = landfall::kind::Made { outputs: serde_json::json!({}), before: None };
    let kept = kind.undo(&bench.place.context(), &bench.parameters(), &made).await.unwrap_err();
    assert_eq!(kept.problem().code, "TF-STATE-UNSAVED", "what nobody knows cannot be destroyed");

    store.refuse(false);
    kind.recover(&bench.place.context(), &bench.parameters(), "push").await.unwrap();
    assert!(!bench.work.path().join("errored.tfstate").exists());
    present(&bench.inspect().await);
    assert_eq!(std::fs::read_to_string(bench.work.path().join("made")).unwrap(), "made\n");
}
