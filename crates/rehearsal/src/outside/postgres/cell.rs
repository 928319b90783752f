//! Values and rows of an answer.

use tokio::io::{AsyncRead, AsyncWrite};

use super::wire::Wire;

/// Type number of `bool`.
pub const BOOL: u32 = 16;
/// Type number of `int4`.
pub const INT4: u32 = 23;
/// Type number of `int8`.
pub const INT8: u32 = 20;
/// Type number of `text`.
pub const TEXT: u32 = 25;

/// A statement's answer.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Name and type number of each column; none where it returns no rows at all.
    pub columns: Vec<(String, u32)>,
    /// Rows.
    pub rows: Vec<Vec<Cell>>,
    /// The command tag, e.g. `SELECT 1`.
    pub tag: String,
    /// The extension it created.
    pub created: Option<String>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// `bool`.
    Bool(bool),
    /// `int4`.
    Int(i32),
    /// `int8`.
    Big(i64),
    /// `text`.
    Text(String),
}

impl Cell {
    /// `text`.
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// Its type number.
    pub fn kind(&self) -> u32 {
        match self {
            Self::Null | Self::Text(_) => TEXT,
            Self::Bool(_) => BOOL,
            Self::Int(_) => INT4,
            Self::Big(_) => INT8,
        }
    }

    /// As the wire has it.
    pub fn bytes(&self, binary: bool) -> Vec<u8> {
        match (self, binary) {
            (Self::Null, _) => Vec::new(),
            (Self::Text(text), _) => text.clone().into_bytes(),
            (Self::Bool(value), true) => vec![u8::from(*value)],
            (Self::Bool(value), false) => if *value { b"t" } else { b"f" }.to_vec(),
            (Self::Int(value), true) => value.to_be_bytes().to_vec(),
            (Self::Int(value), false) => value.to_string().into_bytes(),
            (Self::Big(value), true) => value.to_be_bytes().to_vec(),
            (Self::Big(value), false) => value.to_string().into_bytes(),
        }
    }
}

/// Bytes of a type, -1 where it varies.
pub fn size(kind: u32) -> i16 {
    match kind {
        BOOL => 1,
        INT4 => 4,
        INT8 => 8,
        _ => -1,
    }
}

impl Outcome {
    /// The answer of a `SELECT`.
    pub fn select(columns: Vec<(String, u32)>, found: Vec<Vec<Cell>>) -> Self {
        let tag = format!("SELECT {}", found.len());
        Self::rows(columns, found, &tag)
    }

    /// Rows with a command tag.
    pub fn rows(columns: Vec<(String, u32)>, rows: Vec<Vec<Cell>>, tag: &str) -> Self {
        Self { columns, rows, tag: tag.to_owned(), created: None }
    }
}

/// Puts the description of the rows in line.
pub fn describe<S: AsyncRead + AsyncWrite + Unpin>(outcome: &Outcome, binary: bool, wire: &mut Wire<S>) {
    let mut body = u16::try_from(outcome.columns.len()).unwrap_or(0).to_be_bytes().to_vec();
    for (name, kind) in &outcome.columns {
        body.extend(name.bytes());
        // No table, no column number; type, its size, no modifier; format.
        body.extend([0; 7]);
        body.extend(kind.to_be_bytes());
        body.extend(size(*kind).to_be_bytes());
        body.extend((-1_i32).to_be_bytes());
        body.extend(i16::from(binary).to_be_bytes());
    }
    wire.put(b'T', &body);
}

/// Puts the rows and the command tag in line.
pub fn finish<S: AsyncRead + AsyncWrite + Unpin>(outcome: &Outcome, binary: bool, wire: &mut Wire<S>) {
    for row in &outcome.rows {
        let mut body = u16::try_from(row.len()).unwrap_or(0).to_be_bytes().to_vec();
        for cell in row {
            match cell {
                Cell::Null => body.extend((-1_i32).to_be_bytes()),
                cell => {
                    let bytes = cell.bytes(binary);
                    body.extend(u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes());
                    body.extend(bytes);
                }
            }
        }
        wire.put(b'D', &body);
    }
    wire.put(b'C', format!("{}\0", outcome.tag).as_bytes());
}
