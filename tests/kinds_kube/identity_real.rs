//! A real API server that trusts a real OIDC issuer, whose people are in a real directory; certificates are our own step's.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use super::{
    identity::authority,
    place::{Place, present},
    testbed::{Cluster, Testbed, succeed, until},
};

/// Issuer, directory, and the place whose vault holds their authority; gone when dropped.
struct Outside {
    place: Place,
    issuer: String,
    ldap: u16,
    ldaps: u16,
    server: Child,
    issuer_folder: PathBuf,
    directory: PathBuf,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Outside {
    async fn start() -> Option<Self> {
        let (directory, issuer_folder) = (Testbed::require("directory")?, Testbed::require("issuer")?);
        let place = Place::real(PathBuf::from("none"), Path::new("/bin/true"));
        place.apply("tls.authority", &authority(&place, &["localhost"])).await.unwrap();
        let file = |name: &str| {
            let path = place.folder.path().join(format!("{name}.pem"));
            std::fs::write(&path, place.kept(&format!("tls.{name}")).unwrap()).unwrap();
            path
        };
        let (ca, certificate, key) = (file("ca"), file("certificate"), file("key"));
        let (ldap, ldaps, port) = (free_port(), free_port(), free_port());
        let mut up = Command::new(&directory);
        up.arg("up").arg(place.folder.path().join("directory")).args([ldap.to_string(), ldaps.to_string()]);
        succeed(up.arg(&certificate).arg(&key));
        let issuer = format!("https://localhost:{port}/dex");
        let mut command = Command::new(issuer_folder.join("node"));
        command.arg(issuer_folder.join("server.mjs")).arg(port.to_string()).arg(&issuer).arg(&certificate).arg(&key);
        command.arg(format!("ldap://127.0.0.1:{ldap}")).args(["dc=corp,dc=example", "infer-platform", "other-client"]);
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let outside = Self { place, issuer, ldap, ldaps, server, issuer_folder, directory };
        let described = format!("{}/.well-known/openid-configuration", outside.issuer);
        until("the issuer answers", || {
            let mut curl = Command::new("curl");
            curl.args(["-sf", "--cacert"]).arg(&ca).arg(&described).stdout(Stdio::null());
            curl.status().unwrap().success()
        });
        Some(outside)
    }

    fn ca(&self) -> PathBuf {
        self.place.folder.path().join("ca.pem")
    }

    /// An ID token, as somebody who signs in gets it.
    fn sign_in(&self, client: &str, who: &str, scope: &str) -> String {
        let mut command = Command::new(self.issuer_folder.join("node"));
        command.arg(self.issuer_folder.join("sign-in.mjs")).args([
            &self.issuer,
            client,
            who,
            &format!("{who}'s password"),
            scope,
        ]);
        succeed(command.env("NODE_EXTRA_CA_CERTS", self.ca())).trim().to_owned()
    }

    /// A cluster whose API server trusts the issuer, with these differences.
    fn cluster(&self, client: &str, groups_claim: &str) -> Option<Cluster> {
        let flags = [
            format!("--oidc-issuer-url={}", self.issuer),
            format!("--oidc-client-id={client}"),
            format!("--oidc-ca-file={}", self.ca().display()),
            "--oidc-username-claim=email".to_owned(),
            "--oidc-username-prefix=infer:".to_owned(),
            format!("--oidc-groups-claim={groups_claim}"),
            "--oidc-groups-prefix=infer:".to_owned(),
        ];
        let mut options = vec!["--no-metrics", "--no-ingress-class"];
        options.extend(flags.iter().flat_map(|flag| ["--api-server-flag", flag]));
        Cluster::start_with(&options)
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = Command::new(&self.directory).arg("down").arg(self.place.folder.path().join("directory")).status();
    }
}

fn of_token(outside: &Outside, place: &Place, token: &str) -> Value {
    json!({
        "token": place.secret("sign_in.token", token), "issuer": outside.issuer, "client_id": "infer-platform", "username_claim": "email",
        "username_prefix": "infer:", "groups_claim": "groups", "groups_prefix": "infer:", "group": "inference-admins",
    })
}

fn with(mut parameters: Value, changes: &Value) -> Value {
    for (field, value) in changes.as_object().unwrap() {
        parameters[field] = value.clone();
    }
    parameters
}

const SCOPE: &str = "openid email groups";

const RIGHTS: &str = r#"
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Namespace, metadata: { name: crd } }
  - { apiVersion: v1, kind: Namespace, metadata: { name: open } }
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: { name: admins }
    rules: [{ apiGroups: [""], resources: [namespaces, secrets], verbs: [create, get] }]
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: { name: admins }
    roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admins }
    subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: Group, name: "infer:inference-admins" }]
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: { name: everybody, namespace: open }
    roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admins }
    subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: Group, name: "infer:data-science" }]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_real_token_opens_what_it_should_and_each_wrong_setting_has_its_problem() {
    let Some(outside) = Outside::start().await else { return };
    let Some(cluster) = outside.cluster("infer-platform", "groups") else { return };
    let rights = outside.place.folder.path().join("rights.yaml");
    std::fs::write(&rights, RIGHTS).unwrap();
    cluster.kubectl(&["apply", "-f", rights.to_str().unwrap()]);
    let place = Place::real(cluster.kubeconfig(), Path::new("/bin/true"));
    let anna = of_token(&outside, &place, &outside.sign_in("infer-platform", "anna", SCOPE));

    // The API server reads the issuer's keys in the background.
    let create = json!({"verb": "create", "resource": "namespaces"});
    let read = json!({"verb": "get", "resource": "secrets", "namespace": "crd"});
    place.until("oidc.token", with(anna.clone(), &json!({"allowed": [create, read]})), "pass").await;
    let denied = json!({"verb": "create", "resource": "nodes"});
    assert_eq!(place.code("oidc.token", with(anna.clone(), &json!({"denied": [denied]}))).await, "pass");
    assert_eq!(place.code("oidc.token", with(anna.clone(), &json!({"allowed": [denied]}))).await, "OIDC-NOT-ALLOWED");

    let wrong = |field: &str, value: &str| {
        let parameters = with(anna.clone(), &json!({ field: value }));
        let place = &place;
        async move { place.code("oidc.token", parameters).await }
    };
    assert_eq!(wrong("issuer", "https://localhost/dex").await, "OIDC-TOKEN-ISSUER");
    assert_eq!(wrong("client_id", "other-client").await, "OIDC-TOKEN-CLIENT");
    assert_eq!(wrong("groups_claim", "group").await, "OIDC-TOKEN-CLAIM");
    assert_eq!(wrong("groups_prefix", "oidc:").await, "OIDC-PREFIX");
    assert_eq!(wrong("username_prefix", "oidc:").await, "OIDC-PREFIX");
    assert_eq!(wrong("username_claim", "sub").await, "OIDC-USERNAME-CLAIM");

    let otto = of_token(&outside, &place, &outside.sign_in("infer-platform", "otto", SCOPE));
    assert_eq!(place.code("oidc.token", otto.clone()).await, "OIDC-TOKEN-GROUP");
    let nobody = with(otto, &json!({"group": null}));
    assert_eq!(place.code("oidc.token", with(nobody.clone(), &json!({"allowed": [create]}))).await, "OIDC-NOT-ALLOWED");
    assert_eq!(place.code("oidc.token", with(nobody.clone(), &json!({"denied": [create, read]}))).await, "pass");
    let opened = json!({"verb": "get", "resource": "secrets", "namespace": "open"});
    assert_eq!(place.code("oidc.token", with(nobody, &json!({"denied": [opened]}))).await, "OIDC-ALLOWED");

    // The same, asked on his behalf by an administrator.
    let others = |namespace: &str| json!({"user": "infer:otto@corp.example", "groups": ["infer:data-science"], "namespace": namespace});
    assert_eq!(place.code("kube.denied_user", others("crd")).await, "pass");
    assert_eq!(place.code("kube.denied_user", others("open")).await, "K8S-NAMESPACE-OPEN");
    assert_eq!(
        place.code("kube.api_server_flags", json!({"flags": {"oidc-client-id": "infer-platform"}})).await,
        "unknown"
    );

    let other = of_token(&outside, &place, &outside.sign_in("other-client", "anna", SCOPE));
    assert_eq!(place.code("oidc.token", other.clone()).await, "OIDC-TOKEN-CLIENT");
    // Taken for planned, it is the API server that refuses.
    assert_eq!(
        place.code("oidc.token", with(other, &json!({"client_id": "other-client"}))).await,
        "OIDC-TOKEN-REFUSED"
    );
    let bare = of_token(&outside, &place, &outside.sign_in("infer-platform", "anna", "openid email"));
    assert_eq!(place.code("oidc.token", bare).await, "OIDC-TOKEN-CLAIM");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_with_the_printed_claim_sees_no_groups() {
    let Some(outside) = Outside::start().await else { return };
    let Some(cluster) = outside.cluster("infer-platform", "group") else { return };
    let place = Place::real(cluster.kubeconfig(), Path::new("/bin/true"));
    let anna = of_token(&outside, &place, &outside.sign_in("infer-platform", "anna", SCOPE));
    place.until("oidc.token", anna, "OIDC-GROUPS-CLAIM").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_issuer_and_a_real_directory_are_looked_at() {
    let Some(outside) = Outside::start().await else { return };
    let place = &outside.place;
    let ca = place.secret("test.ca", &place.kept("tls.ca").unwrap());
    let discovery = json!({"issuer": outside.issuer, "ca": ca, "claims": ["email", "groups"]});
    assert_eq!(place.code("oidc.discovery", discovery.clone()).await, "pass");
    let slash = json!({"issuer": format!("{}/", outside.issuer)});
    assert_eq!(place.code("oidc.discovery", with(discovery.clone(), &slash)).await, "OIDC-ISSUER");
    assert_eq!(
        place.code("oidc.discovery", with(discovery.clone(), &json!({"claims": ["group"]}))).await,
        "OIDC-CLAIM"
    );
    assert_eq!(place.code("oidc.discovery", with(discovery, &json!({"ca": null}))).await, "OIDC-UNTRUSTED");

    let password = place.secret("ldap.password", "dex password");
    let directory = json!({
        "url": format!("ldaps://localhost:{}", outside.ldaps), "ca": ca, "bind_dn": "cn=dex,ou=services,dc=corp,dc=example",
        "password": password, "search_base": "ou=groups,dc=corp,dc=example", "filter": "(objectClass=groupOfNames)",
        "group": "inference-admins", "member_attribute": "member",
    });
    let changed = |changes: Value| {
        let parameters = with(directory.clone(), &changes);
        async move { place.code("ldap.bind", parameters).await }
    };
    assert_eq!(changed(json!({})).await, "pass");
    let plain = format!("ldap://localhost:{}", outside.ldap);
    assert_eq!(changed(json!({"url": plain})).await, "pass");
    assert_eq!(changed(json!({"url": plain, "start_tls": true})).await, "pass");
    assert_eq!(changed(json!({"url": plain, "start_tls": true, "ca": null})).await, "LDAP-TLS");
    assert_eq!(changed(json!({"ca": null})).await, "LDAP-TLS");
    assert_eq!(changed(json!({"password": "wrong"})).await, "LDAP-LOGIN");
    assert_eq!(changed(json!({"search_base": "ou=teams,dc=corp,dc=example"})).await, "LDAP-BASE");
    assert_eq!(changed(json!({"group": "nobody"})).await, "LDAP-GROUP-MISSING");
    assert_eq!(changed(json!({"url": "ldaps://localhost:1"})).await, "LDAP-SILENT");
    assert!(!place.said().contains("dex password"));
}

async fn ported_charts_install(helm: &str) {
    let Some(program) = Testbed::require(helm) else { return };
    let Some(cluster) = Cluster::start_with(&["--no-metrics"]) else { return };
    let place = Place::real(cluster.kubeconfig(), &program);
    let Some(charts) = Testbed::charts(place.folder.path(), None) else { return };
    let chart = |name: &str| charts.iter().find(|path| path.ends_with(format!("{name}-2.0.0.tgz"))).unwrap().clone();
    let key = place.secret("minio.key", "minio-canary");
    let hosts = json!({"hosts": ["a.corp.example"], "tls": {"hosts": ["a.corp.example"]}});
    for (name, values) in [
        ("crd", json!({"image": "r.example.com/crd", "tag": "1", "platformDomain": "corp.example"})),
        ("dex", json!({"ingress": hosts, "config": {"issuer": "https://a.corp.example/dex"}})),
        (
            "management-api",
            json!({"image": "r.example.com/m", "tag": "1", "ingress": hosts, "minio": {"secretKey": key, "endpoint": "m:9000"}}),
        ),
    ] {
        let release =
            json!({"name": name, "namespace": name, "chart": name, "chart_file": chart(name), "values": values});
        assert_eq!(place.code("helm.api_versions", release.clone()).await, "pass", "{name}");
        place.apply("kube.namespace", &json!({"name": name})).await.unwrap();
        place.apply("helm.release", &release).await.unwrap();
    }
    place.until("kube.crd", json!({"name": "inferenceendpoints.ai.intel.com", "versions": ["v1"]}), "pass").await;
    let endpoint = |version: &str| {
        json!({"manifest": {"apiVersion": version, "kind": "InferenceEndpoint",
        "metadata": {"name": "example", "namespace": "crd"}, "spec": {"modelName": "resnet"}}})
    };
    place.apply("kube.manifest", &endpoint("ai.intel.com/v1")).await.unwrap();
    present(&place.inspect("kube.manifest", &endpoint("ai.intel.com/v1")).await);
    let printed = place.apply("kube.manifest", &endpoint("intel.com/v1")).await.unwrap_err();
    assert_eq!(printed.code(), Some("K8S-KIND-MISSING"), "the example as printed");
    let info = cluster.get(&["secret", "minio-access-info", "-n", "management-api"]);
    assert_eq!(info["data"]["minio.access_secret_key"], "bWluaW8tY2FuYXJ5");

    let old = place.folder.path().join("old");
    std::fs::create_dir_all(old.join("crd/crds")).unwrap();
    std::fs::write(old.join("crd/Chart.yaml"), "apiVersion: v1\nname: crd\nversion: 0.1.0\n").unwrap();
    let printed = "apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\nmetadata: { name: x.ai.intel.com }\nspec: { group: ai.intel.com, version: v1, names: { plural: x, kind: X } }\n";
    std::fs::write(old.join("crd/crds/definition.yaml"), printed).unwrap();
    succeed(Command::new(&program).arg("package").arg(old.join("crd")).arg("--destination").arg(&old));
    let old = json!({"name": "crd", "namespace": "crd", "chart": "crd", "chart_file": old.join("crd-0.1.0.tgz")});
    let outcome = place.check("helm.api_versions", old).await;
    let problem = outcome.problem().unwrap();
    assert_eq!(problem.code, "HELM-API-VERSION");
    assert!(problem.why.contains("served: v1"), "{}", problem.why);
}

#[tokio::test(flavor = "multi_thread")]
async fn ported_charts_are_looked_at_and_installed_by_helm_3() {
    ported_charts_install("helm3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ported_charts_are_looked_at_and_installed_by_helm_4() {
    ported_charts_install("helm4").await;
}
