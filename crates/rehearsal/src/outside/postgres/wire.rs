//! PostgreSQL's messages, version 3.0 (PostgreSQL documentation, "Frontend/Backend Protocol").

use std::{collections::BTreeMap, io};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The first message of a connection.
#[derive(Debug)]
pub enum Start {
    /// `SSLRequest`.
    Tls,
    /// `GSSENCRequest`.
    GssEncryption,
    /// `CancelRequest`.
    Cancel,
    /// `StartupMessage` with its parameters.
    Session(BTreeMap<String, String>),
}

/// An error as PostgreSQL words it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    severity: &'static str,
    code: &'static str,
    /// What it says.
    pub message: String,
    detail: Option<String>,
    hint: Option<String>,
}

impl Refusal {
    /// Ends the session.
    pub fn fatal(code: &'static str, message: String) -> Self {
        Self { severity: "FATAL", code, message, detail: None, hint: None }
    }

    /// Ends the statement.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: "ERROR", code, message: message.into(), detail: None, hint: None }
    }

    /// With a detail.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A connection that carries messages.
#[derive(Debug)]
pub struct Wire<S> {
    stream: S,
    out: Vec<u8>,
}

/// Reads the first message.
pub async fn read_start<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Start> {
    let length = stream.read_u32().await?;
    let code = stream.read_u32().await?;
    let rest = length
        .checked_sub(8)
        .filter(|rest| *rest <= 10_000)
        .ok_or_else(|| invalid("a start-up message of odd length"))?;
    let mut body = vec![0; rest as usize];
    stream.read_exact(&mut body).await?;
    match code {
        80_877_103 => Ok(Start::Tls),
        80_877_104 => Ok(Start::GssEncryption),
        80_877_102 => Ok(Start::Cancel),
        code if code >> 16 == 3 => {
            let words: Vec<_> =
                body.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
            let pairs = words.chunks_exact(2).take_while(|pair| !pair[0].is_empty());
            Ok(Start::Session(pairs.map(|pair| (pair[0].clone(), pair[1].clone())).collect()))
        }
        _ => Err(invalid("not PostgreSQL's protocol")),
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Over this stream.
    pub fn new(stream: S) -> Self {
        Self { stream, out: Vec::new() }
    }

    /// Reads the first message.
    pub async fn read_start(&mut self) -> io::Result<Start> {
        read_start(&mut self.stream).await
    }

    /// Reads one message: its type and body.
    pub async fn read(&mut self) -> io::Result<(u8, Vec<u8>)> {
        self.flush().await?;
        let kind = self.stream.read_u8().await?;
        let length = self.stream.read_u32().await?;
        let length = length
            .checked_sub(4)
            .filter(|length| *length <= 1 << 20)
            .ok_or_else(|| invalid("a message of odd length"))?;
        let mut body = vec![0; length as usize];
        self.stream.read_exact(&mut body).await?;
        Ok((kind, body))
    }

    /// Puts a message in line; the next read or flush sends it.
    pub fn put(&mut self, kind: u8, body: &[u8]) {
        self.out.push(kind);
        // A message's length counts itself.
        self.out.extend(u32::try_from(body.len() + 4).unwrap_or(u32::MAX).to_be_bytes());
        self.out.extend_from_slice(body);
    }

    /// Puts an error in line.
    pub fn put_error(&mut self, refusal: &Refusal) {
        let fields = [
            (b'S', Some(refusal.severity)),
            (b'V', Some(refusal.severity)),
            (b'C', Some(refusal.code)),
            (b'M', Some(refusal.message.as_str())),
            (b'D', refusal.detail.as_deref()),
            (b'H', refusal.hint.as_deref()),
        ];
        let mut body = Vec::new();
        for (field, text) in fields {
            if let Some(text) = text {
                body.push(field);
                body.extend(text.bytes());
                body.push(0);
            }
        }
        body.push(0);
        self.put(b'E', &body);
    }

    /// Sends what is in line.
    pub async fn flush(&mut self) -> io::Result<()> {
        if !self.out.is_empty() {
            self.stream.write_all(&self.out).await?;
            self.stream.flush().await?;
            self.out.clear();
        }
        Ok(())
    }

    /// Sends an error and ends the connection.
    pub async fn refuse(&mut self, refusal: &Refusal) -> io::Result<()> {
        self.put_error(refusal);
        self.flush().await?;
        self.stream.shutdown().await
    }
}

/// Reads the fields of a message's body.
#[derive(Debug)]
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    /// Text up to a zero byte.
    pub fn text(&mut self) -> &'a str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        let text = std::str::from_utf8(&self.0[..end]).unwrap_or_default();
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        text
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    /// A 16-bit number.
    pub fn i16(&mut self) -> i16 {
        self.bytes(2).try_into().map_or(0, i16::from_be_bytes)
    }

    /// A 32-bit number.
    pub fn i32(&mut self) -> i32 {
        self.bytes(4).try_into().map_or(0, i32::from_be_bytes)
    }
}
