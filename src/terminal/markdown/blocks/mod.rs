//! The blocks of a text: what each line begins or goes on with, and what becomes of it.

mod whole_lines;

use super::fence::{After, Fence};
use super::inline::Inline;
use super::page::{Margin, Page};
use super::scan::{Container, Context, Item, Leaf, Line, START_BYTES_MAX, scan};
use super::settings::RenderSettings;
use super::table::Table;
use super::theme::Element;
use super::word::Sink;

/// A line across the page is as long as this at most.
const RULE_COLUMNS_MAX: usize = 32;

/// What is done with the rest of a line.
#[derive(Debug)]
enum Mode {
    /// The start of a line that does not tell yet what it is.
    Start,
    /// Text of the open paragraph.
    Text,
    /// Text of a heading: one line.
    Heading,
    /// A line that may begin a table, or be its second one.
    Row,
    Fence(Box<Fence>),
    /// A line of indented code or HTML, as it stands.
    Verbatim(Element),
    Formula,
}

#[derive(Debug)]
pub struct Blocks {
    settings: RenderSettings,
    mode: Mode,
    containers: Vec<Container>,
    /// The start of a line, or a whole one.
    line: String,
    /// The first line of what may be a table, and how many containers it stands in.
    header: Option<(String, usize)>,
    /// Of a line that is held.
    matched: usize,
    table: Option<Table>,
    /// A paragraph is open.
    in_text: bool,
    /// The same line after line, without blank lines of its own: code, HTML.
    verbatim: Option<Element>,
    inline: Inline,
    /// Lines without text came last.
    blank: bool,
    /// The next block stands apart, whatever the text says.
    apart: bool,
    is_first: bool,
    /// Ends a heading, perhaps: blanks and `#`.
    tail: String,
    is_heading_empty: bool,
    /// Text that waits for the colours of a language.
    backlog: String,
    /// Of the code so far, in bytes.
    coloured_bytes: usize,
}

impl Blocks {
    #[must_use]
    pub fn new(settings: RenderSettings) -> Self {
        Self {
            settings,
            mode: Mode::Start,
            containers: Vec::new(),
            line: String::new(),
            header: None,
            matched: 0,
            table: None,
            in_text: false,
            verbatim: None,
            inline: Inline::new(settings),
            blank: false,
            apart: false,
            is_first: true,
            tail: String::new(),
            is_heading_empty: true,
            backlog: String::new(),
            coloured_bytes: 0,
        }
    }

    /// More text.
    pub fn push(&mut self, text: &str, page: &mut Page) {
        if self.backlog.is_empty() {
            self.read(text, page);
        } else {
            self.backlog.push_str(text);
            self.resume(page);
        }
    }

    /// Goes on with what has waited, where the wait is over.
    pub fn resume(&mut self, page: &mut Page) {
        if !self.backlog.is_empty() && self.is_ready() {
            let backlog = std::mem::take(&mut self.backlog);
            self.read(&backlog, page);
        }
    }

    /// The end of the text.
    pub fn finish(&mut self, page: &mut Page) {
        while !self.backlog.is_empty() {
            if let Mode::Fence(fence) = &self.mode {
                fence.wait();
            }
            self.resume(page);
        }
        match &mut self.mode {
            Mode::Fence(fence) => {
                fence.wait();
                fence.finish(page);
            }
            Mode::Heading => self.heading_text("\n", page),
            Mode::Text => {}
            Mode::Start | Mode::Row | Mode::Verbatim(_) | Mode::Formula => {
                if !self.line.is_empty() {
                    self.read("\n", page);
                }
            }
        }
        self.close_leaf(page);
        page.end_line();
    }

    /// Decides what is held inside a line.
    pub fn decide(&mut self, page: &mut Page) {
        if self.inline.is_holding() {
            self.inline.decide(page);
        }
    }

    #[must_use]
    pub fn is_holding(&self) -> bool {
        self.inline.is_holding() || !self.backlog.is_empty()
    }

    /// How many rows of a table are held.
    #[must_use]
    pub fn table_rows(&self) -> Option<u64> {
        self.table.as_ref().map(Table::rows)
    }

    fn is_ready(&self) -> bool {
        match &self.mode {
            Mode::Fence(fence) => fence.is_ready(),
            Mode::Start | Mode::Text | Mode::Heading | Mode::Row | Mode::Verbatim(_) | Mode::Formula => true,
        }
    }

    fn read(&mut self, text: &str, page: &mut Page) {
        let mut rest = text;
        while !rest.is_empty() {
            if !self.is_ready() && rest.contains('\n') {
                self.backlog.push_str(rest);
                return;
            }
            let line = rest.find('\n').map_or(rest, |end| &rest[..=end]);
            let taken = self.piece(line, page);
            rest = &rest[taken..];
        }
    }

    /// A piece of one line; how many bytes of it were used.
    fn piece(&mut self, piece: &str, page: &mut Page) -> usize {
        match &mut self.mode {
            Mode::Text => self.text(piece, page),
            Mode::Heading => self.heading_text(piece, page),
            Mode::Fence(fence) => {
                let (taken, after) = fence.piece(piece, page);
                match after {
                    After::More => {}
                    After::Ended => self.end_fence(),
                    After::LeftQuote(line) => {
                        self.end_fence();
                        self.line = line;
                        self.decide_line(true, page);
                    }
                }
                return taken;
            }
            Mode::Start => return self.start(piece, START_BYTES_MAX, page),
            Mode::Row | Mode::Formula | Mode::Verbatim(_) => return self.whole_line(piece, page),
        }
        piece.len()
    }

    /// Takes as much of the line as may be looked at.
    fn take(&mut self, piece: &str, bytes_max: usize) -> usize {
        let room = bytes_max.saturating_sub(self.line.len());
        let taken = piece.floor_char_boundary(room);
        self.line.push_str(&piece[..taken]);
        taken
    }

    fn start(&mut self, piece: &str, bytes_max: usize, page: &mut Page) -> usize {
        let taken = self.take(piece, bytes_max);
        let is_whole = self.line.ends_with('\n') || taken == 0;
        self.decide_line(is_whole, page);
        taken
    }

    fn decide_line(&mut self, is_whole: bool, page: &mut Page) {
        if self.table.is_some() && !self.row_goes_on(is_whole, page) {
            return;
        }
        let in_text = self.in_text || self.header.is_some();
        let context = Context { containers: &self.containers, in_text };
        if let Some(found) = scan(&self.line, is_whole, context) {
            let line = std::mem::take(&mut self.line);
            self.begin(found, &line, page);
        }
    }

    /// What a table makes of the start of a line: true where it has ended and the line is something else.
    fn row_goes_on(&mut self, is_whole: bool, page: &mut Page) -> bool {
        let start = without_margins(&self.line);
        if start.starts_with('|') {
            self.mode = Mode::Row;
            if self.line.ends_with('\n') {
                self.row(page);
            }
            return false;
        }
        if start.is_empty() && !is_whole {
            return false;
        }
        self.close_leaf(page);
        true
    }

    /// Acts on what a line begins.
    fn begin(&mut self, found: Line, line: &str, page: &mut Page) {
        let Line { matched, new, leaf, at } = found;
        if leaf == Leaf::Blank && new.is_empty() {
            self.blank_line(matched, page);
            return;
        }
        if self.verbatim == Some(Element::Html) && !self.blank {
            // It goes on to the next line without text, whatever stands in it.
            let at = if self.containers.is_empty() { 0 } else { at };
            self.hold(Mode::Verbatim(Element::Html), &line[at..], page);
            return;
        }
        if leaf == Leaf::Row && new.is_empty() {
            self.matched = matched;
            self.hold(Mode::Row, &line[at..], page);
            return;
        }
        self.header_is_text(page);
        if leaf == Leaf::Text && new.is_empty() && self.in_text {
            self.mode = Mode::Text;
            self.rest(&line[at..], page);
            return;
        }
        self.begin_block(matched, new, &leaf, page);
        match leaf {
            Leaf::Blank => {}
            Leaf::Text | Leaf::Footnote => self.begin_text(&line[at..], page),
            Leaf::Heading(level) => self.begin_heading(level, &line[at..], page),
            Leaf::Rule => self.rule(page),
            Leaf::Fence { mark, length, indent } => self.begin_fence(&line[at..], (mark, length, indent), page),
            Leaf::Row => {
                self.matched = self.containers.len();
                self.hold(Mode::Row, &line[at..], page);
            }
            Leaf::Code => self.hold_verbatim(Element::CodeBlock, &line[at..], page),
            Leaf::Html => self.hold_verbatim(Element::Html, &line[at..], page),
            Leaf::Formula => self.hold(Mode::Formula, &line[at..], page),
        }
    }

    fn blank_line(&mut self, matched: usize, page: &mut Page) {
        let quote = self.containers[matched..].iter().position(|container| *container == Container::Quote);
        self.close_text(page);
        if let Some(quote) = quote {
            self.close_containers(matched + quote, page);
        }
        self.blank = true;
    }

    /// Ends what was open, and begins a block with its containers.
    fn begin_block(&mut self, matched: usize, new: Vec<Container>, leaf: &Leaf, page: &mut Page) {
        self.close_text(page);
        let goes_on = *leaf == Leaf::Code && new.is_empty() && self.verbatim == Some(Element::CodeBlock);
        self.verbatim = None;
        let mut sibling = self.containers.get(matched).cloned();
        self.close_containers(matched, page);
        page.end_line();
        let stands_apart = matches!(leaf, Leaf::Heading(_) | Leaf::Fence { .. }) && new.is_empty();
        if (self.blank || (!goes_on && (self.apart || stands_apart))) && !self.is_first {
            page.blank_line();
        }
        (self.blank, self.apart, self.is_first) = (false, false, false);
        let has_item = new.iter().any(|container| matches!(container, Container::Item(_)));
        for container in new {
            self.open_container(container, sibling.take(), page);
        }
        if has_item {
            page.open_line();
        }
    }

    fn open_container(&mut self, container: Container, sibling: Option<Container>, page: &mut Page) {
        let container = match (container, sibling) {
            // A list counts on, whatever numbers stand there.
            (Container::Item(item), Some(Container::Item(before))) if item.mark == before.mark => {
                let number = before.number.map(|number| number.saturating_add(1)).filter(|_| item.number.is_some());
                Container::Item(Item { number: number.or(item.number), ..item })
            }
            (container, _) => container,
        };
        page.margins().push(match &container {
            Container::Quote => Margin::Quote,
            Container::Item(item) => self.item_margin(item),
        });
        self.containers.push(container);
    }

    fn item_margin(&self, item: &Item) -> Margin {
        let is_bullet = |container: &&Container| matches!(container, Container::Item(item) if item.number.is_none());
        let depth = self.containers.iter().filter(is_bullet).count();
        let mark = match (item.task, item.number) {
            (Some(is_done), _) if self.settings.has_markers() || self.settings.accessible => {
                if is_done {
                    "- [x] ".to_owned()
                } else {
                    "- [ ] ".to_owned()
                }
            }
            (Some(is_done), _) => {
                if is_done {
                    "☑ ".to_owned()
                } else {
                    "☐ ".to_owned()
                }
            }
            (None, Some(number)) => format!("{number}{} ", item.mark),
            (None, None) if self.settings.has_markers() || self.settings.accessible => format!("{} ", item.mark),
            (None, None) => ["• ", "◦ ", "▪ "][depth % 3].to_owned(),
        };
        let columns = super::word::columns(&mark);
        Margin::Item { mark, columns, is_marked: false }
    }

    fn close_containers(&mut self, kept: usize, page: &mut Page) {
        if kept < self.containers.len() {
            page.end_line();
            self.containers.truncate(kept);
            page.margins().truncate(kept);
        }
    }

    // Text.

    fn begin_text(&mut self, rest: &str, page: &mut Page) {
        let look = if self.containers.contains(&Container::Quote) {
            self.settings.theme.look(Element::Quote)
        } else {
            super::look::Look::PLAIN
        };
        self.inline.start(look.into());
        self.in_text = true;
        self.mode = Mode::Text;
        self.rest(rest, page);
    }

    /// The rest of a line whose start has been looked at.
    fn rest(&mut self, rest: &str, page: &mut Page) {
        if !rest.is_empty() {
            let taken = self.piece(rest, page);
            debug_assert_eq!(taken, rest.len(), "text and headings take all");
        }
    }

    fn text(&mut self, piece: &str, page: &mut Page) {
        self.inline.push(piece, page);
        if piece.ends_with('\n') {
            page.end_word();
            self.mode = Mode::Start;
        }
    }

    fn close_text(&mut self, page: &mut Page) {
        if self.header.is_some() {
            self.header_is_text(page);
        }
        if std::mem::take(&mut self.in_text) {
            self.inline.finish(page);
            page.end_line();
        }
    }

    /// Ends whatever block is open.
    fn close_leaf(&mut self, page: &mut Page) {
        self.close_text(page);
        if let Some(table) = self.table.take() {
            table.end(page);
            self.apart = true;
        }
    }

    fn begin_heading(&mut self, level: usize, rest: &str, page: &mut Page) {
        let look = self.settings.theme.look(Element::heading(level));
        self.inline.start(look.into());
        if self.settings.has_markers() {
            page.text(&"#".repeat(level), &look.into());
            page.blank();
        }
        self.tail.clear();
        self.is_heading_empty = true;
        self.mode = Mode::Heading;
        self.rest(rest, page);
    }

    /// What may close the heading is held until something follows.
    fn heading_text(&mut self, piece: &str, page: &mut Page) {
        let is_end = piece.ends_with('\n');
        let mut text = std::mem::take(&mut self.tail);
        text.push_str(piece.trim_end_matches('\n'));
        let end = text.trim_end_matches(['#', ' ', '\t']).len();
        let kept = match text[end..].find([' ', '\t']) {
            _ if end == 0 && self.is_heading_empty => 0,
            Some(blank) => end + blank,
            None => text.len(),
        };
        // Longer ones are text after all.
        let kept = if text.len() - kept > START_BYTES_MAX { text.len() } else { kept };
        self.is_heading_empty &= kept == 0;
        self.inline.push(&text[..kept], page);
        if is_end {
            self.inline.finish(page);
            page.end_line();
            self.mode = Mode::Start;
        } else {
            self.tail = text[kept..].to_owned();
        }
    }

    fn rule(&mut self, page: &mut Page) {
        let look = self.settings.theme.look(Element::Rule);
        let glyph = if self.settings.accessible { "-" } else { "─" };
        let columns = if self.settings.accessible { 3 } else { page.columns().min(RULE_COLUMNS_MAX) };
        page.text(&glyph.repeat(columns), &look.into());
        page.end_line();
        self.mode = Mode::Start;
    }
}

/// A line without what stands before all lines of a container.
fn without_margins(line: &str) -> &str {
    line.trim_start_matches([' ', '\t', '>'])
}
