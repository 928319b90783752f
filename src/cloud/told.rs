//! What does a child say? Its lines, from pipes, or from files where it has to go on without us.

use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Child,
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use super::private;

/// How often a file is looked at for more.
const LOOK: Duration = Duration::from_millis(50);

/// Which of a child's streams a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Where a child says it.
pub enum Told {
    /// Into pipes; nobody reads them any more once we are gone, which ends it at its next word.
    Pipes,
    /// Into two files of this folder, which only their owner may read.
    Files(PathBuf),
}

impl Told {
    /// The child's standard output and standard error.
    pub fn streams(&self) -> io::Result<(Stdio, Stdio)> {
        match self {
            Self::Pipes => Ok((Stdio::piped(), Stdio::piped())),
            Self::Files(folder) => Ok((file(folder, Stream::Out)?.into(), file(folder, Stream::Err)?.into())),
        }
    }

    /// Reads on to the end: of the pipes, or of what stands in the files when `ended` is set.
    pub fn read(&self, child: &mut Child, ended: &CancellationToken) -> io::Result<mpsc::Receiver<(Stream, String)>> {
        let (sender, lines) = mpsc::channel(256);
        match self {
            Self::Pipes => {
                if let Some(pipe) = child.stdout.take() {
                    tokio::spawn(follow(pipe, Stream::Out, sender.clone(), None));
                }
                if let Some(pipe) = child.stderr.take() {
                    tokio::spawn(follow(pipe, Stream::Err, sender, None));
                }
            }
            Self::Files(folder) => {
                for stream in [Stream::Out, Stream::Err] {
                    let file = tokio::fs::File::from_std(File::open(path(folder, stream))?);
                    tokio::spawn(follow(file, stream, sender.clone(), Some(ended.clone())));
                }
            }
        }
        Ok(lines)
    }
}

fn path(folder: &Path, stream: Stream) -> PathBuf {
    folder.join(match stream {
        Stream::Out => "said.out",
        Stream::Err => "said.err",
    })
}

fn file(folder: &Path, stream: Stream) -> io::Result<File> {
    let path = path(folder, stream);
    private::replace(&path, b"")?;
    OpenOptions::new().append(true).open(path)
}

/// Passes lines on; at the end of a file it waits for more until the child has ended.
async fn follow(
    from: impl AsyncRead + Unpin,
    stream: Stream,
    lines: mpsc::Sender<(Stream, String)>,
    ended: Option<CancellationToken>,
) {
    let mut from = BufReader::new(from);
    let mut bytes = Vec::new();
    loop {
        // Asked first: what it said last is read after that.
        let over = ended.as_ref().is_none_or(CancellationToken::is_cancelled);
        match from.read_until(b'\n', &mut bytes).await {
            Err(_) => return,
            Ok(0) if over && bytes.is_empty() => return,
            Ok(_) if bytes.ends_with(b"\n") || over => {}
            Ok(_) => {
                tokio::time::sleep(LOOK).await;
                continue;
            }
        }
        let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
        bytes.clear();
        if lines.send((stream, line)).await.is_err() {
            return;
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::cloud::{Endpoints, Process};

    #[tokio::test]
    async fn what_is_said_is_heard_to_the_last_word_from_pipes_and_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let process = Process::new(Endpoints { path, ..Endpoints::default() });
        for outlives in [false, true] {
            let mut command =
                process.command("sh").unwrap().args(["-c", "echo one; echo two >&2; printf 'no newline'"]);
            if outlives {
                command = command.outliving(folder.path());
            }
            let heard = command.output().await.unwrap();
            assert_eq!((heard.code, &*heard.stdout, &*heard.stderr), (Some(0), "one\nno newline\n", "two\n"));
        }
        let mode = std::fs::metadata(super::path(folder.path(), Stream::Out)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "what a tool says may hold a secret");
    }
}
