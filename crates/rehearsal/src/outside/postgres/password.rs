//! What a server keeps of a password, and whether one is right.

use std::num::NonZeroU32;

use aws_lc_rs::{
    digest, hmac,
    pbkdf2::{self, PBKDF2_HMAC_SHA256},
};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::Postgres;
use crate::World;

/// A SCRAM-SHA-256 verifier, as `pg_authid` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    /// Salt.
    pub salt: Vec<u8>,
    /// Iterations.
    pub iterations: NonZeroU32,
    /// The stored key.
    pub stored: Vec<u8>,
    /// The server's key.
    pub server: Vec<u8>,
}

/// What is kept of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The password itself.
    Plain(String),
    /// Its verifier.
    Scram(Verifier),
}

impl Kept {
    /// From the text behind `PASSWORD`.
    pub fn of(text: &str) -> Self {
        Verifier::read(text).map_or_else(|| Self::Plain(text.to_owned()), Self::Scram)
    }

    /// Whether this password is right.
    pub fn is(&self, password: &str) -> bool {
        match self {
            Self::Plain(known) => known == password,
            Self::Scram(known) => Verifier::of(password, &known.salt, known.iterations) == *known,
        }
    }
}

impl Verifier {
    /// The verifier of a password.
    pub fn of(password: &str, salt: &[u8], iterations: NonZeroU32) -> Self {
        let mut salted = [0; 32];
        pbkdf2::derive(PBKDF2_HMAC_SHA256, iterations, salt, password.as_bytes(), &mut salted);
        Self {
            salt: salt.to_vec(),
            iterations,
            stored: digest::digest(&digest::SHA256, &keyed(&salted, b"Client Key")).as_ref().to_vec(),
            server: keyed(&salted, b"Server Key"),
        }
    }

    /// `SCRAM-SHA-256$4096:salt$stored:server`.
    fn read(text: &str) -> Option<Self> {
        let (first, second) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let ((iterations, salt), (stored, server)) = (first.split_once(':')?, second.split_once(':')?);
        let decoded = |text: &str| STANDARD.decode(text).ok();
        Some(Self {
            salt: decoded(salt)?,
            iterations: iterations.parse().ok()?,
            stored: decoded(stored)?,
            server: decoded(server)?,
        })
    }
}

/// What a server keeps of a user's password; none where there is no such user.
pub fn of(world: &World, host: &str, server: &Postgres, user: &str) -> Option<Kept> {
    let declared = server.users.get(user).map(|user| Kept::Plain(user.password.clone()));
    declared.or_else(|| Some(world.outside.inner().databases.get(host)?.roles.get(user)?.password.clone()))
}

/// A keyed digest.
pub fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}
