//! A row's short code, to read out over the phone: the same on every screen that watches the same cluster.

/// Letters and digits that are not taken for each other when read out or written down.
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// e.g. `P-4F2K` for a pod: a letter for what it is, and four signs that follow from its name.
pub fn code(letter: char, name: &str) -> String {
    // FNV-1a: short, and it never changes.
    let digest = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let folded = digest ^ (digest >> 32);
    let signs = (0..4).map(|place| char::from(SIGNS[(folded >> (5 * place)) as usize % SIGNS.len()]));
    format!("{letter}-{}", signs.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_never_changes_and_names_that_differ_in_one_letter_differ() {
        assert_eq!(code('P', "shield-auth-7c9b8d6f5-2xkqp"), code('P', "shield-auth-7c9b8d6f5-2xkqp"));
        assert_eq!(code('P', "auth-0"), "P-G63Z");
        let codes: BTreeSet<String> = (0..500).map(|number| code('P', &format!("web-7c9b8d6f5-{number}"))).collect();
        assert!(codes.len() >= 499, "{} of 500", codes.len());
    }
}
