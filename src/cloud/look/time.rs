//! The SDK's times as ours.

use aws_smithy_types::DateTime;
use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

/// The same moment.
pub fn moment(time: &DateTime) -> Timestamp {
    Timestamp::from_second(time.secs()).unwrap_or(Timestamp::MAX)
}

/// Its day, in UTC.
pub fn day(time: Timestamp) -> Date {
    Zoned::new(time, TimeZone::UTC).date()
}

/// Whole days from one moment to another; negative when it is over.
pub fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_hours().div_euclid(24)
}

/// For people: `5 days`, `1 day`, `today`.
pub fn days(count: i64) -> String {
    match count {
        0 => "less than a day".into(),
        1 => "1 day".into(),
        count => format!("{count} days"),
    }
}
