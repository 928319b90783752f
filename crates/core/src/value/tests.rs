//! What templates come to, what they read, and what they may not do with a secret.

use serde_json::json;

use super::{Late, Scope, SecretText, Tree, references};

fn scope() -> Scope {
    let mut scope = Scope::new().with_late_steps();
    scope.set("gpu_max", json!(4));
    scope.set("hosts", json!(["a", "b"]));
    scope.secret("postgres", "password");
    scope.step("template", json!({"id": "lt-1"}));
    scope
}

#[test]
fn one_whole_expression_keeps_its_type_and_any_other_text_is_text() {
    let rendered = scope()
        .render(&json!({"count": "{{ gpu_max }}", "text": "max {{ gpu_max }}", "list": "{{ hosts }}", "n": "{{ gpu_max * 8 }}"}))
        .unwrap();
    assert_eq!(rendered, json!({"count": 4, "text": "max 4", "list": ["a", "b"], "n": 32}));
}

#[test]
fn one_whole_expression_may_have_braces_inside() {
    let rendered = scope()
        .render(&json!([
            "{{ {'a': {'b': gpu_max}} }}",
            "{{ {'a': {'b': gpu_max}}}}",
            "{{ {'a': [{}, {'b': {'c': hosts}}]} }}",
            "{{ '}} and {{' }}",
            "{{- gpu_max -}}",
            "{{ {'a': {'b': gpu_max}} }} and {{ {'a': {}} }}",
            "{{ gpu_max }}{{ gpu_max }}",
        ]))
        .unwrap();
    assert_eq!(rendered[0], json!({"a": {"b": 4}}));
    assert_eq!(rendered[1], json!({"a": {"b": 4}}));
    assert_eq!(rendered[2], json!({"a": [{}, {"b": {"c": ["a", "b"]}}]}));
    assert_eq!(rendered[3], "}} and {{");
    assert_eq!(rendered[4], 4);
    assert!(rendered[5].as_str().is_some_and(|text| text.contains(" and ")), "{}", rendered[5]);
    assert_eq!(rendered[6], "44");
    let found = references(&json!("{{ {'a': {'b': secrets.x.y}} }}")).unwrap();
    assert_eq!(found.secrets().collect::<Vec<_>>(), ["x"]);
}

#[test]
fn a_file_called_secrets_is_no_secret() {
    let read = |text: &str| references(&json!(text)).map(|references| references.names.into_iter().collect::<Vec<_>>());
    assert_eq!(read("{{ folder }}/secrets.tf").unwrap(), ["folder"]);
    assert!(read("{{ secrets.a.b | upper }}/secrets.tf").is_err());
    assert!(read("secrets.tf of {{ 'x' ~ secrets.a.b }}").is_err());
}

#[test]
fn an_output_is_unknown_while_planning_and_known_once_the_step_is_done() {
    let rendered = scope()
        .render(&json!(["{{ steps.template.id }}", "{{ steps.group.asg }}", "{{ steps.release.ingresses['a'] }}"]))
        .unwrap();
    assert_eq!(rendered[0], "lt-1");
    let late: Late<String> = serde_json::from_value(rendered[1].clone()).unwrap();
    assert_eq!(late, Late::Unknown("steps.group.asg".into()));
    let late: Late<String> = serde_json::from_value(rendered[2].clone()).unwrap();
    assert_eq!(late, Late::Unknown("steps.release.ingresses.a".into()));
}

#[test]
fn a_secret_renders_to_a_reference() {
    let rendered = scope().render(&json!({"url": "pg:{{ secrets.postgres.password }}@x"})).unwrap();
    assert_eq!(Tree(rendered.clone()).shown()["url"], "pg:<secret postgres.password>@x");
    let text: SecretText = serde_json::from_value(rendered["url"].clone()).unwrap();
    assert_eq!(text.references().count(), 1);
}

#[test]
fn a_secret_through_a_filter_is_refused() {
    assert!(references(&json!("{{ secrets.postgres.password | upper }}")).is_err());
    assert!(references(&json!("{{ secrets.postgres.password ~ 'x' }}")).is_err());
    assert!(references(&json!("{{ secrets.postgres.password }}")).is_ok());
}

#[test]
fn an_undefined_name_is_an_error() {
    let fault = scope().render_text("{{ gpu_maximum }}").unwrap_err();
    assert_eq!(fault.0, "gpu_maximum is not known");
    let fault = scope().render_text("at most\n{{ gpu_maximum }}").unwrap_err();
    assert_eq!(fault.0, "gpu_maximum is not known (line 2 of the template)");
    assert_eq!(scope().holds("gpu_maximum == 2").unwrap_err().0, "gpu_maximum is not known");
}

#[test]
fn an_undefined_name_inside_a_map_or_list_is_an_error_that_names_it() {
    for text in [
        "{{ {'a': nope} }}",
        "{{ [gpu_max, nope] }}",
        "{{ {'a': [1, {'b': nope}]} }}",
        "{{ {'a': nope} | hcl }}",
        "{{ [nope] | tojson }}",
        "x {{ {'a': [nope]} }}",
        "{{ dict(a=nope) }}",
    ] {
        assert_eq!(scope().render_text(text).unwrap_err().0, "nope is not known", "{text}");
    }
    let fault = scope().render_text("{{ {'a': steps.template.arn, 'b': gpu_max} }}").unwrap_err();
    assert_eq!(fault.0, "steps.template.arn is not known");
    let rendered = scope().render_text("{{ {'a': none, 'b': nope | default('x'), 'c': steps.group.id} }}").unwrap();
    assert_eq!((&rendered["a"], &rendered["b"]), (&serde_json::Value::Null, &json!("x")));
}

#[test]
fn references_are_dotted_names() {
    let found =
        references(&json!({"a": "{{ steps.template.id }}", "b": "x {{ gpu_max }} {{ secrets.postgres.password }}"}))
            .unwrap();
    assert_eq!(found.steps().collect::<Vec<_>>(), ["template"]);
    assert_eq!(found.secrets().collect::<Vec<_>>(), ["postgres"]);
    assert!(found.names.contains("gpu_max"));
}

#[test]
fn a_condition_reads_inputs() {
    let mut scope = scope();
    scope.set("mode", json!("full"));
    assert!(scope.holds("mode == 'full' and gpu_max > 2").unwrap());
    assert!(scope.holds("missing == 1").is_err());
}

#[test]
fn a_secret_stands_for_a_whole_value_and_goes_through_nothing() {
    let of = |text: &str| references(&json!(text)).is_ok();
    assert!(of("{{ secrets.a.b }}") && of("user={{ secrets.a.b }};"));
    assert!(of("{{ {'name': 'x', 'password': secrets.a.b} }}") && of("{{ dict(values, key=secrets.a.b) }}"));
    assert!(of("{{ secrets.a.b if asked else none }}") && of("{{ none if asked else secrets.a.b }}"));
    assert!(!of("{{ secrets.a.b | upper }}") && !of("{{ 'x' ~ secrets.a.b }}") && !of("{{ secrets.a.b == 'x' }}"));
    assert!(!of("{{ secrets.a.b ~ 'x' }}") && !of("{{ 'x' == secrets.a.b }}"));
}
