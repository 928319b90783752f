//! How much is a Kubernetes quantity? `500m`, `1.5`, `32Gi`, `2e3`.

/// The amount in the resource's own unit.
pub fn amount(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 13] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
    ];
    if let Ok(plain) = text.parse() {
        return Some(plain);
    }
    let (unit, size) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
    text.strip_suffix(unit)?.parse::<f64>().ok().map(|number| number * size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (text, wanted) in [("1", 1.0), ("500m", 0.5), ("2Ki", 2048.0), ("1.5", 1.5), ("2e3", 2000.0), ("3k", 3000.0)]
        {
            assert_eq!(amount(text), Some(wanted), "{text}");
        }
        assert_eq!(amount("much"), None);
    }
}
