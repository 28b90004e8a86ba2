//! Unified diffs: read tolerantly, applied only where every line fits.
//!
//! Models count badly, so the numbers in a hunk are hints: its lines say where it belongs. A hunk that
//! fits nowhere, or in two places, is refused, and then nothing of the patch is applied.

/// What a patch does to one file.
#[derive(Debug, PartialEq, Eq)]
pub struct FilePatch {
    pub path: String,
    pub effect: Effect,
    pub hunks: Vec<Hunk>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Change,
    Create,
    Remove,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Hunk {
    /// The line of the old file where it begins, from 1, where the header says so.
    start: Option<usize>,
    lines: Vec<Line>,
}

#[derive(Debug, PartialEq, Eq)]
struct Line {
    kind: Kind,
    text: String,
    /// The file ends with it, and without a line end.
    is_unended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Kept,
    Removed,
    Added,
}

/// The files of a patch, in its order.
pub fn parse(patch: &str) -> Result<Vec<FilePatch>, String> {
    let lines: Vec<&str> = patch.lines().collect();
    let mut files: Vec<FilePatch> = Vec::new();
    let mut position = 0;
    while position < lines.len() {
        let line = lines[position];
        if is_file_header(&lines[position..]) {
            let file = file_of(name_in(line), name_in(lines[position + 1]))?;
            if files.iter().any(|other| other.path == file.path) {
                return Err(format!("{} stands in the patch twice", file.path));
            }
            files.push(file);
            position += 2;
        } else if is_hunk_header(line) {
            let Some(file) = files.last_mut() else {
                return Err("the patch names no file: `---` and `+++` lines are missing".to_owned());
            };
            let (hunk, used) = hunk_of(&lines[position..])?;
            file.hunks.push(hunk);
            position += used;
        } else if ["rename ", "copy ", "GIT binary patch", "Binary files "].iter().any(|begin| line.starts_with(begin))
        {
            return Err(format!("a patch can change, create and remove text files, nothing else: `{line}`"));
        } else {
            position += 1;
        }
    }
    match files.iter().find(|file| file.hunks.is_empty()) {
        Some(file) => Err(format!("the patch has no lines for {}", file.path)),
        None if files.is_empty() => Err("that is no unified diff: `---`, `+++` and `@@` lines are missing".to_owned()),
        None => Ok(files),
    }
}

fn is_file_header(lines: &[&str]) -> bool {
    matches!(lines, [old, new, hunk, ..] if old.starts_with("--- ") && new.starts_with("+++ ") && is_hunk_header(hunk))
}

fn is_hunk_header(line: &str) -> bool {
    line.starts_with("@@")
}

/// The name in a `---` or `+++` line: a time can follow, after a tab.
fn name_in(line: &str) -> &str {
    let name = &line[4..];
    name.split('\t').next().unwrap_or(name).trim_end()
}

fn file_of(old: &str, new: &str) -> Result<FilePatch, String> {
    const NOTHING: &str = "/dev/null";
    // As git writes them, where both sides do.
    let is_git = (old.starts_with("a/") || old == NOTHING) && (new.starts_with("b/") || new == NOTHING);
    let bare = |name: &str| if is_git { name[2..].to_owned() } else { name.to_owned() };
    let (path, effect) = match (old == NOTHING, new == NOTHING) {
        (false, false) if bare(old) == bare(new) => (bare(new), Effect::Change),
        (false, false) => return Err(format!("a patch cannot rename {old} to {new}: use the tool `move`")),
        (true, false) => (bare(new), Effect::Create),
        (false, true) => (bare(old), Effect::Remove),
        (true, true) => return Err("a patch of nothing to nothing".to_owned()),
    };
    Ok(FilePatch { path, effect, hunks: Vec::new() })
}

/// A hunk and how many lines it takes up, its header included.
fn hunk_of(lines: &[&str]) -> Result<(Hunk, usize), String> {
    let mut hunk = Hunk { start: start_in(lines[0]), lines: Vec::new() };
    let mut used = 1;
    while used < lines.len() {
        let line = lines[used];
        if is_hunk_header(line) || is_file_header(&lines[used..]) || line.starts_with("diff --git ") {
            break;
        }
        let (kind, text) = match line.split_at_checked(1) {
            Some((" ", text)) => (Kind::Kept, text),
            Some(("-", text)) => (Kind::Removed, text),
            Some(("+", text)) => (Kind::Added, text),
            Some(("\\", _)) => {
                let last = hunk.lines.last_mut().ok_or("a hunk begins with `\\`")?;
                last.is_unended = true;
                used += 1;
                continue;
            }
            // An empty line that lost its space.
            None => (Kind::Kept, ""),
            Some(_) => return Err(format!("a line of a hunk begins with none of ` `, `-`, `+`: `{line}`")),
        };
        hunk.lines.push(Line { kind, text: text.to_owned(), is_unended: false });
        used += 1;
    }
    // Empty lines between the hunk and whatever comes next are not part of it.
    if used < lines.len() || lines.last().is_some_and(|line| line.is_empty()) {
        while lines[used - 1].is_empty() && used > 1 {
            hunk.lines.pop();
            used -= 1;
        }
        used += lines[used..].iter().take_while(|line| line.is_empty()).count();
    }
    if hunk.lines.iter().all(|line| line.kind == Kind::Kept) {
        return Err(format!("a hunk changes nothing: `{}`", lines[0]));
    }
    Ok((hunk, used))
}

/// The first number of `@@ -12,7 +12,9 @@`.
fn start_in(header: &str) -> Option<usize> {
    let rest = header.strip_prefix("@@ -")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// The text after all hunks, or why one of them does not fit.
pub fn apply(text: &str, hunks: &[Hunk]) -> Result<String, String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for (number, hunk) in (1..).zip(hunks) {
        let old: Vec<&str> =
            hunk.lines.iter().filter(|line| line.kind != Kind::Added).map(|line| &*line.text).collect();
        let place = place_of(&lines, done, hunk.start, &old).map_err(|reason| format!("hunk {number} {reason}"))?;
        for line in &lines[done..place] {
            push(&mut result, line);
        }
        done = place;
        for line in &hunk.lines {
            match line.kind {
                Kind::Kept => push(&mut result, lines[done]),
                Kind::Removed => {}
                Kind::Added if line.is_unended => push(&mut result, &line.text),
                Kind::Added => push(&mut result, &format!("{}\n", line.text)),
            }
            done += usize::from(line.kind != Kind::Added);
        }
    }
    for line in &lines[done..] {
        push(&mut result, line);
    }
    Ok(result)
}

/// Adds a line; one before it that had no end gets one.
fn push(result: &mut String, line: &str) {
    if !result.is_empty() && !result.ends_with('\n') {
        result.push('\n');
    }
    result.push_str(line);
}

/// Where the old lines stand: where the header says, or else in the one place where they fit.
fn place_of(lines: &[&str], from: usize, start: Option<usize>, old: &[&str]) -> Result<usize, String> {
    let fits = |place: usize| {
        let found = lines.get(place..place + old.len());
        found.is_some_and(|found| {
            found.iter().zip(old).all(|(line, old)| line.strip_suffix('\n').unwrap_or(line) == *old)
        })
    };
    if old.is_empty() {
        // Only additions: after the line that the header names.
        let place = start.or(lines.is_empty().then_some(0)).ok_or("has no lines that say where it belongs")?;
        return if (from..=lines.len()).contains(&place) { Ok(place) } else { Err("lies behind the end".to_owned()) };
    }
    if let Some(place) = start.map(|start| start.saturating_sub(1)).filter(|place| *place >= from && fits(*place)) {
        return Ok(place);
    }
    let mut places = (from..lines.len()).filter(|place| fits(*place));
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        (Some(first), Some(second)) => Err(format!(
            "fits in several places (lines {} and {}, for two): its line numbers are wrong, or it needs more context",
            first + 1,
            second + 1
        )),
        (None, _) => Err(format!("does not fit: no place has its {} old lines, as in `{}`", old.len(), old[0])),
    }
}
