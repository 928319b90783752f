//! What expires, as a file for a calendar.

use jiff::Timestamp;

/// Expiries as an iCalendar file (RFC 5545), each as a whole-day event with an alarm a week before.
pub fn calendar(title: &str, now: Timestamp, expires: &[(Timestamp, String)]) -> String {
    let mut file = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//landfall//expiries//EN\r\n");
    for (at, what) in expires {
        let summary = format!("{title}: {what}").replace('\\', "\\\\").replace([';'], "\\;").replace(',', "\\,");
        let day = at.strftime("%Y%m%d");
        let identity = landfall_core::plan::digest(&serde_json::json!([title, what, at]));
        for line in [
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{}@landfall", &identity[..24]),
            format!("DTSTAMP:{}", now.strftime("%Y%m%dT%H%M%SZ")),
            format!("DTSTART;VALUE=DATE:{day}"),
            format!("SUMMARY:{summary}"),
            "BEGIN:VALARM".into(),
            "ACTION:DISPLAY".into(),
            format!("DESCRIPTION:{summary}"),
            "TRIGGER:-P7D".into(),
            "END:VALARM".into(),
            "END:VEVENT".into(),
        ] {
            fold(&mut file, &line);
        }
    }
    file.push_str("END:VCALENDAR\r\n");
    file
}

/// Lines longer than 75 octets are folded (RFC 5545, 3.1).
fn fold(file: &mut String, line: &str) {
    let mut width = 0;
    for letter in line.chars() {
        if width + letter.len_utf8() > 74 {
            file.push_str("\r\n ");
            width = 1;
        }
        file.push(letter);
        width += letter.len_utf8();
    }
    file.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_folds_long_lines_and_escapes_commas() {
        let text = calendar("Acme Search", Timestamp::UNIX_EPOCH, &[(Timestamp::UNIX_EPOCH, "a, ".repeat(60))]);
        assert!(text.lines().all(|line| line.len() <= 75), "{text}");
        assert!(text.contains("a\\, "));
    }
}
