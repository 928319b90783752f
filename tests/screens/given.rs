//! A wizard led to a stage by inputs, and a screen to draw it on.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use landfall::tui::{Ground, Theme, View, draw};
use landfall_core::{
    catalogue::{Again, Catalogue, Descriptor, Room, Touches},
    clock::Span,
    event::{Fact, Happened, Outcome, Problem, Row, Table},
    guide::{Folder, LoadedGuide},
    wizard::{
        Change, GuideRow, Input, InstallRow, Key, PlanShown, PlannedTask, Stage, StoreOffer, SummaryShown, TargetSeen,
        Typed, VaultSaid, Wizard,
    },
};
use ratatui::{Terminal, backend::TestBackend};
use serde_json::{Value, json};

/// The three sizes every screen is looked at in.
pub const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (60, 16)];

const GUIDE: &str = r#"
id: arthur-shield
title: Arthur Shield
about: Arthur Shield watches what goes into and comes out of language models. It runs on GPU nodes of an EKS cluster.
code_prefix: SHIELD
takes: 45 to 70 minutes
source: { document: Shield On-premises Kubernetes Deployment Guide }
target: { cluster: eks, namespace: shield }
inputs:
  - { id: install_mode, type: choice, group: Mode, label: Install mode, help: "API only leaves out Auth and the UI.", choices: [{ id: full, label: full, help: "Shield, Auth and the UI" }, { id: api_only, label: API only, help: "only the API" }], default: full, from: [16] }
  - { id: shield_host, type: host, group: Names, label: Shield host name, help: "What people will open; it needs a publicly trusted certificate.", from: [30] }
  - { id: auth_host, type: host, group: Names, label: Auth host name, when: "install_mode == 'full'", from: [31] }
  - { id: ami, type: aws.ami, group: GPU nodes, label: GPU node image, help: "Amazon Linux 2 gets no more updates; AL2023 is what EKS supports.", suggest: { lookup: aws.eks_gpu_amis, with: { region: "{{ region }}" } }, from: [134-137] }
  - { id: gpu_max, type: integer, group: GPU nodes, label: Most GPU nodes, min: 1, max: 20, default: 2, from: [187] }
  - { id: subnets, type: aws.subnets, group: GPU nodes, label: Subnets, min: 2, help: "At least two zones.", suggest: { lookup: aws.subnets, with: { cluster: "{{ cluster }}" } }, from: [188] }
secrets:
  - { id: postgres, label: Postgres login, help: "The database owner's name and password, from your database team.", kubernetes: "{{ namespace }}/postgres-secret", fields: [{ id: username, visible: true }, { id: password, at_least: 8 }], from: [332] }
  - { id: app_key, label: Application key, help: "Encrypts what is stored: it is kept where it exists.", kubernetes: "{{ namespace }}/shield-app-secret-key", fields: [{ id: key, generate: uuid, keep: true }], from: [332] }
  - { id: openai, label: Azure OpenAI, help: "One row a deployment.", rows: { columns: [{ id: deployment, visible: true }, { id: endpoint, visible: true }, { id: key }], join_columns: "::", join_rows: "," }, from: [340] }
checks:
  - { id: identity, kind: aws.identity, title: Identity }
  - { id: node_role, kind: aws.role_policies, title: Node role }
  - { id: gpu_quota, kind: aws.quota, title: GPU quota, from: [23], about: Room in the service quota for the GPU nodes., with: { instance_type: g4dn.2xlarge, count: "{{ gpu_max }}" } }
  - { id: version, kind: aws.cluster_version, title: Kubernetes 1.31, severity: warn }
  - { id: metrics, kind: kube.metrics, title: Metrics server }
  - { id: ingress, kind: kube.ingress_class, title: Ingress class }
  - { id: database, kind: postgres.database, title: Postgres, attest: { statement: the pods reach the database } }
steps:
  - { id: gpu_launch_template, kind: ec2.launch_template, title: GPU launch template, about: "The user data joins the nodes and starts the CloudWatch agent.", with: { name: "arthur-shield-gpu-{{ cluster }}" }, from: [146-182] }
  - { id: gpu_node_group, kind: eks.node_group, title: GPU node group, about: "Two GPU nodes, labelled capability=gpu.", with: { launch_template: "{{ steps.gpu_launch_template.id }}", max: "{{ gpu_max }}" }, from: [187] }
  - { id: release, kind: helm.release, title: Shield release, with: { name: shield, after: "{{ steps.gpu_node_group.arn }}" }, from: [400] }
  - { id: auth_dns, kind: person.does, title: DNS name of Auth, when: "install_mode == 'full'", after: [release], from: [410] }
verify:
  - { id: pods, kind: kube.pods, title: Pods, proves: [release] }
  - { id: docs, kind: http.endpoint, title: Shield answers, proves: [auth_dns] }
errata:
  - { id: SHIELD-05, at: [150], wrong: "The quoted EOF leaves the cluster's name literal, so nodes never join.", instead: "The template is rendered with the name.", shown_at: [gpu_launch_template] }
  - { id: SHIELD-02, at: [134], wrong: "The AL2 image it names is no longer supported.", instead: "AL2023 with NVIDIA drivers is offered.", shown_at: [ami] }
"#;

const SOURCE: &str = r#"
document: Shield On-premises Kubernetes Deployment Guide
lines: 500
passages:
  - { lines: 16-22, heading: "Pre-requisites › Modes", ordinal: 1, kind: choice, sha256: "00" }
  - { lines: 23, heading: "Pre-requisites › EKS Cluster", ordinal: 2, kind: prose, sha256: "00" }
  - { lines: 134-137, heading: "GPU node group", ordinal: 1, kind: choice, sha256: "00" }
  - { lines: 146-186, heading: "GPU node group", ordinal: 3, kind: snippet, sha256: "00" }
  - { lines: 187-200, heading: "GPU node group", ordinal: 4, kind: snippet, sha256: "00" }
  - { lines: 332-345, heading: "Kubernetes secrets", ordinal: 1, kind: snippet, sha256: "00" }
  - { lines: 400-420, heading: "Install", ordinal: 2, kind: snippet, sha256: "00" }
"#;

/// A moment on the install's clock.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

fn catalogue() -> Catalogue {
    let kinds = [
        (Room::Check, "aws.identity", "AWS-01", "who am I"),
        (Room::Check, "aws.role_policies", "AWS-03", "the role has these policies"),
        (Room::Check, "aws.quota", "AWS-04", "room in a service quota"),
        (Room::Check, "aws.cluster_version", "AWS-06", "support of the cluster's version"),
        (Room::Check, "kube.metrics", "K8S-02", "the metrics API answers"),
        (Room::Check, "kube.ingress_class", "K8S-03", "an ingress class and its controller"),
        (Room::Check, "postgres.database", "NET-01", "login, database and TLS"),
        (Room::Check, "kube.pods", "K8S-07", "pods are ready"),
        (Room::Check, "http.endpoint", "NET-03", "an address answers"),
        (Room::Step, "ec2.launch_template", "EC2-01", "a launch template"),
        (Room::Step, "eks.node_group", "EKS-01", "a managed node group"),
        (Room::Step, "helm.release", "HELM-01", "a Helm release"),
        (Room::Step, "person.does", "PERSON-02", "a person does it"),
    ];
    Catalogue::of(kinds.map(|(room, name, code, about)| Descriptor {
        name: name.into(),
        room,
        code: code.into(),
        about: about.into(),
        parameters: Value::Null,
        outputs: Value::Null,
        touches: Touches::Nothing,
        again: Again::Upsert,
        keeps_data: false,
        costs: None,
        fixed: Vec::new(),
        interval: Span::seconds(2),
        deadline: Span::minutes(15),
        usual: None,
    }))
}

pub fn guide() -> Arc<LoadedGuide> {
    let files = BTreeMap::from([("guide.yaml".into(), GUIDE.into()), ("source.yaml".into(), SOURCE.into())]);
    Arc::new(LoadedGuide::read(Folder { name: "arthur-shield".into(), files }).unwrap())
}

pub fn guide_row() -> GuideRow {
    GuideRow {
        id: "arthur-shield".into(),
        title: "Arthur Shield".into(),
        about: guide().guide.about.clone(),
        takes: "45 to 70 minutes".into(),
        from: "built in".into(),
        scenarios: vec!["no-quota".into(), "smooth".into()],
        broken: None,
    }
}

pub fn seen() -> TargetSeen {
    TargetSeen {
        account: "123456789012".into(),
        partition: "aws".into(),
        profile: "corp-prod".into(),
        identity: "role/admin".into(),
        region: "us-east-2".into(),
        cluster: "pay-1".into(),
        cluster_id: "arn:aws:eks:us-east-2:123456789012:cluster/pay-1".into(),
        context: "pay-1".into(),
        namespace: "shield".into(),
        expires: Some(at(52 * 60)),
        proof: Some("endpoint and certificate authority match the EKS cluster pay-1".into()),
        doubt: None,
        rehearsal: Some("smooth".into()),
    }
}

/// What a wizard was led through.
pub struct Led(pub Wizard);

impl Led {
    /// At Inputs of another guide than the usual one, bound.
    pub fn inputs_of(name: &str, guide: &str, source: &str) -> Self {
        let files = BTreeMap::from([("guide.yaml".into(), guide.into()), ("source.yaml".into(), source.into())]);
        let mut led = Self::start();
        led.input(Input::Opened(Ok(Arc::new(LoadedGuide::read(Folder { name: name.into(), files }).unwrap()))));
        led.input(Input::TargetSeen(Ok(seen())));
        led.input(Input::Next);
        led.input(Input::FactsSeen(serde_json::Map::new()));
        led.input(Input::Bound("3fa9c1d2".into()));
        led
    }

    /// At the first screen, everything read.
    pub fn start() -> Self {
        let mut led = Self(Wizard::new(Arc::new(catalogue()), at(0), "sam"));
        led.input(Input::Guides(vec![guide_row()]));
        led.input(Input::Installs(vec![InstallRow {
            id: "3fa9c1d2".into(),
            title: "Arthur Shield".into(),
            target: "123456789012 us-east-2 pay-1/shield".into(),
            stage: Stage::Install,
            waits_for: "DNS name of Auth".into(),
            at: at(-7_200),
            held_by: None,
        }]));
        led.input(Input::Credentials(true));
        led
    }

    pub fn input(&mut self, input: Input) -> Vec<landfall_core::wizard::Effect> {
        self.0.update(input)
    }

    pub fn press(&mut self, keys: &[Key]) -> &mut Self {
        for key in keys {
            self.0.update(Input::Key(key.clone()));
        }
        self
    }

    pub fn type_in(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            self.0.update(Input::Key(Key::letter(letter)));
        }
        self
    }

    pub fn say(&mut self, second: i64, path: &str, what: Happened) -> &mut Self {
        self.0.update(Input::Fact(Fact { at: at(second), path: path.parse().unwrap(), what }));
        self
    }

    pub fn target() -> Self {
        let mut led = Self::start();
        led.input(Input::Opened(Ok(guide())));
        led.input(Input::TargetSeen(Ok(seen())));
        led.input(Input::Rows {
            field: "target.cluster".into(),
            rows: Ok(table(&["cluster", "status"], &[&["pay-1", "ACTIVE"], &["pay-2", "ACTIVE"]])),
        });
        led
    }

    pub fn inputs() -> Self {
        let mut led = Self::target();
        led.input(Input::Next);
        led.input(Input::FactsSeen(Default::default()));
        led.input(Input::Rows { field: "ami".into(), rows: Ok(amis()) });
        let mut subnets = table(
            &["subnet", "zone", "free"],
            &[
                &["subnet-0a1b", "us-east-2a", "211"],
                &["subnet-0c2d", "us-east-2b", "198"],
                &["subnet-0e3f", "us-east-2c", "3"],
            ],
        );
        subnets.rows[0].suggested = true;
        subnets.rows[1].suggested = true;
        subnets.rows[2].rejected = Some("only 3 free addresses".into());
        led.input(Input::Rows { field: "subnets".into(), rows: Ok(subnets) });
        led
    }

    pub fn secrets() -> Self {
        let mut led = Self::inputs();
        led.input(Input::Set { field: "shield_host".into(), value: json!("shield.corp.example") });
        led.input(Input::Set { field: "auth_host".into(), value: json!("shield-auth.corp.example") });
        led.input(Input::Next);
        led.input(Input::Stores(vec![
            StoreOffer {
                id: "keyring".into(),
                label: "OS keyring".into(),
                about: "kept by the system, across runs".into(),
                unavailable: Some("there is none here, or it is locked".into()),
                passphrase: false,
                chosen: false,
            },
            StoreOffer {
                id: "file".into(),
                label: "encrypted file".into(),
                about: "opened by a passphrase, across runs".into(),
                unavailable: None,
                passphrase: true,
                chosen: true,
            },
            StoreOffer {
                id: "session".into(),
                label: "this session only".into(),
                about: "gone when the program ends".into(),
                unavailable: None,
                passphrase: false,
                chosen: false,
            },
        ]));
        // The vault has none of them yet.
        let asked: Vec<_> = led.0.secrets.wanted_fields().map(|field| field.reference.clone()).collect();
        for reference in asked {
            led.input(Input::VaultSaid(VaultSaid::none(reference)));
        }
        led
    }

    /// Everything entered.
    pub fn secrets_in() -> Self {
        let mut led = Self::secrets();
        for (reference, length, shown) in [
            ("postgres.username", 7, Some("shielda")),
            ("postgres.password", 24, None),
            ("app_key.key", 36, None),
            ("openai.0.deployment", 5, Some("gpt-4")),
            ("openai.0.endpoint", 31, Some("https://corp.openai.azure.com/")),
            ("openai.0.key", 32, None),
        ] {
            led.vault(reference, length, |said| said.shown = shown.map(str::to_owned));
        }
        led
    }

    pub fn vault(&mut self, reference: &str, length: usize, change: impl FnOnce(&mut VaultSaid)) {
        let mut said = VaultSaid::none(landfall_core::value::SecretRef(reference.into()));
        said.length = Some(length);
        change(&mut said);
        self.input(Input::VaultSaid(said));
    }

    pub fn checks() -> Self {
        let mut led = Self::secrets_in();
        led.input(Input::Tick(at(300)));
        led.input(Input::Next);
        assert_eq!(led.0.stage, Stage::Checks, "{:?}", led.0.notice);
        led
    }

    pub fn plan() -> Self {
        let mut led = Self::checks();
        for row in led.0.checks.rows.clone() {
            led.say(302, &row.path.to_string(), looked(Outcome::pass("as it should be")));
        }
        led.input(Input::LookedAll);
        led.input(Input::Next);
        led.input(Input::PlanReady(Arc::new(plan_shown())));
        assert_eq!(led.0.stage, Stage::Plan, "{:?}", led.0.notice);
        led
    }

    pub fn install() -> Self {
        let mut led = Self::plan();
        led.input(Input::Approve { name: "sam".into() });
        assert_eq!(led.0.stage, Stage::Install);
        led
    }

    pub fn summary() -> Self {
        let mut led = Self::verify();
        for path in ["verify/pods", "verify/docs"] {
            led.say(2_000, path, looked(Outcome::pass("3 of 3 ready")));
        }
        led.input(Input::LookedAll);
        led.input(Input::Next);
        assert_eq!(led.0.stage, Stage::Summary, "{:?}", led.0.notice);
        led.input(Input::Summary(Arc::new(SummaryShown {
            made: vec![
                "GPU launch template arthur-shield-gpu-pay-1, version 1".into(),
                "GPU node group, 2 × g4dn.2xlarge".into(),
                "Shield release, revision 1".into(),
            ],
            urls: vec![
                ("Shield".into(), "https://shield.corp.example".into()),
                ("API documentation".into(), "https://shield.corp.example/docs".into()),
            ],
            errata: vec![
                (
                    "SHIELD-02".into(),
                    "The AL2 image it names is no longer supported.".into(),
                    "AL2023 with NVIDIA drivers was used.".into(),
                ),
                (
                    "SHIELD-05".into(),
                    "The quoted EOF leaves the cluster's name literal, so nodes never join.".into(),
                    "The template was rendered with the name.".into(),
                ),
            ],
            failing: 2,
            expires: vec![(at(86_400 * 80), "certificate of shield.corp.example".into())],
            vouched: vec!["AWS-06 waived by sam: upgrade is planned, CHG-1201".into()],
            after: vec![(
                "From now on".into(),
                "Alarms: four, in CloudWatch under arthur-shield.\nLogs: log group /arthur/shield.".into(),
            )],
            markdown: Some("~/.local/state/landfall/3fa9c1d2/summary.md".into()),
            calendar: Some("~/.local/state/landfall/3fa9c1d2/expiries.ics".into()),
            cloudtrail: None,
            temporary: None,
        })));
        led
    }

    pub fn verify() -> Self {
        let mut led = Self::install();
        for path in ["steps/gpu_launch_template", "steps/gpu_node_group", "steps/release", "steps/auth_dns"] {
            led.say(400, path, Happened::Applying);
            led.say(600, path, Happened::Finished { how: landfall_core::event::How::Made, outputs: json!({}) });
        }
        led.input(Input::Ended(landfall_core::wizard::Ended::Done));
        led.input(Input::Next);
        assert_eq!(led.0.stage, Stage::Verify, "{:?}", led.0.notice);
        led
    }

    /// What is on a screen of this size.
    pub fn screen(&self, (columns, rows): (u16, u16)) -> String {
        screen(&self.0, (columns, rows), Theme { ground: Ground::None, ascii: false })
    }

    /// The screen in all three sizes, kept as snapshots.
    pub fn snapshot(&self, name: &str) {
        for (columns, rows) in SIZES {
            let screen = self.screen((columns, rows));
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
                insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), screen);
            });
        }
    }
}

pub fn screen(wizard: &Wizard, (columns, rows): (u16, u16), theme: Theme) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(frame, &View { wizard, theme, spin: 4 })).unwrap();
    let buffer = terminal.backend().buffer();
    buffer
        .content
        .chunks(usize::from(columns))
        .map(|cells| cells.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

pub fn table(columns: &[&str], rows: &[&[&str]]) -> Table {
    Table {
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        rows: rows
            .iter()
            .map(|cells| Row {
                value: json!(cells[0]),
                cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
                ..Row::default()
            })
            .collect(),
        note: String::new(),
    }
}

fn amis() -> Table {
    let mut table = table(
        &["family", "release", "date", "supported until"],
        &[
            &["AL2023 x86_64 NVIDIA", "1.31.13-20261105", "2026-11-05", "2026-11-26"],
            &["AL2023 x86_64 NVIDIA", "1.31.13-20261020", "2026-10-20", "2026-11-26"],
            &["AL2 x86_64 GPU", "1.31.9-20251115", "2025-11-15", "2025-11-26"],
        ],
    );
    for (row, value) in table.rows.iter_mut().zip(["ami-0aa1", "ami-0bb2", "ami-0cc3"]) {
        row.value = json!({ "image_id": value });
    }
    table.rows[0].suggested = true;
    table.rows[2].rejected = Some("Amazon Linux 2 has had no updates since 26 November 2025".into());
    table.note = "SSM public parameters, us-east-2".into();
    table
}

pub fn looked(outcome: Outcome) -> Happened {
    Happened::Looked { outcome, seat: None }
}

pub fn quota() -> Problem {
    Problem::new(
        "AWS-QUOTA-LOW",
        "0 of 16 vCPU in us-east-2",
        "$ aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-DB2E81BA --desired-value 16 --region us-east-2",
    )
    .why("2 × g4dn.2xlarge need 16 vCPU; quota L-DB2E81BA is 0.")
}

fn plan_shown() -> PlanShown {
    let task = |path: &str, code: &str, title: &str, what: Change, line: &str| {
        PlannedTask {
        path: path.parse().unwrap(),
        code: code.into(),
        title: title.into(),
        about: "The user data joins the nodes and starts the CloudWatch agent.".into(),
        what,
        line: line.into(),
        changes: Vec::new(),
        commands: vec![
            "aws ec2 create-launch-template --launch-template-name arthur-shield-gpu-pay-1 --launch-template-data file://gpu.json --region us-east-2".into(),
        ],
        rendered: String::new(),
        undo: "deletes the launch template; nothing else uses it".into(),
        permissions: vec!["ec2:CreateLaunchTemplate on *".into()],
        after: Vec::new(),
        errata: vec!["SHIELD-05 The quoted EOF leaves the cluster's name literal. Instead: rendered with the name.".into()],
        from: Some("GPU node group, passage 3".into()),
        usual: None,
        probe: false,
        costs: None,
        keeps_data: false,
    }
    };
    let mut probe = task("verify/gpu_job", "K8S-09", "GPU test job", Change::Look, "nvidia-smi on a GPU node");
    probe.probe = true;
    PlanShown {
        digest: "d1".into(),
        tasks: vec![
            task("steps/gpu_launch_template", "EC2-01", "GPU launch template", Change::Make, "60 GiB gp3, encrypted"),
            task(
                "steps/gpu_node_group",
                "EKS-01",
                "GPU node group",
                Change::Make,
                "1 to 2 × g4dn.2xlarge, AL2023 NVIDIA 1.31",
            ),
            probe,
            task("steps/release", "HELM-01", "Shield release", Change::Make, "chart arthur-shield 1.0.42"),
            task("steps/auth_dns", "PERSON-02", "DNS name of Auth", Change::Person, "CNAME shield-auth.corp.example"),
        ],
        takes: "12 to 25 minutes".into(),
        review: Vec::new(),
        hosts: vec![
            "here → eks.us-east-2.amazonaws.com:443  AWS API".into(),
            "nodes → docker.arthur.ai:443  images".into(),
        ],
        permissions: "{}".into(),
        notes: vec![Problem::new(
            "AWS-SESSION-SHORT",
            "the session ends in 52 min, the longest step usually takes 6",
            "Renew it before you begin.",
        )],
        ..PlanShown::default()
    }
}

/// Keys.
pub fn enter() -> Key {
    Key::Enter
}

pub fn paste(text: &str) -> Key {
    Key::Paste(Typed::new(text))
}
