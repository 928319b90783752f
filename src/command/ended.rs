//! Did a rehearsal end as its scenario says?

use landfall_core::event::Problem;
use landfall_rehearsal::Ends;
use serde_json::Value;

use super::Exit;

/// What is otherwise than the scenario says; nothing where it ended so. `told` is everything that was said, as NDJSON.
pub(super) fn otherwise(scenario: &str, ends: &Ends, strict: bool, code: i32, told: &str) -> Option<Problem> {
    let mut why = Vec::new();
    if let Some(expected) = ends.exit_code.filter(|expected| !same(*expected, code, strict)) {
        why.push(format!("The exit code is {code}; `ends` says {expected}."));
    }
    let mut words = Vec::new();
    for line in told.lines() {
        texts(&serde_json::from_str(line).unwrap_or_default(), &mut words);
    }
    let missing: Vec<&str> =
        ends.says.iter().map(String::as_str).filter(|said| !words.iter().any(|text| text.contains(said))).collect();
    if !missing.is_empty() {
        why.push(format!("Nothing said {}.", missing.join(", ")));
    }
    if why.is_empty() {
        return None;
    }
    let problem = Problem::new(
        "REHEARSAL-ENDS",
        format!("the rehearsal of {scenario} did not end as its scenario says"),
        format!(
            "Mend the guide; or, where this is how it should end, write in the scenario\n$ ends: {{ exit_code: {code}, says: [CODE or TASK-PATH] }}"
        ),
    );
    Some(problem.why(why.join(" ")))
}

/// The exit code of a rehearsal that ended otherwise: a run that ended well, or as expected, has failed all the same.
pub(super) fn code(ends: &Ends, code: i32) -> i32 {
    if code == Exit::Done.code() || ends.exit_code == Some(code) { Exit::Failed.code() } else { code }
}

/// With `--strict` warnings have an exit code of their own; what the scenario says is meant without it.
fn same(expected: i32, code: i32, strict: bool) -> bool {
    expected == code || strict && expected == Exit::Done.code() && code == Exit::Warned.code()
}

fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(fields) => fields.values().for_each(|item| texts(item, into)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "{\"path\":\"steps/relay\",\"event\":\"finished\"}\n{\"problem\":{\"code\":\"ACME-DOWN\",\"what\":\"say \\\"no\\\"\"}}\n";

    fn of(exit_code: i32, says: &[&str]) -> Ends {
        Ends { exit_code: Some(exit_code), says: says.iter().map(|said| (*said).to_owned()).collect() }
    }

    #[test]
    fn exit_code_and_everything_that_must_be_said_are_compared() {
        let differs = |ends: &Ends, strict, code| otherwise("smooth", ends, strict, code, TOLD);
        assert_eq!(differs(&of(0, &["steps/relay", "ACME-DOWN", "say \"no\""]), false, 0), None);
        assert_eq!(differs(&of(0, &[]), true, 4), None);
        assert_eq!(differs(&of(1, &[]), false, 0).unwrap().why, "The exit code is 0; `ends` says 1.");
        assert_eq!(differs(&of(0, &["ACME-UP", "ACME-DOWN"]), false, 0).unwrap().why, "Nothing said ACME-UP.");
        assert!(differs(&of(0, &[]), false, 4).is_some());
    }

    #[test]
    fn what_ended_otherwise_never_ends_well() {
        assert_eq!((code(&of(1, &[]), 0), code(&of(3, &[]), 3), code(&of(0, &[]), 5)), (1, 1, 5));
    }
}
