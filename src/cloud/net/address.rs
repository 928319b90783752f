//! Who is called at an address?

use landfall_core::event::Host;

/// The host and port of an `http://` or `https://` address, as people's browsers reach it. What is not known yet stands in it
/// as it stands in the address: `<steps.bucket.host>`.
pub fn host_of(url: &str, why: &str) -> Option<Host> {
    let host = |host: &str, port| Host { host: host.to_owned(), port, from: "browsers".into(), why: why.to_owned() };
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.starts_with('<').then(|| host(url, 443));
    };
    let authority = rest.split('/').next()?;
    // Who signs in there is nobody else's business.
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match authority.rsplit_once(':') {
        Some((name, port)) => Some(host(name, port.parse().ok()?)),
        None => Some(host(authority, if scheme == "http" { 80 } else { 443 })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_not_named_is_the_schemes() {
        let place = |url| host_of(url, "").map(|host| (host.host, host.port));
        assert_eq!(place("https://a.example/x"), Some(("a.example".into(), 443)));
        assert_eq!(place("http://a.example:9000"), Some(("a.example".into(), 9000)));
        assert_eq!(place("https://<answer auth_host>/x"), Some(("<answer auth_host>".into(), 443)));
        assert_eq!(place("<secret minio.url>"), Some(("<secret minio.url>".into(), 443)));
        assert_eq!(place("https://svc:hunter2@git.corp:8443/x"), Some(("git.corp".into(), 8443)));
        assert_eq!(place("a.example"), None);
    }
}
