//! Who is called at an address?

use landfall_core::event::Host;

/// The host and port of an `http://` or `https://` address, as people's browsers reach it; none where it is not known yet.
pub fn host_of(url: &str, why: &str) -> Option<Host> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, if scheme == "http" { 80 } else { 443 }),
    };
    (!host.contains('<')).then(|| Host { host: host.to_owned(), port, from: "browsers".into(), why: why.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_not_named_is_the_schemes() {
        let place = |url| host_of(url, "").map(|host| (host.host, host.port));
        assert_eq!(place("https://a.example/x"), Some(("a.example".into(), 443)));
        assert_eq!(place("http://a.example:9000"), Some(("a.example".into(), 9000)));
        assert_eq!(place("a.example"), None);
    }
}
