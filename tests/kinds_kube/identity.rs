//! Who may come in: issuers, directories, tokens, custom kinds, namespaces others cannot read; against a rehearsal.

use landfall_core::event::{Owner, State};
use serde_json::{Value, json};

use super::place::{Place, present};

const ISSUER: &str = "https://id.corp.example:443/dex";

fn token(claims: &Value) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn anna() -> String {
    token(
        &json!({"iss": ISSUER, "aud": "platform", "exp": 4_102_444_800_i64, "email": "anna@corp.example", "groups": ["admins"]}),
    )
}

fn scenario() -> String {
    format!(
        r#"
kubernetes:
  users:
    - {{ token: "{}", name: "infer:anna@corp.example", groups: ["infer:admins"] }}
  objects:
    - {{ apiVersion: v1, kind: Namespace, metadata: {{ name: closed }} }}
    - {{ apiVersion: v1, kind: Namespace, metadata: {{ name: open }} }}
    - {{ apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{ name: admins }}, rules: [{{ apiGroups: [""], resources: [namespaces], verbs: [create] }}] }}
    - {{ apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {{ name: admins }}, roleRef: {{ kind: ClusterRole, name: admins }}, subjects: [{{ kind: Group, name: "infer:admins" }}] }}
    - {{ apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {{ name: reader, namespace: open }}, rules: [{{ apiGroups: [""], resources: [secrets], verbs: [get] }}] }}
    - {{ apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {{ name: reader, namespace: open }}, roleRef: {{ kind: Role, name: reader }}, subjects: [{{ kind: Group, name: "system:authenticated" }}] }}
    - apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {{ name: widgets.example.com }}
      spec:
        group: example.com
        scope: Namespaced
        names: {{ plural: widgets, kind: Widget }}
        versions: [{{ name: v1, served: true, storage: true, schema: {{ openAPIV3Schema: {{ type: object }} }} }}]
    - apiVersion: v1
      kind: Pod
      metadata: {{ name: kube-apiserver-1, namespace: kube-system, labels: {{ component: kube-apiserver }} }}
      spec: {{ containers: [{{ name: kube-apiserver, image: x, command: [kube-apiserver, "--oidc-client-id=platform"] }}] }}
outside:
  hosts:
    id.corp.example:
      kind: routes
      routes:
        - path: /dex/.well-known/openid-configuration
          json: {{ issuer: "{ISSUER}", jwks_uri: "{ISSUER}/keys", claims_supported: [email], scopes_supported: [groups] }}
        - {{ path: /dex/keys, json: {{ keys: [{{ kid: a }}] }} }}
    empty.corp.example:
      kind: routes
      routes:
        - path: /.well-known/openid-configuration
          json: {{ issuer: "https://empty.corp.example", jwks_uri: "https://empty.corp.example/keys" }}
        - {{ path: /keys, json: {{ keys: [] }} }}
    own.corp.example:
      kind: routes
      certificate: {{ self_signed: true }}
      routes: []
    s3.corp.example:
      kind: routes
      routes: [{{ path: /, body: "<ListAllMyBucketsResult/>" }}]
    locked.corp.example:
      kind: routes
      routes: [{{ path: /, status: 403, body: "<Error><Code>InvalidAccessKeyId</Code></Error>" }}]
    ldap.corp.example:
      kind: ldap
      port: 636
      users: {{ "cn=dex,dc=corp": bind-canary }}
      entries:
        - {{ dn: "ou=groups,dc=corp", attributes: {{ objectClass: [organizationalUnit] }} }}
        - {{ dn: "cn=admins,ou=groups,dc=corp", attributes: {{ objectClass: [groupOfNames], cn: [admins], member: ["uid=anna"] }} }}
        - {{ dn: "cn=nobody,ou=groups,dc=corp", attributes: {{ objectClass: [groupOfNames], cn: [nobody] }} }}
"#,
        anna()
    )
}

#[tokio::test]
async fn an_issuer_is_taken_at_its_word_letter_by_letter() {
    let place = Place::simulated(&scenario()).await;
    let code = |issuer: &str, claims: &[&str]| {
        let parameters = json!({"issuer": issuer, "claims": claims});
        let place = &place;
        async move { place.code("oidc.discovery", parameters).await }
    };
    assert_eq!(code(ISSUER, &["email", "groups"]).await, "pass");
    assert_eq!(code(&format!("{ISSUER}/"), &[]).await, "OIDC-ISSUER");
    assert_eq!(code("https://id.corp.example/dex", &[]).await, "OIDC-ISSUER");
    assert_eq!(code(ISSUER, &["group"]).await, "OIDC-CLAIM");
    assert_eq!(code("http://id.corp.example/dex", &[]).await, "OIDC-HTTPS");
    assert_eq!(code("https://id.corp.example/other", &[]).await, "OIDC-SILENT");
    assert_eq!(code("https://empty.corp.example", &[]).await, "OIDC-KEYS");
    assert_eq!(code("https://own.corp.example", &[]).await, "OIDC-UNTRUSTED");
}

#[tokio::test]
async fn a_directory_is_bound_to_and_searched() {
    let place = Place::simulated(&scenario()).await;
    let password = place.secret("ldap.password", "bind-canary");
    let base = json!({
        "url": "ldaps://ldap.corp.example", "bind_dn": "cn=dex,dc=corp", "password": password, "search_base": "ou=groups,dc=corp",
        "filter": "(&(objectClass=groupOfNames)(cn=*))", "group": "admins", "member_attribute": "member",
    });
    let code = |field: &str, value: Value| {
        let mut parameters = base.clone();
        parameters[field] = value;
        let place = &place;
        async move { place.code("ldap.bind", parameters).await }
    };
    assert_eq!(code("group", json!("admins")).await, "pass");
    assert_eq!(code("group", json!("nobody")).await, "LDAP-GROUP-EMPTY");
    assert_eq!(code("group", json!("others")).await, "LDAP-GROUP-MISSING");
    assert_eq!(code("search_base", json!("ou=teams,dc=corp")).await, "LDAP-BASE");
    assert_eq!(code("password", json!("wrong")).await, "LDAP-LOGIN");
    assert_eq!(code("bind_dn", json!("cn=other,dc=corp")).await, "LDAP-LOGIN");
    assert_eq!(code("url", json!("ldap://ldap.corp.example:389")).await, "LDAP-SILENT");
    assert!(!place.said().contains("bind-canary"));
}

#[tokio::test]
async fn a_store_is_asked_with_its_keys_at_exactly_its_address() {
    let place = Place::simulated(&scenario()).await;
    let key = place.secret("s3.key", "key-canary");
    let code = |url: &str, key: &str| {
        let parameters = json!({"url": url, "access_key": "AKID", "secret_key": key});
        let place = &place;
        async move { place.code("s3.endpoint", parameters).await }
    };
    assert_eq!(code("https://s3.corp.example", &key).await, "pass");
    assert_eq!(code("https://s3.corp.example\n", &key).await, "S3-NEWLINE");
    assert_eq!(code("https://s3.corp.example", "x\n").await, "S3-NEWLINE");
    assert_eq!(code("https://locked.corp.example", &key).await, "S3-LOGIN");
    assert_eq!(code("https://id.corp.example", &key).await, "S3-PORT");
    assert_eq!(code("https://nobody.corp.example", &key).await, "S3-SILENT");
    assert_eq!(code("s3.corp.example", &key).await, "S3-ADDRESS");
}

fn of_token(place: &Place, token: &str) -> Value {
    json!({
        "token": place.secret("sign_in.token", token), "issuer": ISSUER, "client_id": "platform", "username_claim": "email",
        "username_prefix": "infer:", "groups_claim": "groups", "groups_prefix": "infer:", "group": "admins",
    })
}

#[tokio::test]
async fn a_token_is_tried_at_the_api_server_and_its_rights_with_it() {
    let place = Place::simulated(&scenario()).await;
    let with = |field: &str, value: Value| {
        let mut parameters = of_token(&place, &anna());
        parameters[field] = value;
        let place = &place;
        async move { place.code("oidc.token", parameters).await }
    };
    assert_eq!(with("allowed", json!([{"verb": "create", "resource": "namespaces"}])).await, "pass");
    assert_eq!(with("allowed", json!([{"verb": "create", "resource": "nodes"}])).await, "OIDC-NOT-ALLOWED");
    assert_eq!(with("denied", json!([{"verb": "get", "resource": "secrets", "namespace": "closed"}])).await, "pass");
    assert_eq!(
        with("denied", json!([{"verb": "get", "resource": "secrets", "namespace": "open"}])).await,
        "OIDC-ALLOWED"
    );
    assert_eq!(with("groups_prefix", json!("oidc:")).await, "OIDC-PREFIX");
    assert_eq!(with("username_prefix", json!("")).await, "OIDC-PREFIX");
    let strange = token(&json!({"iss": ISSUER, "aud": "platform", "email": "x@corp.example", "groups": ["admins"]}));
    assert_eq!(place.code("oidc.token", of_token(&place, &strange)).await, "OIDC-TOKEN-REFUSED");
    assert_eq!(place.code("oidc.token", of_token(&place, "opaque")).await, "OIDC-TOKEN-UNREADABLE");
    let mut nothing = of_token(&place, "x");
    nothing["token"] =
        json!(landfall_core::value::SecretText::stand_in(&landfall_core::value::SecretRef("no.token".into())));
    assert_eq!(place.code("oidc.token", nothing).await, "SECRET-MISSING");
}

#[tokio::test]
async fn what_is_closed_and_what_is_open_is_asked_on_somebodys_behalf() {
    let place = Place::simulated(&scenario()).await;
    let code = |namespace: &str| {
        let parameters = json!({"user": "infer:otto@corp.example", "groups": ["infer:users"], "namespace": namespace});
        let place = &place;
        async move { place.code("kube.denied_user", parameters).await }
    };
    assert_eq!(code("closed").await, "pass");
    assert_eq!(code("open").await, "K8S-NAMESPACE-OPEN");
}

#[tokio::test]
async fn custom_kinds_and_flags_are_looked_at() {
    let place = Place::simulated(&scenario()).await;
    assert_eq!(place.code("kube.crd", json!({"name": "widgets.example.com", "versions": ["v1"]})).await, "pass");
    assert_eq!(
        place.code("kube.crd", json!({"name": "widgets.example.com", "versions": ["v2"]})).await,
        "K8S-CRD-VERSION"
    );
    assert_eq!(place.code("kube.crd", json!({"name": "gadgets.example.com"})).await, "K8S-CRD-MISSING");
    let flags = |value: &str| json!({"flags": {"oidc-client-id": value, "oidc-ca-file": ""}});
    assert_eq!(place.code("kube.api_server_flags", flags("platform")).await, "pass");
    assert_eq!(place.code("kube.api_server_flags", flags("other")).await, "K8S-API-SERVER-FLAG");
    let table = place.rows("kube.api_server", json!({})).await;
    assert_eq!(table.rows[0].value["pod"], "kube-apiserver-1");
    let none = Place::simulated("kubernetes: {}").await;
    assert_eq!(none.code("kube.api_server_flags", flags("platform")).await, "unknown");
    assert!(none.rows("kube.api_server", json!({})).await.rows.is_empty());
}

/// Parameters of an authority whose parts are kept as `tls.…`.
pub fn authority(place: &Place, names: &[&str]) -> Value {
    let kept = |name: &str| {
        landfall_core::value::SecretText::stand_in(&landfall_core::value::SecretRef(format!("tls.{name}")))
    };
    json!({
        "name": "A test's authority", "names": names, "ca": kept("ca"), "ca_key": kept("ca_key"), "certificate": kept("certificate"),
        "key": kept("key"), "ca_file": place.folder.path().join("exported.crt"),
    })
}

#[tokio::test]
async fn an_authority_is_made_once_and_signs_again_for_other_names() {
    let place = Place::simulated("kubernetes: {}").await;
    let step = authority(&place, &["*.corp.example", "id.corp.example"]);
    assert_eq!(place.inspect("tls.authority", &step).await.state, State::Absent);
    place.apply("tls.authority", &step).await.unwrap();
    let found = place.inspect("tls.authority", &step).await;
    assert_eq!(found.owner, Owner::Ours);
    let outputs = present(&found);
    let (ca, key) = (place.kept("tls.ca").unwrap(), place.kept("tls.ca_key").unwrap());
    let exported = place.folder.path().join("exported.crt");
    assert_eq!(std::fs::read_to_string(&exported).unwrap(), ca);
    assert!(key.contains("PRIVATE KEY") && !place.said().contains("PRIVATE KEY"));
    for path in place.left() {
        assert!(!std::fs::read_to_string(&path).unwrap_or_default().contains("PRIVATE KEY"), "{}", path.display());
    }
    let pem = landfall_core::value::SecretText::stand_in(&landfall_core::value::SecretRef("tls.certificate".into()));
    let trusted = landfall_core::value::SecretText::stand_in(&landfall_core::value::SecretRef("tls.ca".into()));
    let private = landfall_core::value::SecretText::stand_in(&landfall_core::value::SecretRef("tls.key".into()));
    let check = json!({"pem": pem, "key": private, "ca": trusted, "names": ["any.corp.example", "id.corp.example"]});
    assert_eq!(place.code("tls.certificate", check.clone()).await, "pass");
    let mut alone = check.clone();
    alone.as_object_mut().unwrap().remove("ca");
    assert_eq!(place.code("tls.certificate", alone).await, "TLS-UNTRUSTED");

    let wider = authority(&place, &["*.corp.example", "id.corp.example", "mgt.corp.example"]);
    assert_eq!(super::place::drifted(&place.inspect("tls.authority", &wider).await), ["names"]);
    place.apply("tls.authority", &wider).await.unwrap();
    present(&place.inspect("tls.authority", &wider).await);
    assert_eq!(place.kept("tls.ca").unwrap(), ca, "clients trust the one they were given");
    assert_eq!(place.code("tls.certificate", check).await, "pass");

    place.undo("tls.authority", &wider, outputs, None).await;
    assert!(!exported.exists());
    assert_eq!(place.inspect("tls.authority", &wider).await.state, State::Absent);
    assert_eq!(place.kept("tls.ca_key").unwrap(), key);
}
