//! Does a certificate's name cover a host?

/// Whether a certificate's name covers a host name: the same, or a wildcard one label deep.
pub fn covers(certificate: &str, host: &str) -> bool {
    let (certificate, host) = (certificate.to_lowercase(), host.trim_end_matches('.').to_lowercase());
    match certificate.strip_prefix("*.") {
        Some(domain) => host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == domain),
        None => certificate == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label_and_not_its_own_domain() {
        assert!(covers("*.corp.example", "Shield.corp.example"));
        assert!(!covers("*.corp.example", "a.b.corp.example"));
        assert!(!covers("*.corp.example", "corp.example"));
        assert!(covers("shield.corp.example", "shield.corp.example."));
    }
}
