//! Sizes in bytes as people write them.

/// Bytes: `1000`, `512k`, `2G`, `1.5GB` in powers of 1000, `1Gi`, `1GiB` in powers of 1024. Case does not matter.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size; write 512M, 2G or 1GiB");
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let unit = unit.trim().to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let (prefix, base) = unit.strip_suffix('i').map_or((unit, 1000.0_f64), |prefix| (prefix, 1024.0));
    let power = match prefix {
        "" if base == 1000.0 => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return Err(wrong()),
    };
    let bytes = number * base.powi(power);
    if !(1.0..1e18).contains(&bytes) {
        return Err(format!("`{text}` is no size of a memory"));
    }
    Ok(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes_and_refuses_the_rest() {
        let good =
            [("1000", 1000), ("512M", 512_000_000), ("2g", 2_000_000_000), ("1.5GB", 1_500_000_000), ("1GiB", 1 << 30), ("4 Ki", 4096)];
        for (text, bytes) in good {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "G", "-1", "1X", "1i", "0", "1e3", "9999999T", "1.2.3M", "nan", "inf"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
