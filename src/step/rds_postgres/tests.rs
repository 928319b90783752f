use landfall_core::value::{Late, SecretText};

use super::{
    Postgres,
    differences::{Changes, Settings},
    parameters,
};

fn step() -> Postgres {
    Postgres {
        name: "ML-db".into(),
        engine_version: Some("16".into()),
        class: "db.t4g.medium".into(),
        storage_gib: 20,
        max_storage_gib: 100,
        multi_az: true,
        backup_days: 7,
        username: "postgres".into(),
        password: SecretText::default(),
        subnet_group: Late::Known("Databases".into()),
        security_groups: Late::Known(vec!["sg-db".into()]),
        kms_key: None,
        deletion_protection: true,
        tags: std::collections::BTreeMap::new(),
    }
}

fn as_planned() -> Settings {
    Settings {
        engine_version: "16.4".into(),
        class: "db.t4g.medium".into(),
        storage_gib: 20,
        max_storage_gib: Some(100),
        multi_az: true,
        backup_days: 7,
        username: "postgres".into(),
        subnet_group: "databases".into(),
        security_groups: ["sg-db".to_owned()].into(),
        encrypted: true,
        kms_key: None,
        deletion_protection: true,
        public: false,
    }
}

#[test]
fn storage_that_has_grown_and_groups_beside_ours_are_no_difference() {
    assert!(step().differences(&as_planned()).is_empty());
    let grown =
        Settings { storage_gib: 60, security_groups: ["sg-a".to_owned(), "sg-db".to_owned()].into(), ..as_planned() };
    assert!(step().differences(&grown).is_empty());
}

#[test]
fn what_cannot_be_changed_in_place_says_so() {
    let found = Settings {
        engine_version: "15.8".into(),
        username: "root".into(),
        subnet_group: "other".into(),
        encrypted: false,
        ..as_planned()
    };
    let fixed: Vec<String> = step()
        .differences(&found)
        .into_iter()
        .filter(|difference| difference.fixed)
        .map(|difference| difference.field)
        .collect();
    assert_eq!(fixed, ["engine_version", "username", "subnet_group", "encrypted"]);
    assert_eq!(step().changes(&found), Changes::default());
}

#[test]
fn undo_brings_back_only_what_still_has_our_value() {
    let before = Settings { backup_days: 1, max_storage_gib: None, deletion_protection: false, ..as_planned() };
    let now = Settings { backup_days: 14, ..as_planned() };
    let back = step().back(&now, &before);
    // Somebody chose 14 days since; those stay.
    let wanted = Changes { max_storage_gib: Some(20), deletion_protection: Some(false), ..Changes::default() };
    assert_eq!(back, wanted);
}

#[test]
fn a_password_that_rds_refuses_is_told_before_it_is_sent() {
    assert!(parameters::password("aK9-longer_than!8").is_ok());
    for refused in ["short", "with space in it", "with@sign0", "with/slash0", "mit-ümlaut-00"] {
        let trouble = parameters::password(refused).unwrap_err();
        assert_eq!(trouble.code(), Some("RDS-PASSWORD"));
        assert!(!trouble.to_string().contains(refused));
    }
}

#[test]
fn storage_that_could_not_grow_is_refused() {
    assert!(step().refuse().is_ok());
    assert!(Postgres { max_storage_gib: 20, ..step() }.refuse().is_err());
    assert!(Postgres { backup_days: 36, ..step() }.refuse().is_err());
}
