//! Kubernetes quantities as numbers: CPU in thousandths, memory in bytes, everything else in pieces.

use serde::{Deserialize, Deserializer, de};

/// A quantity as it is written: a text, or a bare number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quantity(pub String);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Quantity;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a quantity such as 500m or 2")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
                Ok(Quantity(text.to_owned()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Quantity, E> {
                Ok(Quantity(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Quantity, E> {
                Ok(Quantity(number.to_string()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Quantity, E> {
                Ok(Quantity(number.to_string()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// An amount of a resource: CPU in thousandths, everything else whole.
pub fn amount(resource: &str, quantity: &Quantity) -> Option<i64> {
    if resource == "cpu" { thousandths(&quantity.0) } else { whole(&quantity.0) }
}

/// `500m`, `2`, `1.5` of CPU in thousandths.
fn thousandths(text: &str) -> Option<i64> {
    let (number, unit) = parts(text)?;
    scaled(number * factor(unit)? * 1_000.0)
}

/// `1Gi`, `500M`, `128974848` in bytes, or in pieces.
fn whole(text: &str) -> Option<i64> {
    let (number, unit) = parts(text)?;
    scaled(number * factor(unit)?)
}

fn parts(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|(at, letter)| {
            // An exponent is part of the number only where digits follow.
            let exponent = matches!(letter, 'e' | 'E')
                && text[at + 1..].starts_with(|next: char| next.is_ascii_digit() || next == '-' || next == '+');
            !(letter.is_ascii_digit() || matches!(letter, '.' | '-' | '+') || exponent)
        })
        .map_or(text.len(), |(at, _)| at);
    Some((text[..end].parse().ok()?, &text[end..]))
}

fn factor(unit: &str) -> Option<f64> {
    Some(match unit {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        _ => return None,
    })
}

#[allow(clippy::cast_possible_truncation)]
fn scaled(number: f64) -> Option<i64> {
    // Beyond this an i64 does not hold it; no node has as much of anything.
    (number.is_finite() && number.abs() < 9e18).then(|| number.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_kubernetes_writes_them() {
        assert_eq!(thousandths("500m"), Some(500));
        assert_eq!(thousandths("2"), Some(2_000));
        assert_eq!(whole("1Gi"), Some(1 << 30));
        assert_eq!(whole("128974848"), Some(128_974_848));
        assert_eq!(whole("1e3"), Some(1_000));
        assert_eq!(whole("1E"), Some(1_000_000_000_000_000_000));
        assert_eq!(whole("four"), None);
        assert_eq!(whole("1Zi"), None);
    }
}
