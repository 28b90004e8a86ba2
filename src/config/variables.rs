//! `${VARIABLE}` and `${VARIABLE:-default}` in a value. `$${` stands for `${`; a `$` alone is a `$`.

use std::fmt;

use super::env::Environment;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableError {
    Missing { name: String },
    NotText { name: String },
    Malformed { reason: &'static str },
}

impl fmt::Display for VariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name } => {
                write!(
                    f,
                    "the environment variable {name} is not set (`${{{name}:-…}}` gives a default, `$${{` stands for `${{`)"
                )
            }
            Self::NotText { name } => write!(f, "the environment variable {name} is not UTF-8"),
            Self::Malformed { reason } => write!(f, "{reason} (`$${{` stands for `${{`)"),
        }
    }
}

#[must_use]
pub fn has_variable(text: &str) -> bool {
    text.contains("${")
}

/// The text with its variables replaced. What comes out of a variable is not looked at again.
pub fn replace(text: &str, environment: &Environment) -> Result<String, VariableError> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            result.push_str(&rest[..at]);
            result.push('{');
            rest = &rest[at + 2..];
            continue;
        }
        result.push_str(&rest[..at]);
        let inner = &rest[at + 2..];
        let end = closing_brace(inner).ok_or(VariableError::Malformed { reason: "`${` without its `}`" })?;
        result.push_str(&value_of(&inner[..end], environment)?);
        rest = &inner[end + 1..];
    }
    result.push_str(rest);
    Ok(result)
}

/// Where the variable ends; a default can hold variables itself.
fn closing_brace(inner: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'{' if inner[..at].ends_with('$') => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn value_of(inner: &str, environment: &Environment) -> Result<String, VariableError> {
    let inner = inner.strip_prefix("env:").unwrap_or(inner);
    let (name, default) = inner.split_once(":-").map_or((inner, None), |(name, default)| (name, Some(default)));
    let is_name = !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return Err(VariableError::Malformed { reason: "`${…}` takes the name of an environment variable" });
    }
    match (environment.raw(name), default) {
        (Some(value), _) => {
            value.to_str().map(str::to_owned).ok_or_else(|| VariableError::NotText { name: name.to_owned() })
        }
        (None, Some(default)) => replace(default, environment),
        (None, None) => Err(VariableError::Missing { name: name.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_once() {
        let environment = Environment::from_pairs([("A", "1"), ("B", "${A}"), ("EMPTY", "")]);
        let replaced = |text: &str| replace(text, &environment).map_err(|error| error.to_string());
        for (text, expected) in [
            ("x${A}y${A}", "x1y1"),
            ("${B}", "${A}"),
            ("$A costs $5", "$A costs $5"),
            ("$${A} ${A}", "${A} 1"),
            ("${env:A}", "1"),
            ("${NONE:-a:-b}", "a:-b"),
            ("${NONE:-}", ""),
            ("${EMPTY:-x}", "x"),
            ("${NONE:-${OTHER:-${A}}}!", "1!"),
            ("ü${A}ü", "ü1ü"),
        ] {
            assert_eq!(replaced(text), Ok(expected.to_owned()), "{text}");
        }
        assert!(replaced("a ${NONE}").unwrap_err().starts_with("the environment variable NONE is not set"));
        for text in ["${A", "${}", "${a b}", "${1}", "${NONE:-${A}"] {
            assert!(matches!(replace(text, &environment), Err(VariableError::Malformed { .. })), "{text}");
        }
    }
}
