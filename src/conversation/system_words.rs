//! Faults of the system in words: its own, without the numbers that the standard library puts behind them.

/// As in `No such file or directory (os error 2)`.
const BEFORE: &str = " (os error ";

/// The text without them. Every failure, warning and finding passes here on its way to a person or a script.
#[must_use]
pub fn without_error_numbers(text: String) -> String {
    if !text.contains(BEFORE) {
        return text;
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(BEFORE) {
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        let behind = from[BEFORE.len()..].trim_start_matches(|char: char| char.is_ascii_digit());
        rest = match behind.strip_prefix(')') {
            Some(behind) => behind,
            None => {
                kept.push_str(BEFORE);
                &from[BEFORE.len()..]
            }
        };
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_numbers_go() {
        let error = std::io::Error::from_raw_os_error(2);
        let told = without_error_numbers(format!("cannot read a: {error}. Or b: {error}"));
        assert_eq!(told, "cannot read a: No such file or directory. Or b: No such file or directory");
        for text in ["", "all is well", "an (os error of", "an (os error x) there", "(os error 2)"] {
            assert_eq!(without_error_numbers(text.to_owned()), text);
        }
    }
}
