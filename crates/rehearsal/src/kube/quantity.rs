//! How much is `500m` or `2Gi`?

use serde_json::Value;

/// A quantity in thousandths of its unit (millicores, milli-bytes fit an i128).
pub fn milli(quantity: &Value) -> i128 {
    match quantity {
        Value::Number(number) => {
            number.as_i64().map_or_else(|| number.as_f64().map_or(0, scaled), |whole| i128::from(whole) * 1000)
        }
        Value::String(text) => milli_of(text),
        _ => 0,
    }
}

fn milli_of(text: &str) -> i128 {
    let text = text.trim();
    let digits =
        text.find(|letter: char| !(letter.is_ascii_digit() || matches!(letter, '.' | '-' | '+'))).unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let factor: i128 = match suffix {
        "m" => 1,
        "" => 1000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        "Ti" => 1000 << 40,
        _ => 0,
    };
    match number.parse::<i128>() {
        Ok(whole) => whole * factor,
        Err(_) => number.parse::<f64>().map_or(0, |part| scaled(part) * factor / 1000),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "quantities are far below 2^127")]
fn scaled(number: f64) -> i128 {
    (number * 1000.0).round() as i128
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::milli;

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        for (written, thousandths) in [
            ("500m", 500),
            ("2", 2000),
            ("1.5", 1500),
            ("1Ki", 1_024_000),
            ("0.5Gi", 512 * 1024 * 1_024_000),
            ("1k", 1_000_000),
        ] {
            assert_eq!(milli(&json!(written)), thousandths, "{written}");
        }
        assert_eq!(milli(&json!(3)), 3000);
    }
}
