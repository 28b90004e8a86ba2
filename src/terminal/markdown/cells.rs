//! The text of a cell: its words, and the lines they make in a column.

use super::word::{Sink, Tone, Word, may_break_between};

/// A cell as words; each with the blanks before it and whether a line has to begin with it.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    words: Vec<CellWord>,
    word: Word,
    blanks: usize,
    breaks: bool,
}

#[derive(Clone, Debug)]
struct CellWord {
    blanks: usize,
    breaks: bool,
    word: Word,
}

/// A line of a cell: pieces with their tones, and their columns.
#[derive(Clone, Debug, Default)]
pub struct CellLine {
    pub pieces: Vec<(String, Tone)>,
    pub columns: usize,
}

impl CellLine {
    fn push(&mut self, text: &str, tone: &Tone) {
        match self.pieces.last_mut() {
            Some((last, same)) if same == tone => last.push_str(text),
            Some(_) | None => self.pieces.push((text.to_owned(), tone.clone())),
        }
    }

    fn push_word(&mut self, blanks: usize, word: &Word, bytes: usize, columns: usize) {
        if blanks > 0 {
            // A blank between two words of one tone has it, too: that saves two changes.
            let before = self.pieces.last().map(|(_, tone)| tone);
            let tone = before.filter(|tone| word.first_tone() == Some(tone)).cloned().unwrap_or_default();
            self.push(&" ".repeat(blanks), &tone);
        }
        for (text, tone) in word.pieces(0, bytes) {
            self.push(text, tone);
        }
        self.columns += blanks + columns;
    }
}

impl Sink for Cell {
    fn text(&mut self, text: &str, tone: &Tone) {
        for char in text.chars() {
            let Some((before, after)) = self.word.push_char(char, tone) else { continue };
            let (Some(first), Some(second)) = (self.word.char_at(before), self.word.char_at(after)) else { continue };
            if may_break_between(first, second) {
                let mut front = self.word.clone();
                front.cut_at_done();
                let (bytes, columns) = self.word.done();
                self.word.drop_front(bytes, columns);
                self.add(front);
            }
        }
    }

    fn blank(&mut self) {
        let word = std::mem::take(&mut self.word);
        if !word.is_empty() {
            self.add(word);
        }
        self.blanks += 1;
    }

    fn line_break(&mut self) {
        self.blank();
        self.breaks = true;
    }
}

impl Cell {
    fn add(&mut self, word: Word) {
        let (blanks, breaks) = (std::mem::take(&mut self.blanks), std::mem::take(&mut self.breaks));
        self.words.push(CellWord { blanks: if breaks { 0 } else { blanks }, breaks, word });
    }

    /// Ends the last word.
    pub fn close(&mut self) {
        self.blank();
        self.blanks = 0;
    }

    /// The columns of its longest word, and of all of it on lines of its own.
    #[must_use]
    pub fn widths(&self) -> (usize, usize) {
        let longest = self.words.iter().map(|word| word.word.columns()).max().unwrap_or(0);
        (longest, self.lines(usize::MAX).iter().map(|line| line.columns).max().unwrap_or(0))
    }

    /// Its lines in a column of this width.
    #[must_use]
    pub fn lines(&self, width: usize) -> Vec<CellLine> {
        let (mut lines, mut line) = (Vec::new(), CellLine::default());
        for CellWord { blanks, breaks, word } in &self.words {
            let columns = word.columns();
            let blanks = if line.columns == 0 { 0 } else { *blanks };
            let is_full = line.columns > 0 && line.columns.saturating_add(blanks + columns) > width;
            let blanks = if *breaks || is_full {
                lines.push(std::mem::take(&mut line));
                0
            } else {
                blanks
            };
            let mut rest = word.clone();
            while rest.columns() > width {
                let (bytes, columns) = rest.front(width);
                if bytes == 0 {
                    break;
                }
                line.push_word(0, &rest, bytes, columns);
                lines.push(std::mem::take(&mut line));
                rest.drop_front(bytes, columns);
            }
            line.push_word(blanks, &rest, rest.bytes(), rest.columns());
        }
        lines.push(line);
        lines
    }
}
