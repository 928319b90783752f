//! Which name of a template is not known? An undefined value inside a map or a list would be written as null.

use std::collections::HashSet;

use minijinja::{
    Environment, Error, ErrorKind,
    value::{Value, ValueKind},
};

/// The value itself, unless something inside it is undefined.
pub(super) fn whole(value: Value) -> Result<Value, Error> {
    if has_gap(&value) {
        return Err(Error::new(ErrorKind::UndefinedError, "a value in a map or list is not known"));
    }
    Ok(value)
}

fn has_gap(value: &Value) -> bool {
    let items = || value.try_iter().into_iter().flatten();
    match value.kind() {
        ValueKind::Undefined => true,
        ValueKind::Seq => items().any(|item| has_gap(&item)),
        ValueKind::Map => items().any(|key| value.get_item(&key).is_ok_and(|item| has_gap(&item))),
        _ => false,
    }
}

/// Those of the dotted names that lead to nothing, in order; as a sentence.
pub(super) fn sentence(environment: &Environment<'_>, names: HashSet<String>, scope: &Value) -> Option<String> {
    let leads_nowhere = |name: &String| {
        if environment.globals().any(|(global, _)| global == name) {
            return false;
        }
        let found = name.split('.').try_fold(scope.clone(), |value, part| value.get_attr(part));
        found.map_or(true, |value| value.is_undefined())
    };
    let mut missing: Vec<String> = names.into_iter().filter(leads_nowhere).collect();
    missing.sort();
    match missing.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is not known")),
        several => Some(format!("{} are not known", several.join(", "))),
    }
}
