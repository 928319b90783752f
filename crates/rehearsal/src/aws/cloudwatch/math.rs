//! Metric math: `IF(gpu < 10 AND cpu < 5, 1, 0)`, as far as alarms use it.
//!
//! Precedence, loosest first: OR, AND, comparison, sum, product, sign.

/// What an expression says of the values of the metrics it names.
///
/// `value` gives a metric's value by its id: `Err` for an id there is not, `Ok(None)` where there is no data.
/// The whole is without data where a part is, unless `FILL` fills it in.
pub fn evaluate(text: &str, value: &dyn Fn(&str) -> Result<Option<f64>, String>) -> Result<Option<f64>, String> {
    let mut reader = Reader { words: words(text)?, at: 0, value };
    let result = reader.either()?;
    match reader.peek() {
        None => Ok(result),
        Some(word) => Err(format!("unexpected {word:?}")),
    }
}

fn words(text: &str) -> Result<Vec<String>, String> {
    let letters: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let letter = letters[at];
        let from = at;
        at += 1;
        match letter {
            space if space.is_whitespace() => continue,
            '<' | '>' | '=' | '!' if letters.get(at) == Some(&'=') => at += 1,
            '&' | '|' if letters.get(at) == Some(&letter) => at += 1,
            '<' | '>' | '!' | '+' | '-' | '*' | '/' | '(' | ')' | '[' | ']' | ',' => {}
            letter if letter.is_ascii_alphanumeric() || letter == '_' || letter == '.' => {
                while letters.get(at).is_some_and(|next| next.is_ascii_alphanumeric() || *next == '_' || *next == '.') {
                    at += 1;
                }
            }
            other => return Err(format!("unexpected {other:?}")),
        }
        words.push(letters[from..at].iter().collect());
    }
    Ok(words)
}

struct Reader<'a> {
    words: Vec<String>,
    at: usize,
    value: &'a dyn Fn(&str) -> Result<Option<f64>, String>,
}

type Part = Result<Option<f64>, String>;

impl Reader<'_> {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    /// Steps over one of these words.
    fn take(&mut self, wanted: &[&str]) -> Option<String> {
        let word = self.peek()?.to_owned();
        let found = wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(&word));
        found.then(|| {
            self.at += 1;
            word.to_uppercase()
        })
    }

    fn need(&mut self, word: &str) -> Result<(), String> {
        self.take(&[word]).map(drop).ok_or_else(|| format!("{word:?} is missing"))
    }

    fn either(&mut self) -> Part {
        let mut left = self.both()?;
        while self.take(&["OR", "||"]).is_some() {
            let right = self.both()?;
            left = combine(left, right, |left, right| truth(left != 0.0 || right != 0.0));
        }
        Ok(left)
    }

    fn both(&mut self) -> Part {
        let mut left = self.compared()?;
        while self.take(&["AND", "&&"]).is_some() {
            let right = self.compared()?;
            left = combine(left, right, |left, right| truth(left != 0.0 && right != 0.0));
        }
        Ok(left)
    }

    fn compared(&mut self) -> Part {
        let left = self.sum()?;
        let Some(sign) = self.take(&["<", "<=", ">", ">=", "==", "!="]) else { return Ok(left) };
        let right = self.sum()?;
        Ok(combine(left, right, |left, right| {
            truth(match sign.as_str() {
                "<" => left < right,
                "<=" => left <= right,
                ">" => left > right,
                ">=" => left >= right,
                "==" => left == right,
                _ => left != right,
            })
        }))
    }

    fn sum(&mut self) -> Part {
        let mut left = self.product()?;
        while let Some(sign) = self.take(&["+", "-"]) {
            let right = self.product()?;
            left = combine(left, right, |left, right| if sign == "+" { left + right } else { left - right });
        }
        Ok(left)
    }

    fn product(&mut self) -> Part {
        let mut left = self.signed()?;
        while let Some(sign) = self.take(&["*", "/"]) {
            let right = self.signed()?;
            left = match (sign.as_str(), right) {
                ("/", Some(0.0)) => None,
                ("/", _) => combine(left, right, |left, right| left / right),
                _ => combine(left, right, |left, right| left * right),
            };
        }
        Ok(left)
    }

    fn signed(&mut self) -> Part {
        match self.take(&["-", "NOT", "!"]).as_deref() {
            Some("-") => Ok(self.signed()?.map(|value| -value)),
            Some(_) => Ok(self.signed()?.map(|value| truth(value == 0.0))),
            None => self.single(),
        }
    }

    fn single(&mut self) -> Part {
        let word = self.peek().ok_or("the expression ends too early")?.to_owned();
        self.at += 1;
        if word == "(" {
            let inside = self.either()?;
            self.need(")")?;
            return Ok(inside);
        }
        if let Ok(number) = word.parse::<f64>() {
            return Ok(Some(number));
        }
        if self.peek() == Some("(") {
            return self.function(&word.to_uppercase());
        }
        (self.value)(&word)
    }

    fn function(&mut self, name: &str) -> Part {
        self.need("(")?;
        let mut arguments: Vec<Option<f64>> = Vec::new();
        while self.take(&[")"]).is_none() {
            // A list of metrics counts as so many arguments.
            if self.take(&["[", "]", ","]).is_none() {
                arguments.push(self.either()?);
            }
            if self.peek().is_none() {
                return Err("\")\" is missing".to_owned());
            }
        }
        let all = || arguments.iter().flatten().copied();
        Ok(match (name, arguments.as_slice()) {
            ("IF", [condition, yes, no]) => condition.and_then(|condition| if condition != 0.0 { *yes } else { *no }),
            ("IF", [condition, yes]) => condition.filter(|condition| *condition != 0.0).and(*yes),
            ("FILL", [metric, filling]) => metric.or(*filling),
            ("MAX", _) => all().reduce(f64::max),
            ("MIN", _) => all().reduce(f64::min),
            ("SUM", _) => all().reduce(|left, right| left + right),
            ("AVG", _) => all().reduce(|left, right| left + right).map(|sum| sum / all().count() as f64),
            ("ABS", [value]) => value.map(f64::abs),
            _ => return Err(format!("the function {name} with {} arguments is not simulated", arguments.len())),
        })
    }
}

fn combine(left: Option<f64>, right: Option<f64>, how: impl Fn(f64, f64) -> f64) -> Option<f64> {
    Some(how(left?, right?))
}

fn truth(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, gpu: Option<f64>, cpu: Option<f64>) -> Result<Option<f64>, String> {
        evaluate(text, &|id| match id {
            "gpu" => Ok(gpu),
            "cpu" => Ok(cpu),
            other => Err(format!("no metric {other}")),
        })
    }

    #[test]
    fn both_low_is_one() {
        let text = "IF(gpu < 10 AND cpu < 5, 1, 0)";
        assert_eq!(with(text, Some(3.0), Some(2.0)), Ok(Some(1.0)));
        assert_eq!(with(text, Some(30.0), Some(2.0)), Ok(Some(0.0)));
        assert_eq!(with(text, None, Some(2.0)), Ok(None));
        assert_eq!(with("(gpu < 10) * (FILL(cpu, 0) < 5)", Some(3.0), None), Ok(Some(1.0)));
    }

    #[test]
    fn sums_come_after_products() {
        assert_eq!(with("gpu + cpu * 2 - -1", Some(1.0), Some(3.0)), Ok(Some(8.0)));
        assert_eq!(with("MAX([gpu, cpu]) / 2", Some(1.0), Some(3.0)), Ok(Some(1.5)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(with("IF(gpu < 10", Some(1.0), None).is_err());
        assert!(with("other + 1", None, None).is_err());
        assert!(with("gpu $ 1", None, None).is_err());
    }
}
