//! Which fields does the cluster refuse to change in place? Told from its own refusal of a change that it only tried.

use kube::core::Status;
use landfall_core::event::{Difference, Problem};

use crate::cloud::Trouble;

/// What the API server says of a field that stays as it was made: apimachinery's validation and those of the kinds.
const STAYS: [&str; 7] = [
    "immutable",
    "updates to",
    "may not change",
    "may not be changed",
    "may not be updated",
    "cannot be changed",
    "cannot change",
];

/// Marks the differences that the server refuses because they cannot change in place; whether there is one.
pub fn mark_fixed(error: &kube::Error, differences: &mut [Difference]) -> bool {
    let Some(causes) = causes(error) else { return false };
    let mut any = false;
    for difference in differences.iter_mut() {
        difference.fixed |= causes.iter().any(|(field, message)| is_meant(&difference.field, field, message));
        any |= difference.fixed;
    }
    if !any {
        // It names a field that is written in another way.
        differences.iter_mut().for_each(|difference| difference.fixed = true);
    }
    true
}

/// A refusal of the change itself, where it could not be tried before.
pub fn refused(error: kube::Error, name: &str) -> Trouble {
    let Some(causes) = causes(&error) else { return error.into() };
    let lines: Vec<String> = causes.iter().map(|(field, message)| format!("{field}: {message}")).collect();
    Problem::new(
        "K8S-FIELD-FIXED",
        format!("{name} cannot be changed in place"),
        "Put the answer back to what it was made with and start again; or agree to make it anew, where it is this install's own.",
    )
    .why(lines.join("\n"))
    .into()
}

/// Field and message of every cause that is about a field which stays as it was made.
fn causes(error: &kube::Error) -> Option<Vec<(String, String)>> {
    let kube::Error::Api(status) = error else { return None };
    let stays = |message: &str| STAYS.iter().any(|word| message.contains(word));
    if status.code != 422 || !stays(&status.message) {
        return None;
    }
    let of = |status: &Status| -> Vec<(String, String)> {
        let all = status.details.iter().flat_map(|details| &details.causes);
        all.filter(|cause| stays(&cause.message)).map(|cause| (cause.field.clone(), cause.message.clone())).collect()
    };
    let found = of(status);
    Some(if found.is_empty() { vec![(String::new(), status.message.clone())] } else { found })
}

/// `updates to statefulset spec for fields other than 'replicas', 'template' …` names those that may change.
fn is_meant(difference: &str, field: &str, message: &str) -> bool {
    let plain = |path: &str| -> Vec<String> {
        path.split('.').map(|part| part.split('[').next().unwrap_or(part).to_owned()).collect()
    };
    let (difference, field) = (plain(difference), plain(field));
    let within = field == [""] || difference.starts_with(&field);
    // `spec.clusterIPs[0]` is refused where `spec.clusterIP` is written.
    let plural = field.last().is_some_and(|last| {
        difference.len() >= field.len()
            && difference[..field.len() - 1] == field[..field.len() - 1]
            && last.strip_suffix('s') == Some(difference[field.len() - 1].as_str())
    });
    let may_change = |part: &String| message.contains("other than") && message.contains(&format!("'{part}'"));
    (within || plural) && !difference.get(field.len()).is_some_and(may_change)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(field: &str, message: &str, differ: &[&str]) -> Option<Vec<String>> {
        let cause = serde_json::json!({ "reason": "FieldValueForbidden", "message": message, "field": field });
        let status: Status = serde_json::from_value(serde_json::json!({
            "status": "Failure", "code": 422, "reason": "Invalid", "message": format!("x is invalid: {field}: {message}"),
            "details": { "causes": [cause] }
        }))
        .unwrap();
        let difference = |field: &&str| Difference {
            field: (*field).to_owned(),
            wanted: "a".into(),
            found: "b".into(),
            fixed: false,
        };
        let mut differences: Vec<Difference> = differ.iter().map(difference).collect();
        mark_fixed(&kube::Error::Api(status.boxed()), &mut differences).then(|| {
            differences.into_iter().filter(|difference| difference.fixed).map(|difference| difference.field).collect()
        })
    }

    #[test]
    fn the_refusal_names_the_fields_that_stay() {
        let set = "Forbidden: updates to statefulset spec for fields other than 'replicas', 'template', 'updateStrategy' and 'minReadySeconds' are forbidden";
        let claim = "spec.volumeClaimTemplates[0].spec.resources.requests.storage";
        assert_eq!(of("spec", set, &[claim, "spec.template.spec.x", "metadata.labels.a"]).unwrap(), [claim]);
        let address = "Invalid value: [\"10.0.0.9\"]: may not change once set";
        assert_eq!(
            of("spec.clusterIPs[0]", address, &["spec.clusterIP", "spec.ports[0].port"]).unwrap(),
            ["spec.clusterIP"]
        );
        let selector = "Invalid value: {}: field is immutable";
        assert_eq!(of("spec.selector", selector, &["spec.selector.matchLabels.app"]).unwrap().len(), 1);
        assert_eq!(
            of("roleRef", "Invalid value: {}: cannot change roleRef", &["roleRef.name"]).unwrap(),
            ["roleRef.name"]
        );
        assert_eq!(of("spec.other", selector, &["spec.written"]).unwrap(), ["spec.written"], "under another name");
        assert_eq!(
            of("spec.replicas", "Invalid value: -1: must be greater than or equal to 0", &["spec.replicas"]),
            None
        );
    }
}
