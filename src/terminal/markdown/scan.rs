//! What a line begins: which containers go on, which begin, and what kind of block stands in them. A pure function of
//! the start of the line; a decision never changes when more of the line comes.

/// More of the start of a line than this is not looked at before a decision.
pub const START_BYTES_MAX: usize = 256;
/// A row of a table, or the first line of a fence.
pub const LINE_BYTES_MAX: usize = 8 << 10;
/// Deeper nesting is shown as text.
pub const DEPTH_MAX: usize = 24;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Container {
    Quote,
    Item(Item),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Blanks before its mark.
    pub indent: usize,
    /// Where its text begins, from where its parent's does.
    pub content: usize,
    /// `-`, `+`, `*`, `.` or `)`: another one begins another list.
    pub mark: char,
    pub number: Option<u64>,
    /// `[ ]` or `[x]`.
    pub task: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    Blank,
    Text,
    Heading(usize),
    Fence {
        mark: char,
        length: usize,
        indent: usize,
    },
    /// A line of `---` or `===`.
    Rule,
    /// Begins with `|`: perhaps a table.
    Row,
    Code,
    Html,
    /// `$$` or `\[`.
    Formula,
    /// `[^1]: …`
    Footnote,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// So many of the open containers go on.
    pub matched: usize,
    pub new: Vec<Container>,
    pub leaf: Leaf,
    /// Where the text of the leaf begins.
    pub at: usize,
}

/// What the line stands behind.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub containers: &'a [Container],
    /// A paragraph is open, and can go on.
    pub in_text: bool,
}

/// `None`: the start of the line does not tell yet. `is_whole`: nothing more of it comes.
#[must_use]
pub fn scan(line: &str, is_whole: bool, context: Context<'_>) -> Option<Line> {
    // Longer than is looked at.
    let is_forced = is_whole && !line.ends_with('\n');
    let mut cursor = Cursor { line, at: 0, column: 0, spare: 0, is_whole };
    let mut matched = 0;
    for container in context.containers {
        match cursor.goes_on(container)? {
            true => matched += 1,
            false => break,
        }
    }
    let mut new = Vec::new();
    let is_item = |container: &Container| matches!(container, Container::Item(_));
    let has_items = context.containers.iter().any(is_item);
    let is_sibling = context.containers[matched..].iter().any(is_item);
    loop {
        let begins = matched + new.len() < DEPTH_MAX;
        let interrupts = context.in_text && new.is_empty() && !is_sibling;
        let in_item = has_items || new.iter().any(is_item);
        let quote_or_item = if begins { cursor.container(interrupts, in_item)? } else { None };
        match quote_or_item {
            Some(container) => new.push(container),
            None => break,
        }
    }
    let in_text = context.in_text && new.is_empty();
    let leaf = cursor.leaf(in_text, is_forced, has_items || new.iter().any(is_item))?;
    Some(Line { matched, new, leaf, at: cursor.at })
}

#[derive(Clone, Copy, Debug)]
struct Cursor<'a> {
    line: &'a str,
    at: usize,
    column: usize,
    /// Columns of a tab that are not used up.
    spare: usize,
    is_whole: bool,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.line[self.at..]
    }

    /// Columns of blanks from here; `None` while more may come.
    fn indent(&self) -> Option<usize> {
        let mut column = self.column + self.spare;
        for byte in self.rest().bytes() {
            match byte {
                b' ' => column += 1,
                b'\t' => column += 4 - column % 4,
                _ => return Some(column - self.column),
            }
        }
        self.is_whole.then_some(column - self.column)
    }

    /// Passes so many columns of blanks, or as many as there are.
    fn skip(&mut self, columns: usize) {
        let mut left = columns;
        while left > 0 {
            if self.spare > 0 {
                self.spare -= 1;
            } else {
                match self.rest().as_bytes().first() {
                    Some(b' ') => self.at += 1,
                    Some(b'\t') => {
                        self.spare = 3 - self.column % 4;
                        self.at += 1;
                    }
                    Some(_) | None => return,
                }
            }
            self.column += 1;
            left -= 1;
        }
    }

    fn first(&self) -> Option<u8> {
        self.rest().trim_start_matches([' ', '\t']).bytes().next()
    }

    fn is_blank(&self) -> bool {
        matches!(self.first(), None | Some(b'\n'))
    }

    fn goes_on(&mut self, container: &Container) -> Option<bool> {
        let indent = self.indent()?;
        match container {
            Container::Quote => {
                let goes_on = self.first() == Some(b'>') && indent < 4;
                if goes_on {
                    self.quote_mark(indent)?;
                }
                Some(goes_on)
            }
            Container::Item(_) if self.is_blank() => Some(true),
            Container::Item(item) => {
                let goes_on = indent >= item.content.min(item.indent + 2);
                if goes_on {
                    self.skip(item.content.min(indent));
                }
                Some(goes_on)
            }
        }
    }

    fn quote_mark(&mut self, indent: usize) -> Option<()> {
        self.skip(indent);
        self.at += 1;
        self.column += 1;
        self.indent()?;
        self.skip(1);
        Some(())
    }

    /// A container that begins here.
    fn container(&mut self, interrupts: bool, in_item: bool) -> Option<Option<Container>> {
        let indent = self.indent()?;
        if indent >= 4 && !in_item {
            return Some(None);
        }
        match self.first() {
            Some(b'>') if indent < 4 => {
                self.quote_mark(indent)?;
                Some(Some(Container::Quote))
            }
            Some(b'-' | b'+' | b'*') => self.item(indent, interrupts),
            Some(byte) if byte.is_ascii_digit() => self.item(indent, interrupts),
            Some(_) | None => Some(None),
        }
    }

    fn item(&mut self, indent: usize, interrupts: bool) -> Option<Option<Container>> {
        let start = self.rest().trim_start_matches([' ', '\t']);
        let Some((mark, number, bytes)) = self.list_mark(start)? else { return Some(None) };
        let after = &start[bytes..];
        let is_empty = match after.bytes().next() {
            None if self.is_whole => true,
            None => return None,
            Some(b'\n') => true,
            Some(b' ' | b'\t') => after.trim_start_matches([' ', '\t', '\n']).is_empty() && self.is_whole,
            Some(_) => return Some(None),
        };
        if number.is_none() && mark != '+' && self.may_be_rule(start)? {
            return Some(None);
        }
        if interrupts && (is_empty || number.is_some_and(|number| number != 1)) {
            return Some(None);
        }
        let mut inside = *self;
        inside.skip(indent);
        inside.at += bytes;
        inside.column += bytes;
        let blanks = if is_empty { 1 } else { inside.indent()? };
        let blanks = if blanks > 4 { 1 } else { blanks };
        inside.skip(blanks);
        let task = if number.is_none() { inside.task()? } else { None };
        *self = inside;
        Some(Some(Container::Item(Item { indent, content: indent + bytes + blanks, mark, number, task })))
    }

    /// The mark of a list, its number, and its bytes.
    fn list_mark(&self, start: &str) -> Option<Option<(char, Option<u64>, usize)>> {
        let digits = start.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Some(start.chars().next().map(|mark| (mark, None, 1)));
        }
        if digits > 9 {
            return Some(None);
        }
        match start.as_bytes().get(digits) {
            None if !self.is_whole => None,
            Some(mark @ (b'.' | b')')) => {
                Some(start[..digits].parse().ok().map(|number| (char::from(*mark), Some(number), digits + 1)))
            }
            Some(_) | None => Some(None),
        }
    }

    /// Passes `[ ] ` or `[x] `.
    fn task(&mut self) -> Option<Option<bool>> {
        const FORMS: [(&str, bool); 3] = [("[ ] ", false), ("[x] ", true), ("[X] ", true)];
        let rest = self.rest();
        if rest.len() < 4 && FORMS.iter().any(|(form, _)| form.starts_with(rest)) && !self.is_whole {
            return None;
        }
        let found = FORMS.iter().find(|(form, _)| rest.starts_with(form));
        if found.is_some() {
            self.at += 4;
            self.column += 4;
        }
        Some(found.map(|(_, is_done)| *is_done))
    }

    /// Whether three or more of the same sign and blanks are all there is; `None` while that can be.
    fn may_be_rule(&self, start: &str) -> Option<bool> {
        let mark = start.bytes().next();
        let line = start.trim_end_matches('\n');
        let others = line.bytes().any(|byte| Some(byte) != mark && byte != b' ' && byte != b'\t');
        if others {
            return Some(false);
        }
        if !self.is_whole {
            return None;
        }
        Some(line.bytes().filter(|byte| Some(*byte) == mark).count() >= 3)
    }

    fn leaf(&mut self, in_text: bool, is_forced: bool, in_item: bool) -> Option<Leaf> {
        let indent = self.indent()?;
        if self.is_blank() {
            return Some(Leaf::Blank);
        }
        if indent >= 4 && !in_text && !in_item {
            self.skip(4);
            return Some(Leaf::Code);
        }
        let before = *self;
        self.skip(indent);
        let start = self.rest();
        let leaf = match start.as_bytes()[0] {
            b'#' => self.heading(start)?,
            b'`' | b'~' => fence(start, indent, self.is_whole, is_forced)?,
            b'-' | b'*' | b'_' => {
                if self.may_be_rule(start)? {
                    Leaf::Rule
                } else {
                    Leaf::Text
                }
            }
            b'=' if in_text => {
                if self.may_be_rule(start)? && !start.trim_end().contains(' ') {
                    Leaf::Rule
                } else {
                    Leaf::Text
                }
            }
            b'|' => Leaf::Row,
            b'<' if !in_text => self.html(start)?,
            b'$' => self.two(start, b'$', Leaf::Formula)?,
            b'\\' => self.two(start, b'[', Leaf::Formula)?,
            b'[' => self.footnote(start)?,
            _ => Leaf::Text,
        };
        if matches!(leaf, Leaf::Html) {
            *self = before;
        }
        Some(leaf)
    }

    fn heading(&mut self, start: &str) -> Option<Leaf> {
        let level = start.bytes().take_while(|byte| *byte == b'#').count();
        if level > 6 {
            return Some(Leaf::Text);
        }
        match start.as_bytes().get(level) {
            None if !self.is_whole => None,
            None | Some(b' ' | b'\t' | b'\n') => {
                let blanks = start[level..].len() - start[level..].trim_start_matches([' ', '\t']).len();
                if level + blanks == start.len() && !self.is_whole {
                    return None;
                }
                self.at += level + blanks;
                Some(Leaf::Heading(level))
            }
            Some(_) => Some(Leaf::Text),
        }
    }

    fn two(&self, start: &str, second: u8, leaf: Leaf) -> Option<Leaf> {
        match start.as_bytes().get(1) {
            None if !self.is_whole => None,
            Some(byte) if *byte == second => Some(leaf),
            Some(_) | None => Some(Leaf::Text),
        }
    }

    /// A tag or a comment; an address in angle brackets is text.
    fn html(&self, start: &str) -> Option<Leaf> {
        let name = start[1..].strip_prefix('/').unwrap_or(&start[1..]);
        if name.starts_with('!') {
            return Some(Leaf::Html);
        }
        let letters = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-').count();
        match name.as_bytes().get(letters) {
            None if !self.is_whole => None,
            Some(b' ' | b'>' | b'/' | b'\n') if letters > 0 && !name[..letters].eq_ignore_ascii_case("br") => {
                Some(Leaf::Html)
            }
            Some(_) | None => Some(Leaf::Text),
        }
    }

    fn footnote(&self, start: &str) -> Option<Leaf> {
        let mut end = None;
        for (at, byte) in start.bytes().enumerate().skip(1) {
            match byte {
                b']' => {
                    end = Some(at);
                    break;
                }
                b'^' if at == 1 => {}
                _ if at == 1 => return Some(Leaf::Text),
                b' ' | b'\n' | b'[' => return Some(Leaf::Text),
                _ => {}
            }
        }
        match end.map(|end| start.as_bytes().get(end + 1)) {
            None | Some(None) if !self.is_whole => None,
            Some(Some(b':')) => Some(Leaf::Footnote),
            Some(_) | None => Some(Leaf::Text),
        }
    }
}

/// A fence is told by its whole line: with a backtick after the first ones it is code in a text.
fn fence(start: &str, indent: usize, is_whole: bool, is_forced: bool) -> Option<Leaf> {
    let length = super::find::run(start);
    let mark = char::from(start.as_bytes()[0]);
    let is_text = (length < 3 && length < start.len()) || (mark == '`' && start[length..].contains('`'));
    if is_text || is_forced {
        return Some(Leaf::Text);
    }
    is_whole.then_some(if length < 3 { Leaf::Text } else { Leaf::Fence { mark, length, indent } })
}
