//! What psql is told. Each script can be repeated, and says in its last line what it did.

use landfall_core::{plan::InstallId, value::Plain};

use super::{super::Trouble, Login, verifier};

/// What psql is told, and who may log in.
pub struct Script {
    /// SQL and psql's own commands. It may hold a password.
    pub text: Plain,
    /// Who runs it.
    pub login: Login,
    /// Somebody else it logs in as on the way.
    pub second: Option<Login>,
}

/// The service that is connected to first.
pub const FIRST: &str = "landfall";
/// The service of the second login.
pub const SECOND: &str = "landfall_second";

/// What a script says whose own statement failed: psql went on, to give back what it had lent itself.
pub const FAILED: &str = "failed";

/// A text as SQL has it, whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') { format!("E'{}'", doubled.replace('\\', "\\\\")) } else { format!("'{doubled}'") }
}

/// A name as SQL has it.
fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A name that PostgreSQL would cut is refused: the next look would not find it.
fn fits(what: &str, text: &str) -> Result<(), Trouble> {
    if text.is_empty() || text.len() > 63 || text.contains('\0') {
        return Err(Trouble::guide(
            format!("{text:?} cannot be the name of a {what}"),
            "PostgreSQL takes names of 1 to 63 bytes; correct it in Inputs.",
        ));
    }
    Ok(())
}

fn mark(install: &InstallId) -> String {
    literal(&format!("made by Landfall, install {install}"))
}

/// Sessions that come and go at once stand in line: a right that one lends itself must not be taken back by another.
const IN_LINE: &str = "SELECT pg_catalog.pg_advisory_lock(5150);\n";

/// Sets `absent` and `ours` for a role.
fn role_there(role: &str, install: &InstallId) -> String {
    format!(
        "SELECT count(*) = 0 AS absent, coalesce(bool_or(pg_catalog.shobj_description(oid, 'pg_authid') = {}), false) AS ours \
         FROM pg_catalog.pg_roles WHERE rolname = {} \\gset\n",
        mark(install),
        literal(role),
    )
}

/// Sets `absent`, `ours` and `owned` for a database.
fn database_there(database: &str, owner: &str, install: &InstallId) -> String {
    format!(
        "SELECT count(*) = 0 AS absent, coalesce(bool_or(pg_catalog.shobj_description(oid, 'pg_database') = {}), false) AS ours, \
         coalesce(bool_or(pg_catalog.pg_get_userbyid(datdba) = {}), false) AS owned \
         FROM pg_catalog.pg_database WHERE datname = {} \\gset\n",
        mark(install),
        literal(owner),
        literal(database),
    )
}

/// Sets `lend`: whether one has to make oneself a member of `owner` to act for it. From 16 on, being allowed to grant a role does
/// not mean being allowed to become it: PostgreSQL 16's release notes.
fn may_become(owner: &str) -> String {
    format!(
        "SELECT CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END AS needed \\gset\n\
         SELECT NOT pg_catalog.pg_has_role(current_user, {}, :'needed') AS lend \\gset\n",
        literal(owner),
    )
}

/// Makes a role that may log in, or gives ours its password; one that is there is tried with the given password.
pub fn role(admin: Login, user: Login, creates: bool, install: &InstallId) -> Result<Script, Trouble> {
    let (named, password) = (user.username.reveal(), user.password.reveal());
    fits("role", named)?;
    let password = literal(&verifier(password).unwrap_or_else(|| password.to_owned()));
    let (quoted, may) = (name(named), if creates { " CREATEDB" } else { "" });
    let text = format!(
        "{IN_LINE}{}\\if :absent\nBEGIN;\nCREATE ROLE {quoted} LOGIN{may} PASSWORD {password};\nCOMMENT ON ROLE {quoted} IS {};\nCOMMIT;\n\
         \\echo landfall: made\n\\elif :ours\nALTER ROLE {quoted} LOGIN{may} PASSWORD {password};\n\\echo landfall: changed\n\\else\n\
         \\echo landfall: there\n\\connect 'service={SECOND}'\n\\endif\n",
        role_there(named, install),
        mark(install),
    );
    Ok(Script { text: Plain::new(text), login: admin, second: Some(user) })
}

/// Removes a role that this install made.
pub fn drop_role(admin: Login, role: &str, install: &InstallId) -> Result<Script, Trouble> {
    fits("role", role)?;
    let text = format!(
        "{IN_LINE}{}\\if :ours\nDROP ROLE {};\n\\echo landfall: dropped\n\\else\n\\echo landfall: left\n\\endif\n",
        role_there(role, install),
        name(role),
    );
    Ok(Script { text: Plain::new(text), login: admin, second: None })
}

/// Lends oneself `owner`, does this, and gives it back whatever became of it.
fn lent(owner: &str, statements: &str) -> String {
    let (known, owner) = (may_become(owner), name(owner));
    format!(
        "{known}\\if :lend\nGRANT {owner} TO CURRENT_USER;\n\\endif\n\\set ON_ERROR_STOP off\n{statements}\\set ON_ERROR_STOP on\n\
         \\if :lend\nREVOKE {owner} FROM CURRENT_USER;\n\\endif\n"
    )
}

/// Makes a database with this owner; one that is there is used where its owner is right.
pub fn database(admin: Login, database: &str, owner: &str, install: &InstallId) -> Result<Script, Trouble> {
    fits("database", database)?;
    fits("role", owner)?;
    let (quoted, there) = (name(database), database_there(database, owner, install));
    let make = format!(
        "CREATE DATABASE {quoted} OWNER {};\n\\if :ERROR\n\\else\nCOMMENT ON DATABASE {quoted} IS {};\n\\endif\n",
        name(owner),
        mark(install),
    );
    let text = format!(
        "{IN_LINE}{there}\\if :absent\n{}{there}\\if :ours\n\\echo landfall: made\n\\else\n\\echo landfall: {FAILED}\n\\endif\n\
         \\elif :owned\n\\if :ours\n\\echo landfall: changed\n\\else\n\\echo landfall: there\n\\endif\n\
         \\else\n\\echo landfall: owned by somebody else\n\\endif\n",
        lent(owner, &make),
    );
    Ok(Script { text: Plain::new(text), login: admin, second: None })
}

/// Removes a database that this install made, with all its data.
pub fn drop_database(admin: Login, database: &str, owner: &str, install: &InstallId) -> Result<Script, Trouble> {
    fits("database", database)?;
    fits("role", owner)?;
    let there = database_there(database, owner, install);
    let text = format!(
        "{IN_LINE}{there}\\if :ours\n{}{there}\\if :absent\n\\echo landfall: dropped\n\\else\n\\echo landfall: {FAILED}\n\\endif\n\
         \\else\n\\echo landfall: left\n\\endif\n",
        lent(owner, &format!("DROP DATABASE {};\n", name(database))),
    );
    Ok(Script { text: Plain::new(text), login: admin, second: None })
}

/// Logs in and, where asked, makes, fills and drops a table in a transaction that is rolled back.
pub fn inside(login: Login, writes: bool) -> Script {
    let mut text = "SELECT 'landfall: version ' || pg_catalog.current_setting('server_version');\n".to_owned();
    if writes {
        text.push_str(
            "BEGIN;\nCREATE TABLE landfall_probe (line text);\nINSERT INTO landfall_probe VALUES ('written');\n\
             SELECT 'landfall: ' || line FROM landfall_probe;\nDROP TABLE landfall_probe;\nROLLBACK;\n",
        );
    }
    Script { text: Plain::new(text), login, second: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_stay_inside_names_and_texts() {
        assert_eq!(literal(r"it's"), "'it''s'");
        assert_eq!(literal(r"a\'; DROP"), r"E'a\\''; DROP'");
        assert_eq!(name(r#"a"b"#), r#""a""b""#);
        assert!(fits("role", &"x".repeat(64)).is_err());
    }
}
