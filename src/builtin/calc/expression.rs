//! Reads an expression and works it out on the way, with the rules of arithmetic as they are taught.
//!
//! Small enough to be our own: libraries for this let `-2^2` be 4, or lose whole numbers to floating point.

use super::functions;
use super::number::{Number, Undefined};

/// Brackets and signs within each other.
const DEPTH_MAX: usize = 64;
pub const BYTES_MAX: usize = 2000;

/// Works out an expression; a mistake says where it is.
pub fn evaluate(text: &str) -> Result<Number, String> {
    if text.len() > BYTES_MAX {
        return Err(format!("the expression is longer than {BYTES_MAX} bytes"));
    }
    let mut reader = Reader { text, position: 0, depth: 0 };
    let result = reader.sum()?;
    match reader.peek() {
        None => Ok(result),
        Some(found) => Err(reader.mistake(&format!("expected an operator, found `{found}`"))),
    }
}

struct Reader<'a> {
    text: &'a str,
    position: usize,
    depth: usize,
}

impl Reader<'_> {
    fn sum(&mut self) -> Result<Number, String> {
        self.enter()?;
        let mut left = self.product()?;
        loop {
            let at = self.position;
            let result = if self.take("+") {
                left.add(self.product()?)
            } else if self.take("-") || self.take("−") {
                left.subtract(self.product()?)
            } else {
                self.depth -= 1;
                return Ok(left);
            };
            left = self.defined(result, at)?;
        }
    }

    fn product(&mut self) -> Result<Number, String> {
        let mut left = self.signed()?;
        loop {
            let at = self.position;
            let result = if !self.rest().starts_with("**") && (self.take("*") || self.take("×") || self.take("·")) {
                left.multiply(self.signed()?)
            } else if self.take("//") {
                left.divide_whole(self.signed()?)
            } else if self.take("/") || self.take("÷") {
                left.divide(self.signed()?)
            } else if self.take("%") {
                left.remainder(self.signed()?)
            } else {
                return Ok(left);
            };
            left = self.defined(result, at)?;
        }
    }

    /// A sign binds weaker than a power: `-2^2` is `-4`.
    fn signed(&mut self) -> Result<Number, String> {
        self.enter()?;
        let at = self.position;
        let result = if self.take("-") || self.take("−") {
            let negated = self.signed()?.negate();
            self.defined(negated, at)?
        } else if self.take("+") {
            self.signed()?
        } else {
            self.power()?
        };
        self.depth -= 1;
        Ok(result)
    }

    /// From the right: `2^3^2` is `2^9`.
    fn power(&mut self) -> Result<Number, String> {
        let base = self.postfix()?;
        let at = self.position;
        if !(self.take("^") || self.take("**")) {
            return Ok(base);
        }
        let exponent = self.signed()?;
        self.defined(base.power(exponent), at)
    }

    fn postfix(&mut self) -> Result<Number, String> {
        let mut value = self.atom()?;
        loop {
            let at = self.position;
            if !self.take("!") {
                return Ok(value);
            }
            value = self.defined(value.factorial(), at)?;
        }
    }

    fn atom(&mut self) -> Result<Number, String> {
        match self.peek() {
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_alphabetic() => self.name(),
            Some('√') => {
                let at = self.position;
                self.take("√");
                self.enter()?;
                let root = self.postfix()?.square_root();
                self.depth -= 1;
                self.defined(root, at)
            }
            Some('(') => {
                self.take("(");
                let value = self.sum()?;
                self.close()?;
                Ok(value)
            }
            Some(found) => Err(self.mistake(&format!("expected a number, found `{found}`"))),
            None => Err("the expression ends where a number is expected".into()),
        }
    }

    fn number(&mut self) -> Result<Number, String> {
        let at = self.position;
        for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8)] {
            if self.take(prefix) {
                let digits = self.digits(|c| c.is_digit(radix));
                return i128::from_str_radix(&digits, radix)
                    .map(Number::whole)
                    .map_err(|_| self.mistake_at(at, &format!("`{prefix}{digits}` is no whole number in range")));
            }
        }
        let mut text = self.digits(|c| c.is_ascii_digit());
        if self.rest().starts_with('.') {
            self.position += 1;
            text = format!("{text}.{}", self.digits(|c| c.is_ascii_digit()));
        }
        let rest = self.rest();
        if let Some(after) = rest.strip_prefix(['e', 'E']) {
            let sign = after.chars().next().filter(|c| ['+', '-'].contains(c));
            let digits = &after[sign.map_or(0, char::len_utf8)..];
            if digits.starts_with(|c: char| c.is_ascii_digit()) {
                self.position += 1 + sign.map_or(0, char::len_utf8);
                let sign = sign.map(String::from).unwrap_or_default();
                text = format!("{text}e{sign}{}", self.digits(|c| c.is_ascii_digit()));
            }
        }
        Number::from_decimal(&text).map_err(|reason| self.mistake_at(at, &reason))
    }

    /// Digits in a row; `_` may stand between them.
    fn digits(&mut self, is_digit: impl Fn(char) -> bool) -> String {
        let rest = self.rest();
        let end = rest.find(|c| !is_digit(c) && c != '_').unwrap_or(rest.len());
        let digits = rest[..end].replace('_', "");
        self.position += end;
        digits
    }

    /// A constant, or a function with its arguments.
    fn name(&mut self) -> Result<Number, String> {
        let at = self.position;
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = rest[..end].to_lowercase();
        self.position += end;
        if !self.take("(") {
            return functions::constant(&name).ok_or_else(|| self.mistake_at(at, &functions::unknown(&name)));
        }
        let mut arguments = Vec::new();
        if self.peek() != Some(')') {
            arguments.push(self.sum()?);
            while self.take(",") || self.take(";") {
                arguments.push(self.sum()?);
            }
        }
        self.close()?;
        let result =
            functions::call(&name, &arguments).ok_or_else(|| self.mistake_at(at, &functions::unknown(&name)))?;
        self.defined(result, at)
    }

    fn close(&mut self) -> Result<(), String> {
        if self.take(")") {
            return Ok(());
        }
        match self.peek() {
            Some(found) => Err(self.mistake(&format!("expected `)` or an operator, found `{found}`"))),
            None => Err("a `)` is missing at the end".into()),
        }
    }

    fn enter(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} brackets and signs stand within each other"));
        }
        Ok(())
    }

    fn rest(&self) -> &str {
        &self.text[self.position..]
    }

    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start().len();
        self.rest().chars().next()
    }

    fn take(&mut self, token: &str) -> bool {
        self.peek();
        let is_next = self.rest().starts_with(token);
        if is_next {
            self.position += token.len();
        }
        is_next
    }

    fn defined(&self, result: Result<Number, Undefined>, at: usize) -> Result<Number, String> {
        result.map_err(|reason| self.mistake_at(at, &reason))
    }

    fn mistake(&self, reason: &str) -> String {
        self.mistake_at(self.position, reason)
    }

    fn mistake_at(&self, position: usize, reason: &str) -> String {
        let blanks = self.text[position..].len() - self.text[position..].trim_start().len();
        let column = self.text[..position + blanks].chars().count() + 1;
        format!("{reason}, at character {column}")
    }
}
