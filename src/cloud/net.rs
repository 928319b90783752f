//! The network: names, connections through the proxy, one setting for trusted certificates.

/// Whether `NO_PROXY` says that a host is reached directly: exact names, domains (`.corp.example`, `corp.example`), `*`.
pub fn bypasses(no_proxy: &str, host: &str) -> bool {
    no_proxy.split([',', ' ']).map(str::trim).filter(|rule| !rule.is_empty()).any(|rule| {
        let domain = rule.trim_start_matches("*.").trim_start_matches('.');
        rule == "*" || host == domain || host.ends_with(&format!(".{domain}"))
    })
}
