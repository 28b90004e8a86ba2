//! JSON on one line: the white space between its parts goes, every other byte stays as it was written.

/// `json` has to be valid.
#[must_use]
pub fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut is_in_string = false;
    let mut is_escaped = false;
    for letter in json.chars() {
        if is_in_string {
            is_in_string = is_escaped || letter != '"';
            is_escaped = letter == '\\' && !is_escaped;
        } else if matches!(letter, ' ' | '\t' | '\n' | '\r') {
            continue;
        } else {
            is_in_string = letter == '"';
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::compact;

    #[test]
    fn numbers_and_strings_keep_their_bytes() {
        let written = "{ \"a b\\\" \" : [ 1.10 ,\n12345678901234567890.10, 1E+2 ],\r\n\t\"c\\\\\" : \" x \" }";
        assert_eq!(compact(written), "{\"a b\\\" \":[1.10,12345678901234567890.10,1E+2],\"c\\\\\":\" x \"}");
    }
}
