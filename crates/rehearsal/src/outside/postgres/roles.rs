//! Statements that make and take away roles and databases, and those that ask first whether they are there.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{
    cell::{BOOL, Cell, Outcome, TEXT},
    password::Kept,
    session::{Made, Role, Session},
    wire::Refusal,
};

const NAME: &str = r#"("(?:[^"]|"")*"|\w+)"#;
const TEXT_: &str = r"(E?'(?:[^']|'')*')";

type Change = fn(&mut Session<'_>, &Captures<'_>) -> Result<Outcome, Refusal>;

/// Each form of statement, with `NAME` and `TEXT` for names and literals.
static FORMS: LazyLock<Vec<(Regex, Change)>> = LazyLock::new(|| {
    let forms: [(&str, Change); 18] = [
        (r"^SELECT pg_catalog\.pg_advisory_lock\(\d+\)$", |_, _| Ok(one("pg_advisory_lock", Cell::text("")))),
        (
            r"^SELECT count\(\*\) = 0 AS absent, coalesce\(bool_or\(pg_catalog\.shobj_description\(oid, 'pg_authid'\) = TEXT\), false\) AS ours FROM pg_catalog\.pg_roles WHERE rolname = TEXT$",
            role_there,
        ),
        (
            r"^SELECT count\(\*\) = 0 AS absent, coalesce\(bool_or\(pg_catalog\.shobj_description\(oid, 'pg_database'\) = TEXT\), false\) AS ours, coalesce\(bool_or\(pg_catalog\.pg_get_userbyid\(datdba\) = TEXT\), false\) AS owned FROM pg_catalog\.pg_database WHERE datname = TEXT$",
            database_there,
        ),
        (
            r"^SELECT CASE WHEN pg_catalog\.current_setting\('server_version_num'\)::int >= 160000 THEN TEXT ELSE TEXT END AS (\w+)$",
            |session, found| {
                let recent =
                    session.server.version.split('.').next().and_then(|major| major.parse::<u32>().ok()) >= Some(16);
                Ok(one(&found[3], Cell::Text(literal(&found[if recent { 1 } else { 2 }]))))
            },
        ),
        (r"^SELECT NOT pg_catalog\.pg_has_role\(current_user, TEXT, TEXT\) AS (\w+)$", has_role),
        (r"^SELECT TEXT \|\| pg_catalog\.current_setting\('server_version'\)$", |session, found| {
            Ok(one("?column?", Cell::Text(literal(&found[1]) + &session.server.version)))
        }),
        (r"^CREATE ROLE NAME LOGIN( CREATEDB)? PASSWORD TEXT$", create_role),
        (r"^ALTER ROLE NAME LOGIN( CREATEDB)? PASSWORD TEXT$", alter_role),
        (r"^DROP ROLE NAME$", drop_role),
        (r"^COMMENT ON ROLE NAME IS TEXT$", comment_role),
        (r"^COMMENT ON DATABASE NAME IS TEXT$", comment_database),
        (r"^GRANT NAME TO CURRENT_USER$", |session, found| member(session, &found[1], true)),
        (r"^REVOKE NAME FROM CURRENT_USER$", |session, found| member(session, &found[1], false)),
        (r"^CREATE DATABASE NAME OWNER NAME$", create_database),
        (r"^DROP DATABASE NAME$", drop_database),
        (r"^CREATE TABLE (\w+) \(line text\)$", create_table),
        (r"^INSERT INTO (\w+) VALUES \(TEXT\)$", |session, found| {
            let line = literal(&found[2]);
            let table = session.tables.get_mut(&found[1]).ok_or_else(|| no_table(&found[1]))?;
            table.push(line);
            Ok(done("INSERT 0 1"))
        }),
        (r"^(?:SELECT TEXT \|\| line FROM|DROP TABLE) (\w+)$", table),
    ];
    let whole = |form: &str| Regex::new(&format!("(?is){}", form.replace("NAME", NAME).replace("TEXT", TEXT_)));
    forms.into_iter().filter_map(|(form, change)| Some((whole(form).ok()?, change))).collect()
});

/// Does a statement of one of these forms; none where it has none of them.
pub fn change(session: &mut Session<'_>, statement: &str) -> Result<Option<Outcome>, Refusal> {
    let statement = statement.trim().trim_end_matches(';').trim();
    let found = FORMS.iter().find_map(|(form, change)| Some((form.captures(statement)?, change)));
    found.map(|(found, change)| change(session, &found)).transpose()
}

fn role_there(session: &mut Session<'_>, found: &Captures<'_>) -> Result<Outcome, Refusal> {
    let (mark, role) = (literal(&found[1]), literal(&found[2]));
    let made =
        session.world.outside.inner().databases.get(session.host).and_then(|here| here.roles.get(&role).cloned());
    let there = made.is_some() || session.server.users.contains_key(&role);
    let ours = made.is_some_and(|made| made.comment == mark);
    Ok(row(&[("absent", Cell::Bool(!there)), ("ours", Cell::Bool(ours))]))
}

fn database_there(session: &mut Session<'_>, found: &Captures<'_>) -> Result<Outcome, Refusal> {
    let (mark, owner, name) = (literal(&found[1]), literal(&found[2]), literal(&found[3]));
    let made = session.world.outside.inner().databases.get(session.host).and_then(|here| here.made.get(&name).cloned());
    let there = made.is_some() || session.server.databases.contains_key(&name);
    let ours = made.is_some_and(|made| made.comment == mark);
    let owned = owner_of(session, &name).is_some_and(|there| there == owner);
    Ok(row(&[("absent", Cell::Bool(!there)), ("ours", Cell::Bool(ours)), ("owned", Cell::Bool(owned))]))
}

fn has_role(session: &mut Session<'_>, found: &Captures<'_>) -> Result<Outcome, Refusal> {
    let role = literal(&found[1]);
    known(session, &role)?;
    Ok(one(&found[3], Cell::Bool(!acts_for(session, &role))))
}

fn create_role(session: &mut Session<'_>, found: &Captures<'_>) -> Result<Outcome, Refusal> {
    let role = name(&found[1]);
    makes_roles(session, "create")?;
    if known(session, &role).is_ok() {
        return Err(Refusal::error("42710", format!("role \"{role}\" already exists")));
    }
    let made = Role {
        password: Kept::of(&literal(&found[3])),
        makes_databases: found.get(2).is_some(),
        comment: String::new(),
    };
    session.world.outside.inner().databases.entry(session.host.to_owned()).or_default().roles.insert(role, made);
    Ok(done("CREATE ROLE"))
}

fn alter_role(session: &mut Session<'_>, found: &Captures<'_>) -> Result<Outcome, Refusal> {
    makes_roles(session, "alter")?;
    let may = found.get(2).is_some();
    let password = Kept::of(&literal(&found[3]));
    of_role(session, &name(&found[1]), |role| {
        role.password = password;
        role.makes_databases |= may;
    })?;
    Ok(done("ALTER ROLE"))
}

fn drop_role(session: &mut Session<'_>, found: &Captures<'_>) -> Result<Outcome, Refusal> {
    let role = name(&found[1]);
    makes_roles(session, "drop")?;
    known(session, &role)?;
    let mut inner = session.world.outside.inner();
    let here = inner.databases.entry(session.host.to_owned()).or_default();
    if here.made.values().any(|made| made.owner == role) {
        let message = format!("role \"{role}\" cannot be dropped because some objects depend on it");
        return Err(Refusal::error("2BP01", message));
    }
    here.roles.remove(&role);
    here.members.retain(|(_, of)| *of != role);
    Ok(done("DROP ROLE"))
}

fn comment_role(session: &mut Session<'_>, found: &Captures<'_>) -> Result<Outcome, Refusal> {
    makes_roles(session, "comment on")?;
    let text = literal(&found[2]);
    of_role(session, &name(&found[1]), |role| role.comment = text)?;
    Ok(done("COMMENT"))
}

fn comment_database(session: &mut Session<'_>, found: &Captures<'_>) -> Result<Outcome, Refusal> {
    let (database, text) = (name(&found[1]), literal(&found[2]));
    owns(session, &database)?;
    if let Some(here) = session.world.outside.inner().databases.get_mut(session.host)
        && let Some(made) = here.made.get_mut(&database)
    {
        made.comment = text;
    }
    Ok(done("COMMENT"))
}

fn member(session: &mut Session<'_>, role: &str, joins: bool) -> Result<Outcome, Refusal> {
    let role = name(role);
    makes_roles(session, "grant")?;
    known(session, &role)?;
    let mut inner = session.world.outside.inner();
    let here = inner.databases.entry(session.host.to_owned()).or_default();
    let pair = (session.user.clone(), role);
    if joins {
        here.members.insert(pair);
        return Ok(done("GRANT ROLE"));
    }
    here.members.remove(&pair);
    Ok(done("REVOKE ROLE"))
}

fn create_database(session: &mut Session<'_>, found: &Captures<'_>) -> Result<Outcome, Refusal> {
    let (database, owner) = (name(&found[1]), name(&found[2]));
    let user = session.server.users.get(&session.user);
    let declared = user.is_some_and(|user| user.superuser || user.makes_databases.unwrap_or(user.makes_roles));
    let made = || {
        let inner = session.world.outside.inner();
        inner
            .databases
            .get(session.host)
            .and_then(|here| here.roles.get(&session.user))
            .is_some_and(|role| role.makes_databases)
    };
    if !declared && !made() {
        return Err(Refusal::error("42501", "permission denied to create database"));
    }
    known(session, &owner)?;
    if !acts_for(session, &owner) {
        return Err(Refusal::error("42501", format!("must be able to SET ROLE \"{owner}\"")));
    }
    if session.server.has_database(session.world, session.host, &database) {
        return Err(Refusal::error("42P04", format!("database \"{database}\" already exists")));
    }
    let new = Made { owner, comment: String::new() };
    session.world.outside.inner().databases.entry(session.host.to_owned()).or_default().made.insert(database, new);
    Ok(done("CREATE DATABASE"))
}

fn drop_database(session: &mut Session<'_>, found: &Captures<'_>) -> Result<Outcome, Refusal> {
    let database = name(&found[1]);
    owns(session, &database)?;
    if let Some(here) = session.world.outside.inner().databases.get_mut(session.host) {
        here.made.remove(&database);
        here.extensions.retain(|(of, _)| *of != database);
    }
    Ok(done("DROP DATABASE"))
}

fn create_table(session: &mut Session<'_>, found: &Captures<'_>) -> Result<Outcome, Refusal> {
    // From 15 on the schema public is its owner's alone: release notes of PostgreSQL 15.
    let database = session.database.clone();
    if owns(session, &database).is_err() {
        return Err(Refusal::error("42501", "permission denied for schema public"));
    }
    session.tables.insert(found[1].to_owned(), Vec::new());
    Ok(done("CREATE TABLE"))
}

fn table(session: &mut Session<'_>, found: &Captures<'_>) -> Result<Outcome, Refusal> {
    let of = &found[2];
    let Some(before) = found.get(1) else {
        session.tables.remove(of).ok_or_else(|| no_table(of))?;
        return Ok(done("DROP TABLE"));
    };
    let before = literal(before.as_str());
    let lines = session.tables.get(of).ok_or_else(|| no_table(of))?;
    let rows = lines.iter().map(|line| vec![Cell::Text(format!("{before}{line}"))]).collect();
    Ok(Outcome::select(vec![("?column?".to_owned(), TEXT)], rows))
}

fn owner_of(session: &Session<'_>, database: &str) -> Option<String> {
    let declared = session.server.databases.get(database).map(|own| own.owner.clone());
    let inner = session.world.outside.inner();
    declared.or_else(|| Some(inner.databases.get(session.host)?.made.get(database)?.owner.clone()))
}

/// Whether the user is `role`, or may become it.
fn acts_for(session: &Session<'_>, role: &str) -> bool {
    let all = session.server.users.get(&session.user).is_some_and(|user| user.superuser);
    let pair = (session.user.clone(), role.to_owned());
    let inner = session.world.outside.inner();
    all || session.user == role || inner.databases.get(session.host).is_some_and(|here| here.members.contains(&pair))
}

fn owns(session: &Session<'_>, database: &str) -> Result<(), Refusal> {
    let Some(owner) = owner_of(session, database) else {
        return Err(Refusal::error("3D000", format!("database \"{database}\" does not exist")));
    };
    if acts_for(session, &owner) {
        return Ok(());
    }
    Err(Refusal::error("42501", format!("must be owner of database {database}")))
}

fn known(session: &Session<'_>, role: &str) -> Result<(), Refusal> {
    let made =
        session.world.outside.inner().databases.get(session.host).is_some_and(|here| here.roles.contains_key(role));
    if made || session.server.users.contains_key(role) {
        return Ok(());
    }
    Err(Refusal::error("42704", format!("role \"{role}\" does not exist")))
}

fn makes_roles(session: &Session<'_>, verb: &str) -> Result<(), Refusal> {
    let user = session.server.users.get(&session.user);
    if user.is_some_and(|user| user.superuser || user.makes_roles) {
        return Ok(());
    }
    Err(Refusal::error("42501", format!("permission denied to {verb} role")))
}

fn of_role(session: &Session<'_>, role: &str, change: impl FnOnce(&mut Role)) -> Result<(), Refusal> {
    known(session, role)?;
    let mut inner = session.world.outside.inner();
    match inner.databases.get_mut(session.host).and_then(|here| here.roles.get_mut(role)) {
        Some(role) => {
            change(role);
            Ok(())
        }
        // A declared user stays as the scenario has it.
        None => Err(Refusal::error("42501", "permission denied to alter role")),
    }
}

fn no_table(table: &str) -> Refusal {
    Refusal::error("42P01", format!("relation \"{table}\" does not exist"))
}

fn name(text: &str) -> String {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => text.to_ascii_lowercase(),
    }
}

fn literal(text: &str) -> String {
    let (text, escapes) = text.strip_prefix('E').map_or((text, false), |text| (text, true));
    let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text).replace("''", "'");
    if escapes { inner.replace("\\\\", "\\") } else { inner }
}

fn one(column: &str, cell: Cell) -> Outcome {
    row(&[(column, cell)])
}

fn row(cells: &[(&str, Cell)]) -> Outcome {
    let kind = |cell: &Cell| if matches!(cell, Cell::Bool(_)) { BOOL } else { TEXT };
    let columns = cells.iter().map(|(name, cell)| ((*name).to_owned(), kind(cell))).collect();
    Outcome::select(columns, vec![cells.iter().map(|(_, cell)| cell.clone()).collect()])
}

fn done(tag: &str) -> Outcome {
    Outcome { tag: tag.to_owned(), ..Outcome::default() }
}
