//! An LDAP directory, as far as binding and finding entries: RFC 4511.

pub mod ber;

use std::{collections::BTreeMap, io};

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use ber::Element;

const SEQUENCE: u8 = 0x30;
const OCTETS: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;

/// The operation that turns a connection to TLS: RFC 4511, 4.14.
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

const SUCCESS: u32 = 0;
const PROTOCOL_ERROR: u32 = 2;
const NO_SUCH_OBJECT: u32 = 32;
const INVALID_CREDENTIALS: u32 = 49;
const INSUFFICIENT_RIGHTS: u32 = 50;

/// The directory. On port 636 it speaks TLS from the first byte, elsewhere once it is asked to (StartTLS).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ldap {
    /// Who may bind, by name (DN), with the password.
    pub users: BTreeMap<String, String>,
    /// What is in it.
    #[serde(default)]
    pub entries: Vec<Entry>,
}

/// One entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name.
    pub dn: String,
    /// Its attributes.
    #[serde(default)]
    pub attributes: BTreeMap<String, Vec<String>>,
}

impl Ldap {
    /// Serves one connection from its first byte to its end; or until it is to turn to TLS, where it does not speak that yet.
    pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S, tls: bool) -> io::Result<Option<S>> {
        let mut bound = false;
        while let Some(message) = ber::read(&mut stream).await? {
            let parts = message.parts();
            let [id, operation, ..] = parts.as_slice() else { return Ok(None) };
            let mut turns = false;
            let answers = match operation.tag {
                0x60 => {
                    let code = self.bind(operation);
                    bound = code == SUCCESS;
                    vec![result(0x61, code)]
                }
                0x42 => return Ok(None),
                0x63 => self.search(operation, bound),
                0x77 => {
                    let named = operation.parts().first().is_some_and(|name| name.text() == START_TLS);
                    turns = named && !tls;
                    vec![result(0x78, if turns { SUCCESS } else { PROTOCOL_ERROR })]
                }
                _ => return Ok(None),
            };
            for answer in answers {
                stream.write_all(&Element::of(SEQUENCE, [id.clone(), answer]).bytes()).await?;
            }
            stream.flush().await?;
            if turns {
                return Ok(Some(stream));
            }
        }
        Ok(None)
    }

    fn bind(&self, request: &Element) -> u32 {
        let parts = request.parts();
        let [_, name, password, ..] = parts.as_slice() else { return PROTOCOL_ERROR };
        let known = self.users.iter().find(|(user, _)| same(user, &name.text()));
        match known {
            Some((_, right)) if password.tag == 0x80 && password.text() == *right => SUCCESS,
            _ => INVALID_CREDENTIALS,
        }
    }

    fn search(&self, request: &Element, bound: bool) -> Vec<Element> {
        let parts = request.parts();
        let [base, scope, _, _, _, _, filter, ..] = parts.as_slice() else { return vec![result(0x65, PROTOCOL_ERROR)] };
        if !bound {
            return vec![result(0x65, INSUFFICIENT_RIGHTS)];
        }
        let base = base.text();
        if !self.entries.iter().any(|entry| same(&entry.dn, &base) || below(&entry.dn, &base)) {
            return vec![result(0x65, NO_SUCH_OBJECT)];
        }
        let base_only = scope.content == [0];
        let inside = |entry: &&Entry| same(&entry.dn, &base) || (!base_only && below(&entry.dn, &base));
        let found = self.entries.iter().filter(inside).filter(|entry| entry.fits(filter)).map(Entry::found);
        found.chain([result(0x65, SUCCESS)]).collect()
    }
}

impl Entry {
    fn values(&self, attribute: &str) -> &[String] {
        let named = self.attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute));
        named.map_or(&[], |(_, values)| values)
    }

    fn fits(&self, filter: &Element) -> bool {
        let parts = || filter.parts();
        match filter.tag {
            0xa0 => parts().iter().all(|part| self.fits(part)),
            0xa1 => parts().iter().any(|part| self.fits(part)),
            0xa2 => !parts().iter().any(|part| self.fits(part)),
            0xa3 => match parts().as_slice() {
                [attribute, value] => self.values(&attribute.text()).iter().any(|own| same(own, &value.text())),
                _ => false,
            },
            0x87 => !self.values(&filter.text()).is_empty(),
            _ => false,
        }
    }

    fn found(&self) -> Element {
        let attribute = |(name, values): (&String, &Vec<String>)| {
            let values = values.iter().map(|value| Element::new(OCTETS, value.as_bytes()));
            Element::of(SEQUENCE, [Element::new(OCTETS, name.as_bytes()), Element::of(0x31, values)])
        };
        let attributes = Element::of(SEQUENCE, self.attributes.iter().map(attribute));
        Element::of(0x64, [Element::new(OCTETS, self.dn.as_bytes()), attributes])
    }
}

/// An LDAPResult.
fn result(tag: u8, code: u32) -> Element {
    Element::of(tag, [Element::number(ENUMERATED, code), Element::new(OCTETS, ""), Element::new(OCTETS, "")])
}

/// Names and most values are compared without regard to case and to spaces after commas.
fn same(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(", ", ",");
    plain(one) == plain(other)
}

fn below(dn: &str, base: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(", ", ",");
    plain(dn).ends_with(&format!(",{}", plain(base)))
}
