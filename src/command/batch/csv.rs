//! Tables as text: fields between commas or tabs, in quotes where they hold one of those or a line end. Pure.
//!
//! Our own, and no crate: records come in lines that are limited and counted already, and this is all that is left.

/// What a line did to the record it belongs to.
#[derive(Debug, PartialEq, Eq)]
pub enum Fed {
    /// The record ends with this line.
    Record(Vec<String>),
    /// A field in quotes goes on in the next line.
    More,
}

/// Puts records together from lines.
#[derive(Debug)]
pub struct Fields {
    separator: char,
    done: Vec<String>,
    field: String,
    is_quoted: bool,
}

impl Fields {
    pub fn new(separator: char) -> Self {
        Self { separator, done: Vec::new(), field: String::new(), is_quoted: false }
    }

    /// Bytes of the record that waits for its end.
    pub fn pending_bytes(&self) -> usize {
        self.field.len() + self.done.iter().map(String::len).sum::<usize>()
    }

    /// Takes a line without its line end.
    pub fn feed(&mut self, line: &str) -> Fed {
        let mut letters = line.chars().peekable();
        while let Some(letter) = letters.next() {
            match (self.is_quoted, letter) {
                (true, '"') if letters.next_if_eq(&'"').is_some() => self.field.push('"'),
                (true, '"') => self.is_quoted = false,
                (false, '"') if self.field.is_empty() => self.is_quoted = true,
                (false, letter) if letter == self.separator => self.done.push(std::mem::take(&mut self.field)),
                (_, letter) => self.field.push(letter),
            }
        }
        if self.is_quoted {
            self.field.push('\n');
            return Fed::More;
        }
        self.done.push(std::mem::take(&mut self.field));
        Fed::Record(std::mem::take(&mut self.done))
    }
}

#[cfg(test)]
mod tests {
    use super::{Fed, Fields};

    fn record(fields: &[&str]) -> Fed {
        Fed::Record(fields.iter().map(|field| (*field).to_owned()).collect())
    }

    #[test]
    fn fields_with_quotes_separators_and_line_ends() {
        let mut fields = Fields::new(',');
        assert_eq!(fields.feed("a,b,"), record(&["a", "b", ""]));
        assert_eq!(fields.feed("\"a,b\",\"say \"\"hi\"\"\",5\" disk"), record(&["a,b", "say \"hi\"", "5\" disk"]));
        assert_eq!(fields.feed("1,\"two"), Fed::More);
        assert_eq!(fields.feed(""), Fed::More);
        assert_eq!(fields.feed("lines\",3"), record(&["1", "two\n\nlines", "3"]));
        assert_eq!(Fields::new('\t').feed("a,b\t\"c\td\""), record(&["a,b", "c\td"]));
    }
}
