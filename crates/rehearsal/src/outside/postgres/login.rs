//! Checking a password, by SCRAM-SHA-256 (RFC 5802, RFC 7677) or as it is.

use std::{io, num::NonZeroU32};

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Authentication, Postgres,
    password::{self, Kept, Verifier, keyed},
    wire::{Fields, Refusal, Wire},
};
use crate::World;

const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).unwrap();

/// Asks for the password and checks it.
pub async fn check<S>(
    world: &World,
    host: &str,
    server: &Postgres,
    user: &str,
    wire: &mut Wire<S>,
) -> io::Result<Result<(), Refusal>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // An unknown user is asked like a known one, and refused like one with a wrong password.
    let password = password::of(world, host, server, user);
    let right = match server.authentication {
        Authentication::Cleartext => cleartext(password, wire).await?,
        Authentication::Scram => scram(password, wire).await?,
    };
    if right {
        wire.put(b'R', &0_u32.to_be_bytes());
        return Ok(Ok(()));
    }
    Ok(Err(Refusal::fatal("28P01", format!("password authentication failed for user \"{user}\""))))
}

async fn cleartext<S: AsyncRead + AsyncWrite + Unpin>(password: Option<Kept>, wire: &mut Wire<S>) -> io::Result<bool> {
    wire.put(b'R', &3_u32.to_be_bytes());
    let (kind, body) = wire.read().await?;
    Ok(kind == b'p' && password.is_some_and(|known| known.is(Fields(&body).text())))
}

async fn scram<S: AsyncRead + AsyncWrite + Unpin>(password: Option<Kept>, wire: &mut Wire<S>) -> io::Result<bool> {
    wire.put(b'R', &[&10_u32.to_be_bytes()[..], b"SCRAM-SHA-256\0\0"].concat());
    let (kind, body) = wire.read().await?;
    let mut fields = Fields(&body);
    if kind != b'p' || fields.text() != "SCRAM-SHA-256" {
        return Ok(false);
    }
    let length = fields.i32().try_into().unwrap_or(0);
    let first = String::from_utf8_lossy(fields.bytes(length)).into_owned();
    // `n,,n=user,r=nonce`: two fields about channel binding, then the message proper.
    let Some((start, bare)) = first.match_indices(',').nth(1).map(|(at, _)| first.split_at(at + 1)) else {
        return Ok(false);
    };
    let Some(nonce) = attribute(bare, "r") else { return Ok(false) };
    let nonce = format!("{nonce}{}", uuid::Uuid::new_v4().simple());
    let salt = uuid::Uuid::new_v4();
    let known = password.map(|known| match known {
        Kept::Scram(verifier) => verifier,
        Kept::Plain(password) => Verifier::of(&password, salt.as_bytes(), ITERATIONS),
    });
    let (salt, iterations) = match &known {
        Some(known) => (known.salt.clone(), known.iterations),
        None => (salt.as_bytes().to_vec(), ITERATIONS),
    };
    let server_first = format!("r={nonce},s={},i={iterations}", STANDARD.encode(&salt));
    wire.put(b'R', &[&11_u32.to_be_bytes()[..], server_first.as_bytes()].concat());

    let (kind, body) = wire.read().await?;
    let last = String::from_utf8_lossy(&body).into_owned();
    let Some((unproven, proof)) = last.split_once(",p=").filter(|_| kind == b'p') else { return Ok(false) };
    if attribute(unproven, "r") != Some(&nonce) || attribute(unproven, "c") != Some(&STANDARD.encode(start)) {
        return Ok(false);
    }
    let Some(known) = known else { return Ok(false) };
    let exchange = format!("{bare},{server_first},{unproven}");
    let signature = keyed(&known.stored, exchange.as_bytes());
    let client_key: Vec<u8> = STANDARD
        .decode(proof.trim_end_matches('\0'))
        .unwrap_or_default()
        .iter()
        .zip(&signature)
        .map(|(a, b)| a ^ b)
        .collect();
    if digest::digest(&digest::SHA256, &client_key).as_ref() != known.stored.as_slice() {
        return Ok(false);
    }
    let verifier = keyed(&known.server, exchange.as_bytes());
    let server_last = format!("v={}", STANDARD.encode(verifier));
    wire.put(b'R', &[&12_u32.to_be_bytes()[..], server_last.as_bytes()].concat());
    Ok(true)
}

fn attribute<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
}
