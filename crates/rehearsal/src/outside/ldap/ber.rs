//! BER, as far as LDAP needs it: X.690 with definite lengths, RFC 4511, 5.1.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Larger messages are refused.
const LARGEST: usize = 1 << 20;

/// One element: its tag and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Class, form and number in one byte.
    pub tag: u8,
    /// Content.
    pub content: Vec<u8>,
}

impl Element {
    /// An element of bytes.
    pub fn new(tag: u8, content: impl Into<Vec<u8>>) -> Self {
        Self { tag, content: content.into() }
    }

    /// An element of elements.
    pub fn of(tag: u8, parts: impl IntoIterator<Item = Element>) -> Self {
        Self { tag, content: parts.into_iter().flat_map(|part| part.bytes()).collect() }
    }

    /// A small number under a tag.
    pub fn number(tag: u8, number: u32) -> Self {
        let bytes = number.to_be_bytes();
        let mut first = bytes.iter().position(|byte| *byte != 0).unwrap_or(3);
        // A leading one bit would make it negative.
        let negative = bytes[first] & 0x80 != 0;
        let mut content = Vec::new();
        if negative {
            content.push(0);
        }
        while first < 4 {
            content.push(bytes[first]);
            first += 1;
        }
        Self { tag, content }
    }

    /// As it goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let length = self.content.len();
        let mut bytes = vec![self.tag];
        match u8::try_from(length) {
            Ok(short) if short < 0x80 => bytes.push(short),
            _ => {
                let long = length.to_be_bytes();
                let from = long.iter().position(|byte| *byte != 0).unwrap_or(long.len() - 1);
                bytes.push(0x80 | u8::try_from(long.len() - from).unwrap_or(8));
                bytes.extend(&long[from..]);
            }
        }
        bytes.extend(&self.content);
        bytes
    }

    /// The elements inside.
    pub fn parts(&self) -> Vec<Element> {
        let (mut rest, mut parts) = (self.content.as_slice(), Vec::new());
        while let Some((element, after)) = first(rest) {
            parts.push(element);
            rest = after;
        }
        parts
    }

    /// The content as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).into_owned()
    }
}

/// The first element of some bytes, and what follows it.
fn first(bytes: &[u8]) -> Option<(Element, &[u8])> {
    let (&[tag, length], mut rest) = bytes.split_first_chunk::<2>()?;
    let mut size = usize::from(length);
    if length & 0x80 != 0 {
        let (long, after) = rest.split_at_checked(usize::from(length & 0x7f))?;
        size = long.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))?;
        rest = after;
    }
    let (content, after) = rest.split_at_checked(size)?;
    Some((Element::new(tag, content), after))
}

/// The next message of a connection; nothing where it ended.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Element>> {
    let tag = match stream.read_u8().await {
        Ok(tag) => tag,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    let short = stream.read_u8().await?;
    let mut size = usize::from(short);
    if short & 0x80 != 0 {
        size = 0;
        for _ in 0..(short & 0x7f).min(8) {
            size = size << 8 | usize::from(stream.read_u8().await?);
        }
    }
    if size > LARGEST {
        return Err(io::Error::other(format!("a message of {size} bytes")));
    }
    let mut content = vec![0; size];
    stream.read_exact(&mut content).await?;
    Ok(Some(Element { tag, content }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let long = "x".repeat(300);
        let message = Element::of(0x30, [Element::number(0x02, 200), Element::new(0x04, long.as_bytes())]);
        let (read, rest) = first(&message.bytes()).map(|(element, rest)| (element, rest.len())).unwrap();
        assert_eq!(rest, 0);
        assert_eq!(read.parts()[0].content, [0, 200]);
        assert_eq!(read.parts()[1].text(), long);
    }
}
