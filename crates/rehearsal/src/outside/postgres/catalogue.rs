//! The system catalogues that an installer asks: extensions, databases, roles.

use super::{
    cell::{BOOL, Cell, INT4, INT8, Outcome, TEXT},
    session::Session,
    sql::{EQUALS, aliased, captures, split, unknown, value},
    wire::Refusal,
};

/// Answers a `SELECT` from one of them.
pub fn from_catalogue(
    session: &Session<'_>,
    list: &str,
    table: &str,
    filter: Option<&str>,
    values: &[Option<String>],
) -> Result<Outcome, Refusal> {
    let table = table.to_ascii_lowercase();
    let all: Vec<Vec<(&str, Cell)>> = match table.as_str() {
        "pg_available_extensions" => {
            let plpgsql = std::iter::once(("plpgsql", "1.0"));
            let declared = session.server.extensions.iter().map(|(name, version)| (name.as_str(), version.as_str()));
            let row = |(name, version): (&str, &str)| {
                let installed = if session.has_extension(name) { Cell::Text(version.to_owned()) } else { Cell::Null };
                vec![
                    ("name", Cell::text(name)),
                    ("default_version", Cell::text(version)),
                    ("installed_version", installed),
                    ("comment", Cell::text("")),
                ]
            };
            plpgsql.chain(declared).map(row).collect()
        }
        "pg_extension" => {
            let names = std::iter::once(("plpgsql", "1.0"));
            let declared = session.server.extensions.iter().map(|(name, version)| (name.as_str(), version.as_str()));
            let there = names.chain(declared).filter(|(name, _)| session.has_extension(name));
            there
                .map(|(name, version)| vec![("extname", Cell::text(name)), ("extversion", Cell::text(version))])
                .collect()
        }
        "pg_database" => {
            let inner = session.world.outside.inner();
            let made = inner.databases.get(session.host).into_iter().flat_map(|here| here.made.keys());
            let all = session.server.databases.keys().chain(made);
            all.map(|name| vec![("datname", Cell::text(name))]).collect()
        }
        "pg_roles" | "pg_user" => {
            let inner = session.world.outside.inner();
            let made = inner.databases.get(session.host).into_iter().flat_map(|here| here.roles.keys());
            let declared = session.server.users.iter().map(|(name, user)| (name, user.superuser));
            let row = |(name, superuser): (&String, bool)| {
                vec![("rolname", Cell::text(name)), ("usename", Cell::text(name)), ("rolsuper", Cell::Bool(superuser))]
            };
            declared.chain(made.map(|name| (name, false))).map(row).collect()
        }
        // A session that asks about its own encryption.
        "pg_stat_ssl" => {
            let version = if session.encrypted { Cell::text("TLSv1.3") } else { Cell::Null };
            vec![vec![("ssl", Cell::Bool(session.encrypted)), ("version", version)]]
        }
        _ => return Err(Refusal::error("42P01", format!("relation \"{table}\" does not exist"))),
    };
    let mut kept = all;
    for condition in filter.map(|filter| filter.split(" and ").collect::<Vec<_>>()).unwrap_or_default() {
        if table == "pg_stat_ssl" {
            break;
        }
        let parts = captures(&EQUALS, condition.trim()).ok_or_else(|| unknown(condition))?;
        let (column, wanted) = (parts[1].to_ascii_lowercase(), value(session, &parts[2], values));
        kept.retain(|row| {
            row.iter().any(|(name, cell)| {
                *name == column && Some(cell) == wanted.as_ref().map(|text| Cell::Text(text.clone())).as_ref()
            })
        });
    }
    let list = list.trim();
    if list.to_ascii_lowercase().starts_with("count(") {
        let count = i64::try_from(kept.len()).unwrap_or(i64::MAX);
        return Ok(Outcome::select(vec![("count".to_owned(), INT8)], vec![vec![Cell::Big(count)]]));
    }
    let mut columns = Vec::new();
    let mut picked = vec![Vec::new(); kept.len()];
    for item in split(list, ',') {
        let (expression, alias) = aliased(&item);
        let column = expression
            .rsplit('.')
            .next()
            .unwrap_or(expression)
            .split("::")
            .next()
            .unwrap_or_default()
            .trim_matches('"');
        let column = column.to_ascii_lowercase();
        let number = expression.parse::<i32>().ok();
        let kind = if number.is_some() { INT4 } else { kind_of(&column) };
        columns.push((alias.unwrap_or(&column).to_owned(), kind));
        for (row, out) in kept.iter().zip(&mut picked) {
            let cell = row.iter().find(|(name, _)| *name == column).map(|(_, cell)| cell.clone());
            out.push(
                number
                    .map(Cell::Int)
                    .or(cell)
                    .ok_or_else(|| Refusal::error("42703", format!("column \"{column}\" does not exist")))?,
            );
        }
    }
    Ok(Outcome::select(columns, picked))
}

fn kind_of(column: &str) -> u32 {
    if matches!(column, "rolsuper" | "ssl") { BOOL } else { TEXT }
}
