//! Which settings belong together? Whoever hands endpoints out says so, for some of them alone would lead somewhere else.

use std::collections::BTreeMap;

use landfall_core::event::Problem;

use super::vouch::mixed;

/// Refuses an environment in which not everything is there that was handed out. `handed_out` is JSON: the name of each variable
/// and what its value must hold, or null where any value will do.
pub(super) fn together(handed_out: &str, read: impl Fn(&str) -> Option<String>) -> Result<(), Problem> {
    let wanted: BTreeMap<String, Option<String>> = serde_json::from_str(handed_out).map_err(|error| {
        Problem::new(
            "SETTING-WRONG",
            format!("LANDFALL_TOGETHER: {error}"),
            "Take it as it was handed out, or unset it and all that came with it.",
        )
    })?;
    for (name, holds) in &wanted {
        let now = read(name).filter(|value| !value.is_empty());
        let wrong = match (now, holds) {
            (None, _) => "is not set",
            (Some(now), Some(holds)) if !now.contains(holds.as_str()) => "leads somewhere else",
            _ => continue,
        };
        return Err(mixed(format!("{name} {wrong}, but it was handed out together with the simulated endpoints")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &'static str, value: Option<&'static str>) -> Option<String> {
        let handed_out = r#"{"AT": "http://127.0.0.1:1", "PATH": "/own/bin", "PROFILE": null}"#;
        let read = |asked: &str| match asked {
            _ if asked == name => value.map(str::to_owned),
            "AT" => Some("http://127.0.0.1:1".into()),
            "PATH" => Some("/own/bin:/bin".into()),
            _ => Some("any".into()),
        };
        together(handed_out, read).err().map(|problem| problem.what)
    }

    #[test]
    fn what_is_whole_is_taken() {
        assert_eq!(refused("PROFILE", Some("another")), None);
        assert_eq!(refused("PATH", Some("/first:/own/bin")), None);
    }

    #[test]
    fn what_is_missing_or_another_is_named() {
        assert!(refused("AT", None).is_some_and(|what| what.starts_with("AT is not set")));
        assert!(refused("AT", Some("http://10.0.0.1")).is_some_and(|what| what.starts_with("AT leads somewhere else")));
        assert!(refused("PATH", Some("/bin")).is_some());
        assert!(refused("PROFILE", Some("")).is_some());
    }
}
