//! What a server keeps of a password: its SCRAM-SHA-256 verifier, so that the password itself never stands in a statement, which
//! a server may log. RFC 5802 and RFC 7677; its text form is PostgreSQL's.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

const ITERATIONS: u32 = 4096;

/// The verifier; none for a password that a server would have to normalise first.
pub fn verifier(password: &str) -> Option<String> {
    // SASLprep leaves printable ASCII as it is.
    let plain = !password.is_empty() && password.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    plain.then(|| with_salt(password, uuid::Uuid::new_v4().as_bytes()))
}

fn with_salt(password: &str, salt: &[u8]) -> String {
    let salted = salted(password.as_bytes(), salt);
    let stored = Sha256::digest(keyed(&salted, b"Client Key"));
    let server = keyed(&salted, b"Server Key");
    format!(
        "SCRAM-SHA-256${ITERATIONS}:{}${}:{}",
        STANDARD.encode(salt),
        STANDARD.encode(stored),
        STANDARD.encode(server)
    )
}

/// `Hi` of RFC 5802, which is PBKDF2 with one block.
fn salted(password: &[u8], salt: &[u8]) -> [u8; 32] {
    let mut last = keyed(password, &[salt, &[0, 0, 0, 1]].concat());
    let mut all = last;
    for _ in 1..ITERATIONS {
        last = keyed(password, &last);
        all.iter_mut().zip(last).for_each(|(all, last)| *all ^= last);
    }
    all
}

fn keyed(key: &[u8], text: &[u8]) -> [u8; 32] {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(text);
            mac.finalize().into_bytes().into()
        }
        // HMAC takes keys of every length.
        Err(_) => [0; 32],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_one_of_the_rfcs_example() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        // RFC 7677: user "user", password "pencil".
        assert_eq!(
            with_salt("pencil", &salt),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }

    #[test]
    fn what_a_server_would_normalise_is_left_to_it() {
        assert_eq!(verifier("pässword"), None);
        assert_eq!(verifier(""), None);
        assert!(verifier("it's \\ fine").is_some());
    }
}
