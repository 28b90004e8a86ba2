//! Words, gaps and marks become lines of Markdown.
//!
//! Whatever opens something only notes it; it is written with the next word. So what is empty leaves nothing behind, and
//! a mark never stands beside a space. Nothing here grows with the depth of a page beyond the limits below, and every
//! call takes no longer than its text is long.

/// Lists and quotes within one another that move a line to the right.
const CONTAINERS_MAX: usize = 16;
/// Marks within one another; there are six kinds, and what is never closed piles up.
const MARKS_MAX: usize = 32;

/// Of the text: short pages can say little again and again with long addresses and far to the right. 32 MiB.
const TEXT_BYTES_MAX: usize = 32 << 20;

/// What has to stand between the words before and those to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    #[default]
    Nothing,
    Space,
    Line,
    Paragraph,
}

/// What moves lines to the right.
#[derive(Debug)]
enum Container {
    Quote,
    /// The number of its next item, where they have one.
    List(Option<u64>),
    /// The bullet or number until it is written, and how wide it is.
    Item {
        marker: Option<String>,
        width: usize,
    },
}

/// A pair of signs around some words.
#[derive(Debug)]
struct Mark {
    name: &'static str,
    start: &'static str,
    end: String,
    is_open: bool,
}

/// How far a row of a table has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Row {
    #[default]
    Outside,
    /// No cell yet, or none with words.
    Empty {
        has_cells: bool,
    },
    OneLine,
    /// A cell has lines of its own.
    Broken,
}

#[derive(Debug, Default)]
pub struct Layout {
    text: String,
    gap: Gap,
    containers: Vec<Container>,
    /// Containers that were opened beyond [`CONTAINERS_MAX`].
    too_deep: usize,
    marks: Vec<Mark>,
    heading: &'static str,
    row: Row,
    /// A cell or an item has no words yet, so that nothing in it can be apart from them.
    is_new: bool,
    /// What is to be kept as it is, line for line.
    verbatim: Option<String>,
}

impl Layout {
    /// Nothing more is taken.
    pub fn is_full(&self) -> bool {
        self.text.len() >= TEXT_BYTES_MAX
    }

    /// All that was written.
    pub fn into_text(mut self) -> String {
        self.end_verbatim();
        self.close_marks(0);
        let length = self.text.trim_end().len();
        self.text.truncate(length);
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        if length >= TEXT_BYTES_MAX {
            self.text.push_str("[the rest of the page is left out]\n");
        }
        self.text
    }

    /// Text as it stands in the page, where all spaces are alike.
    pub fn text(&mut self, text: &str) {
        if let Some(verbatim) = &mut self.verbatim {
            return verbatim.push_str(text);
        }
        for (at, word) in text.split(char::is_whitespace).enumerate() {
            if at > 0 {
                self.gap(Gap::Space);
            }
            if !word.is_empty() {
                self.word(word);
            }
        }
    }

    /// At least this.
    pub fn gap(&mut self, gap: Gap) {
        if let Some(verbatim) = &mut self.verbatim {
            if gap >= Gap::Line && !verbatim.is_empty() && !verbatim.ends_with('\n') {
                verbatim.push('\n');
            }
            return;
        }
        if gap >= Gap::Line {
            self.close_marks(0);
            if self.is_new {
                return;
            }
        }
        self.gap = self.gap.max(gap);
    }

    /// One line down, or one more.
    pub fn line_break(&mut self) {
        match &mut self.verbatim {
            Some(verbatim) => verbatim.push('\n'),
            None => self.gap(if self.gap >= Gap::Line { Gap::Paragraph } else { Gap::Line }),
        }
    }

    /// The next words are a heading; no sign is no heading.
    pub fn heading(&mut self, sign: &'static str) {
        self.gap(Gap::Paragraph);
        self.heading = sign;
    }

    /// A line across.
    pub fn rule(&mut self) {
        self.gap(Gap::Paragraph);
        self.word("---");
        self.gap(Gap::Paragraph);
    }

    pub fn begin_quote(&mut self) {
        self.gap(Gap::Paragraph);
        self.push(Container::Quote);
    }

    pub fn end_quote(&mut self) {
        self.pop(|container| matches!(container, Container::Quote));
        self.gap(Gap::Paragraph);
    }

    /// `first` is the number of the first item, where they have one.
    pub fn begin_list(&mut self, first: Option<u64>) {
        let is_inner = self.containers.iter().any(|container| matches!(container, Container::List(_)));
        self.gap(if is_inner { Gap::Line } else { Gap::Paragraph });
        self.push(Container::List(first));
    }

    pub fn end_list(&mut self) {
        self.is_new = false;
        self.pop(|container| matches!(container, Container::List(_)));
        let is_inner = self.containers.iter().any(|container| matches!(container, Container::List(_)));
        self.gap(if is_inner { Gap::Line } else { Gap::Paragraph });
    }

    pub fn begin_item(&mut self) {
        self.end_item();
        let marker = match self.containers.last_mut() {
            Some(Container::List(Some(number))) => {
                *number = number.saturating_add(1);
                format!("{}. ", *number - 1)
            }
            _ => "- ".to_owned(),
        };
        self.push(Container::Item { width: marker.len(), marker: Some(marker) });
        self.is_new = true;
    }

    /// Of the innermost list.
    pub fn end_item(&mut self) {
        self.gap(Gap::Line);
        let is_list = |container: &Container| matches!(container, Container::List(_));
        let list = self.containers.iter().rposition(is_list).map_or(0, |at| at + 1);
        let is_item = |container: &Container| matches!(container, Container::Item { .. });
        if let Some(item) = self.containers[list..].iter().position(is_item) {
            self.containers.truncate(list + item);
        }
    }

    /// Before a table and after it.
    pub fn table_edge(&mut self) {
        self.end_row();
        self.gap(Gap::Paragraph);
    }

    pub fn begin_row(&mut self) {
        self.end_row();
        self.row = Row::Empty { has_cells: false };
    }

    pub fn end_row(&mut self) {
        self.is_new = false;
        self.row = Row::Outside;
        self.gap(Gap::Line);
    }

    /// Cells stand beside one another as long as none has lines of its own.
    pub fn begin_cell(&mut self) {
        match self.row {
            Row::Empty { has_cells: false } => self.row = Row::Empty { has_cells: true },
            Row::Empty { has_cells: true } => self.word("|"),
            Row::OneLine => {
                self.close_marks(0);
                self.text.push_str(" |");
            }
            Row::Broken | Row::Outside => return self.gap(Gap::Line),
        }
        if self.row == Row::OneLine {
            self.gap = Gap::Space;
        }
        self.is_new = true;
    }

    pub fn begin_mark(&mut self, name: &'static str, start: &'static str, end: impl Into<String>) {
        if self.marks.len() < MARKS_MAX && !self.marks.iter().any(|mark| mark.name == name) {
            self.marks.push(Mark { name, start, end: end.into(), is_open: false });
        }
    }

    /// Ends the one of that name, wherever it began.
    pub fn end_mark(&mut self, name: &str) {
        if let Some(at) = self.marks.iter().position(|mark| mark.name == name) {
            self.close_marks(at);
            self.marks.remove(at);
        }
    }

    pub fn begin_verbatim(&mut self) {
        if self.verbatim.is_none() {
            self.gap(Gap::Paragraph);
            self.verbatim = Some(String::new());
        }
    }

    /// Writes it between fences.
    pub fn end_verbatim(&mut self) {
        let Some(verbatim) = self.verbatim.take() else { return };
        let lines = verbatim.trim_end().trim_start_matches(['\n', '\r']);
        if lines.is_empty() {
            return;
        }
        let ticks = lines.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(ticks.max(2) + 1);
        for line in std::iter::once(&*fence).chain(lines.lines()).chain(std::iter::once(&*fence)) {
            if self.is_full() {
                break;
            }
            self.begin_line();
            self.text.push_str(line);
            self.gap = Gap::Line;
        }
        self.gap = Gap::Paragraph;
    }

    /// A word that stands as it is.
    pub fn word(&mut self, word: &str) {
        if self.text.is_empty() || self.gap >= Gap::Line {
            self.begin_line();
        } else if self.gap == Gap::Space {
            self.text.push(' ');
        }
        self.gap = Gap::Nothing;
        self.is_new = false;
        for mark in self.marks.iter_mut().filter(|mark| !mark.is_open) {
            self.text.push_str(mark.start);
            mark.is_open = true;
        }
        self.text.push_str(word);
    }

    /// With what stands before its first word.
    fn begin_line(&mut self) {
        let length = self.text.trim_end_matches(' ').len();
        self.text.truncate(length);
        if !self.text.is_empty() {
            self.text.push_str(if self.gap == Gap::Paragraph { "\n\n" } else { "\n" });
        }
        for container in &mut self.containers {
            match container {
                Container::Quote => self.text.push_str("> "),
                Container::List(_) => {}
                Container::Item { marker, width } => match marker.take() {
                    Some(marker) => self.text.push_str(&marker),
                    None => self.text.extend(std::iter::repeat_n(' ', *width)),
                },
            }
        }
        self.text.push_str(std::mem::take(&mut self.heading));
        self.row = match self.row {
            Row::Outside => Row::Outside,
            Row::Empty { .. } => Row::OneLine,
            Row::OneLine | Row::Broken => Row::Broken,
        };
    }

    /// Writes the ends of the marks from this one on. They begin anew with the next word.
    fn close_marks(&mut self, first: usize) {
        for mark in self.marks[first..].iter_mut().rev().filter(|mark| mark.is_open) {
            self.text.push_str(&mark.end);
            mark.is_open = false;
        }
    }

    fn push(&mut self, container: Container) {
        if self.containers.len() < CONTAINERS_MAX {
            self.containers.push(container);
        } else {
            self.too_deep += 1;
        }
    }

    /// Ends the innermost of a kind with all in it. Those that were too deep to be noted end first.
    fn pop(&mut self, is_kind: impl Fn(&Container) -> bool) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if let Some(at) = self.containers.iter().rposition(is_kind) {
            self.containers.truncate(at);
        }
    }
}
