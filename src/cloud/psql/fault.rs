//! What did psql say, and what does it mean? libpq's words are the same in every version that is still supported.

use landfall_core::event::Problem;

use super::{Login, script::FAILED};

/// The last thing the script said of itself (`made`, `there`, …), or what went wrong. `login` is who ran it.
pub fn judge(well: bool, log: &str, login: &Login) -> Result<String, Problem> {
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said = lines.iter().rev().find_map(|line| line.strip_prefix("landfall: "));
    let faults: Vec<&str> = lines.iter().copied().filter(|line| !line.starts_with("landfall: ")).collect();
    match (well, said) {
        (true, Some(said)) if said != FAILED => Ok(said.to_owned()),
        // The other user was let in: only this database is not open to it.
        (false, Some("there")) if log.contains("permission denied for database") => Ok("there".to_owned()),
        _ => Err(problem(&faults, said, login)),
    }
}

fn problem(faults: &[&str], said: Option<&str>, login: &Login) -> Problem {
    let whole = faults.join("\n");
    let place = format!("{}:{}", login.host, login.port);
    let has = |words: &[&str]| words.iter().any(|word| whole.contains(word));
    let problem = if has(&["password authentication failed", "no password supplied"]) {
        if said == Some("there") {
            Problem::new(
                "PG-USER-PASSWORD",
                "the user is there already, made by somebody else, and its password is another one",
                "Enter its password in Secrets, or choose another user name.",
            )
        } else {
            Problem::new(
                "PG-LOGIN",
                format!("{} cannot log in to {}", login.username.reveal(), login.database),
                "Enter user name and password again in Secrets; a newline at the end of a pasted password is the usual cause.",
            )
        }
    } else if has(&[
        "could not translate host name",
        "timeout expired",
        "Connection timed out",
        "Connection refused",
        "No route to host",
    ]) {
        Problem::new(
            "PG-UNREACHABLE",
            format!("pods of this cluster do not reach {place}"),
            "Check host and port, the security group (it must admit the nodes' group on this port) and the route between the two networks.",
        )
    } else if has(&["SSL", "certificate"]) {
        Problem::new(
            "PG-TLS",
            format!("no TLS connection to {place} could be made"),
            "Give the authority that signed the database's certificate (RDS publishes its own), or choose another TLS mode in Inputs.",
        )
    } else if has(&["no pg_hba.conf entry"]) {
        Problem::new(
            "PG-REFUSED",
            format!("{place} refuses the connection"),
            "Read its reason; pg_hba.conf or the parameter group decides.",
        )
    } else if has(&["too many clients", "remaining connection slots"]) {
        Problem::new("PG-FULL", "the server takes no further connections", "Raise max_connections or free some.")
    } else if has(&["permission denied", "must be owner", "must be member", "must be able to SET ROLE"]) {
        Problem::new(
            "PG-DENIED",
            format!("{} may not do this", login.username.reveal()),
            "Log in as a user that may create roles and databases (on RDS, the master user), or have it granted.",
        )
    } else if has(&["being accessed by other users"]) {
        Problem::new("PG-IN-USE", "the database is in use", "Stop what is connected to it, then start again.")
    } else if has(&["cannot be dropped because some objects depend on it"]) {
        Problem::new(
            "PG-ROLE-OWNS",
            "the user still owns something",
            "Drop what it owns, or give it to somebody else; then start again.",
        )
    } else if whole.contains("database \"") && whole.contains("does not exist") {
        Problem::new(
            "PG-DATABASE",
            format!("there is no database {}", login.database),
            "Have it created, or correct its name in Inputs.",
        )
    } else if has(&["psql: not found", "psql: No such file"]) {
        Problem::new(
            "PG-IMAGE",
            "the image has no psql",
            "Name an image that has psql and sh, e.g. a mirrored postgres.",
        )
    } else {
        Problem::new("PG-QUERY", "psql ended with an error", "Read what it said; the database's log may tell more.")
    };
    let why =
        faults.iter().rev().find(|line| line.contains("FATAL") || line.contains("ERROR") || line.contains("error"));
    problem
        .why(why.or(faults.last()).map_or("It said nothing; its pod may never have started.", |line| line).to_owned())
}

#[cfg(test)]
mod tests {
    use landfall_core::value::Plain;

    use super::{super::Tls, *};

    fn code(well: bool, log: &str) -> Result<String, String> {
        let login = Login {
            host: "db.internal".into(),
            port: 5432,
            database: "postgres".into(),
            username: Plain::new("master".into()),
            password: Plain::new("x".into()),
            tls: Tls::Require,
            ca: None,
        };
        judge(well, log, &login).map_err(|problem| problem.code)
    }

    #[test]
    fn each_way_to_fail_has_its_own_code() {
        let at = "psql: error: connection to server at \"db.internal\" (10.0.0.9), port 5432 failed: ";
        for (said, expected) in [
            ("FATAL:  password authentication failed for user \"master\"", "PG-LOGIN"),
            ("timeout expired", "PG-UNREACHABLE"),
            ("Connection refused", "PG-UNREACHABLE"),
            ("server does not support SSL, but SSL was required", "PG-TLS"),
            ("FATAL:  database \"orders\" does not exist", "PG-DATABASE"),
        ] {
            assert_eq!(code(false, &format!("{at}{said}\n")), Err(expected.to_owned()), "{said}");
        }
        let refused = "psql:/landfall/files/script.sql:4: ERROR:  permission denied to create role\n";
        assert_eq!(code(false, refused), Err("PG-DENIED".to_owned()));
        assert_eq!(code(false, ""), Err("PG-QUERY".to_owned()));
    }

    #[test]
    fn a_statement_that_failed_is_told_though_psql_ended_well() {
        let at = "psql:/landfall/files/script.sql:9: ERROR:  ";
        let refused = format!("{at}permission denied to create database\nlandfall: failed\n");
        assert_eq!(code(true, &refused), Err("PG-DENIED".to_owned()));
        let used = format!("{at}database \"orders\" is being accessed by other users\nlandfall: failed\n");
        assert_eq!(code(true, &used), Err("PG-IN-USE".to_owned()));
    }

    #[test]
    fn a_user_that_is_there_is_used_only_with_its_own_password() {
        let other = "landfall: there\npsql:script.sql:9: error: connection to server failed: FATAL:  password authentication failed for user \"orders\"\n";
        assert_eq!(code(false, other), Err("PG-USER-PASSWORD".to_owned()));
        let shut = "landfall: there\npsql:script.sql:9: error: FATAL:  permission denied for database \"postgres\"\n";
        assert_eq!(code(false, shut), Ok("there".to_owned()));
        assert_eq!(code(true, "\nlandfall: made\n"), Ok("made".to_owned()));
    }
}
