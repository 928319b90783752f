//! A secret in a header.

use landfall_core::event::Problem;

use crate::cloud::Trouble;

/// A header's value that no log of the client shows.
pub fn secret_header(value: &str) -> Result<http::HeaderValue, Trouble> {
    let mut value = http::HeaderValue::from_str(value).map_err(|_| {
        Trouble::from(Problem::new(
            "SECRET-NEWLINE",
            "a secret holds a line break or another sign a header cannot carry",
            "Enter it again, without the newline at its end.",
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_with_a_newline_is_no_header() {
        assert!(secret_header("Bearer abc\n").is_err());
    }
}
