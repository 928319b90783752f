//! Timestamps: RFC 3339 text in our values, whatever each protocol likes on the wire.

use jiff::Timestamp;

/// Seconds since 1970 as text.
pub fn from_seconds(seconds: f64) -> String {
    Timestamp::from_millisecond((seconds * 1000.0).round() as i64).unwrap_or_default().to_string()
}

/// Text as whole milliseconds, `2026-11-20T10:00:00.000Z`, as the XML protocols write it.
pub fn iso(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(moment) => moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        Err(_) => text.to_owned(),
    }
}
