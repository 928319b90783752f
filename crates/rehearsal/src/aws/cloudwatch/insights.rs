//! Metrics Insights: `SELECT AVG(metric) FROM SCHEMA(namespace, dimensions) WHERE …`, as far as alarms use it.

use std::sync::LazyLock;

use regex::Regex;

use super::metrics::Series;

/// A query, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// `AVG`, `MAX` …
    pub function: String,
    /// Metric.
    pub metric: String,
    /// Namespace.
    pub namespace: String,
    /// Exactly these dimensions, where `SCHEMA` is used.
    pub schema: Option<Vec<String>>,
    /// Dimensions and the values they must have.
    pub conditions: Vec<(String, String)>,
}

static QUERY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?is)^\s*SELECT\s+(AVG|COUNT|MAX|MIN|SUM)\s*\(\s*("?[A-Za-z0-9_/.\-]+"?)\s*\)\s+FROM\s+(SCHEMA\s*\(([^)]*)\)|"[^"]+"|[A-Za-z0-9_]+)(?:\s+WHERE\s+(.+?))?(?:\s+(?:GROUP|ORDER|LIMIT)\s+.*)?\s*$"#,
    )
    .ok()
});
static CONDITION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?s)^\s*("[^"]+"|[A-Za-z0-9_.]+)\s*=\s*'([^']*)'\s*$"#).ok());
static AND: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)\s+AND\s+").ok());

impl Query {
    /// Reads a query; the error is what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("Error in expression: {what}");
        let (Some(query), Some(condition), Some(and)) = (&*QUERY, &*CONDITION, &*AND) else {
            return Err(wrong("no reader for queries"));
        };
        let found =
            query.captures(text).ok_or_else(|| wrong("it is not of the form SELECT FUNCTION(metric) FROM …"))?;
        let bare = |text: &str| text.trim().trim_matches('"').to_owned();
        let (namespace, schema) = match found.get(4) {
            Some(inside) => {
                let mut parts = inside.as_str().split(',').map(bare);
                let namespace = parts.next().unwrap_or_default();
                if inside.as_str().split(',').next().is_some_and(|first| first.contains('/') && !first.contains('"')) {
                    return Err(wrong("a namespace with a slash must stand in double quotes"));
                }
                (namespace, Some(parts.collect()))
            }
            None => (bare(&found[3]), None),
        };
        let mut conditions = Vec::new();
        if let Some(all) = found.get(5) {
            for part in and.split(all.as_str()) {
                let one = condition
                    .captures(part)
                    .ok_or_else(|| wrong(&format!("{part:?} is not of the form dimension = 'value'")))?;
                conditions.push((bare(&one[1]), one[2].to_owned()));
            }
        }
        Ok(Self { function: found[1].to_uppercase(), metric: bare(&found[2]), namespace, schema, conditions })
    }

    /// Whether a series is meant. `SCHEMA` wants exactly its dimensions, no more and no fewer.
    pub fn means(&self, series: &Series) -> bool {
        let schema = self.schema.as_ref().is_none_or(|keys| {
            keys.len() == series.dimensions.len() && keys.iter().all(|key| series.dimensions.contains_key(key))
        });
        let conditions = self.conditions.iter().all(|(key, value)| series.dimensions.get(key) == Some(value));
        series.namespace == self.namespace && series.name == self.metric && schema && conditions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_with_a_schema_is_read() {
        let text = r#"SELECT AVG(CPUUtilization) FROM SCHEMA("AWS/EC2", AutoScalingGroupName) WHERE AutoScalingGroupName = 'eks-a'"#;
        let name = "AutoScalingGroupName".to_owned();
        let wanted = Query {
            function: "AVG".to_owned(),
            metric: "CPUUtilization".to_owned(),
            namespace: "AWS/EC2".to_owned(),
            schema: Some(vec![name.clone()]),
            conditions: vec![(name, "eks-a".to_owned())],
        };
        assert_eq!(Query::read(text), Ok(wanted));
    }

    #[test]
    fn a_slash_needs_quotes() {
        assert!(Query::read("SELECT AVG(CPUUtilization) FROM SCHEMA(AWS/EC2, InstanceId)").is_err());
        assert!(Query::read("SELECT").is_err());
    }
}
