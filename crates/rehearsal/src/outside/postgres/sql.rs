//! The few statements that an installer asks a database.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    catalogue::from_catalogue,
    cell::{BOOL, Cell, Outcome, TEXT},
    session::Session,
    wire::Refusal,
};

macro_rules! pattern {
    ($name:ident, $text:expr) => {
        pub(super) static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($text).ok());
    };
}

pattern!(
    COMMAND,
    r"(?is)^(begin|start\s+transaction|commit|end|rollback(?:\s+to)?|savepoint|release|set|reset|discard|deallocate)\b"
);
pattern!(SHOW, r#"(?is)^show\s+"?([\w.]+)"?$"#);
pattern!(CREATE_EXTENSION, r#"(?is)^create\s+extension\s+(if\s+not\s+exists\s+)?"?([\w-]+)"?"#);
pattern!(EXISTS, r"(?is)^select\s+exists\s*\((.*)\)(?:\s+as\s+(\w+))?$");
pattern!(
    FROM,
    r#"(?is)^select\s+(.*?)\s+from\s+(?:pg_catalog\.)?(\w+)(?:\s+\w+)?(?:\s+where\s+(.*?))?(?:\s+(?:order\s+by|limit)\b.*)?$"#
);
pattern!(EQUALS, r#"(?is)^"?(?:\w+\.)?(\w+)"?\s*=\s*(\$\d+|'[^']*'|current_database\(\)|current_user)(?:::\w+)?$"#);
pattern!(SELECT, r"(?is)^select\s+(.*)$");
pattern!(ALIAS, r#"(?is)^(.*?)\s+as\s+"?(\w+)"?$"#);
pattern!(CALL, r"(?is)^(?:pg_catalog\.)?(\w+)\s*\((.*)\)$");

pub(super) fn captures<'t>(pattern: &Option<Regex>, text: &'t str) -> Option<regex::Captures<'t>> {
    pattern.as_ref()?.captures(text)
}

/// The statements of a simple query.
pub fn statements(text: &str) -> Vec<String> {
    split(text, ';')
}

/// How many parameters a statement has.
pub fn parameters(text: &str) -> usize {
    let numbers = text.split('$').skip(1).filter_map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().ok()
    });
    numbers.max().unwrap_or(0)
}

/// Answers one statement without changing anything.
pub fn answer(session: &Session<'_>, text: &str, values: &[Option<String>]) -> Result<Outcome, Refusal> {
    let text = text.trim().trim_end_matches(';').trim();
    if let Some(command) = captures(&COMMAND, text) {
        let word = command[1].to_ascii_uppercase();
        let tag = match word.as_str() {
            "START TRANSACTION" => "BEGIN",
            "END" => "COMMIT",
            word if word.starts_with("ROLLBACK ") => "SAVEPOINT",
            word => word,
        };
        return Ok(Outcome { tag: tag.to_owned(), ..Outcome::default() });
    }
    if let Some(show) = captures(&SHOW, text) {
        let name = show[1].to_ascii_lowercase();
        let value = setting(session, &name).ok_or_else(|| unknown_setting(&name))?;
        return Ok(Outcome::rows(vec![(name, TEXT)], vec![vec![Cell::Text(value)]], "SHOW"));
    }
    if let Some(create) = captures(&CREATE_EXTENSION, text) {
        return create_extension(session, &create[2], create.get(1).is_some());
    }
    if let Some(exists) = captures(&EXISTS, text) {
        let found = !answer(session, &exists[1], values)?.rows.is_empty();
        let name = exists.get(2).map_or("exists", |name| name.as_str());
        return Ok(Outcome::select(vec![(name.to_owned(), BOOL)], vec![vec![Cell::Bool(found)]]));
    }
    if let Some(from) = captures(&FROM, text) {
        return from_catalogue(session, &from[1], &from[2], from.get(3).map(|found| found.as_str()), values);
    }
    if let Some(list) = captures(&SELECT, text) {
        return scalars(session, &list[1], values);
    }
    Err(unknown(text))
}

fn create_extension(session: &Session<'_>, name: &str, if_not_exists: bool) -> Result<Outcome, Refusal> {
    let done = |created| Ok(Outcome { tag: "CREATE EXTENSION".to_owned(), created, ..Outcome::default() });
    if session.has_extension(name) {
        return if if_not_exists {
            done(None)
        } else {
            Err(Refusal::error("42710", format!("extension \"{name}\" already exists")))
        };
    }
    if !session.server.extensions.contains_key(name) {
        return Err(Refusal::error("0A000", format!("extension \"{name}\" is not available"))
            .detail(format!("Could not open extension control file \"/usr/share/postgresql/extension/{name}.control\": No such file or directory."))
            .hint("The extension must first be installed on the system where PostgreSQL is running."));
    }
    if !session.server.may_create_extension(&session.user, &session.database) {
        return Err(Refusal::error("42501", format!("permission denied to create extension \"{name}\""))
            .hint("Must have CREATE privilege on current database to create this extension."));
    }
    done(Some(name.to_owned()))
}

fn scalars(session: &Session<'_>, list: &str, values: &[Option<String>]) -> Result<Outcome, Refusal> {
    let (mut columns, mut row) = (Vec::new(), Vec::new());
    for item in split(list, ',') {
        let (expression, alias) = aliased(&item);
        let (name, cell) = scalar(session, expression, values).ok_or_else(|| unknown(expression))?;
        columns.push((alias.map_or(name, str::to_owned), cell.kind()));
        row.push(cell);
    }
    Ok(Outcome::select(columns, vec![row]))
}

fn scalar(session: &Session<'_>, expression: &str, values: &[Option<String>]) -> Option<(String, Cell)> {
    let expression = expression.split("::").next().unwrap_or_default().trim();
    if let Ok(number) = expression.parse() {
        return Some(("?column?".to_owned(), Cell::Int(number)));
    }
    if let Some(text) = value(session, expression, values) {
        return Some(("?column?".to_owned(), Cell::Text(text)));
    }
    let lower = expression.to_ascii_lowercase();
    match lower.as_str() {
        "true" | "false" => return Some(("bool".to_owned(), Cell::Bool(lower == "true"))),
        "current_user" | "session_user" | "user" => return Some((lower, Cell::Text(session.user.clone()))),
        "null" => return Some(("?column?".to_owned(), Cell::Null)),
        _ => {}
    }
    let call = captures(&CALL, expression)?;
    let name = call[1].to_ascii_lowercase();
    let arguments: Vec<_> =
        split(&call[2], ',').iter().map(|argument| value(session, argument.trim(), values)).collect();
    let cell = match name.as_str() {
        "version" => Cell::text(&format!(
            "PostgreSQL {} on x86_64-pc-linux-gnu, compiled by gcc, 64-bit",
            session.server.version
        )),
        "current_database" => Cell::text(&session.database),
        "current_setting" => setting(session, arguments.first()?.as_deref()?).map_or(Cell::Null, Cell::Text),
        "pg_is_in_recovery" => Cell::Bool(false),
        "has_database_privilege" => {
            let privilege = arguments.last()?.clone()?.to_ascii_uppercase();
            let own = arguments.len() == 3;
            let database = arguments.get(usize::from(own))?.clone().unwrap_or_default();
            let user = if own { arguments.first()?.clone()? } else { session.user.clone() };
            let create = privilege.contains("CREATE");
            Cell::Bool(
                session.server.databases.contains_key(&database)
                    && (!create || session.server.may_create_extension(&user, &database)),
            )
        }
        _ => return None,
    };
    Some((name, cell))
}

/// A literal, a parameter, or a function of no arguments that stands for text.
pub(super) fn value(session: &Session<'_>, expression: &str, values: &[Option<String>]) -> Option<String> {
    let expression = expression.split("::").next().unwrap_or_default().trim();
    if let Some(number) = expression.strip_prefix('$') {
        let place: usize = number.parse().ok()?;
        return Some(values.get(place.checked_sub(1)?)?.clone().unwrap_or_default());
    }
    match expression.to_ascii_lowercase().as_str() {
        "current_database()" => Some(session.database.clone()),
        "current_user" => Some(session.user.clone()),
        _ => Some(expression.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'")),
    }
}

fn setting(session: &Session<'_>, name: &str) -> Option<String> {
    let value = match name {
        "server_version" => session.server.version.clone(),
        "server_version_num" => {
            let mut parts = session.server.version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
            (parts.next()? * 10_000 + parts.next().unwrap_or(0)).to_string()
        }
        "ssl" => if session.server.tls == super::Tls::Off { "off" } else { "on" }.to_owned(),
        "max_connections" => session.server.max_connections.to_string(),
        "transaction_isolation" | "transaction" => "read committed".to_owned(),
        "server_encoding" | "client_encoding" => "UTF8".to_owned(),
        "password_encryption" => "scram-sha-256".to_owned(),
        "is_superuser" => if session.server.users.get(&session.user)?.superuser { "on" } else { "off" }.to_owned(),
        _ => return None,
    };
    Some(value)
}

pub(super) fn aliased(item: &str) -> (&str, Option<&str>) {
    match captures(&ALIAS, item).and_then(|parts| Some((parts.get(1)?, parts.get(2)?))) {
        Some((expression, alias)) => (expression.as_str(), Some(alias.as_str())),
        None => (item, None),
    }
}

/// Splits outside of parentheses and quotes.
pub(super) fn split(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut current, mut depth, mut quoted) = (Vec::new(), String::new(), 0_u32, false);
    for letter in text.chars() {
        match letter {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if letter == separator && !quoted && depth == 0 {
            parts.push(std::mem::take(&mut current));
        } else {
            current.push(letter);
        }
    }
    parts.push(current);
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

pub(super) fn unknown(text: &str) -> Refusal {
    Refusal::error("0A000", format!("the rehearsal's database does not know: {text}"))
}

fn unknown_setting(name: &str) -> Refusal {
    Refusal::error("42704", format!("unrecognized configuration parameter \"{name}\""))
}
