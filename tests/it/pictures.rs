//! The pictures of the documentation are what the program shows: it is run, and its screen drawn.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::repl::wait_for_end;
use crate::support::picture::{Colours, DARK, LIGHT, picture};
use crate::support::{Pty, Run, Sandbox, variable};

const COLUMNS: u16 = 80;
/// Nothing scrolls away; a picture takes a part of it.
const ROWS: u16 = 90;
/// Another pace can move the end of a mark that waits, see docs/rendering.md: so a scene is played again.
const TRIES_MAX: u32 = 3;

struct Scene {
    start: fn(&Sandbox) -> Run,
    play: fn(&mut Pty),
    cuts: &'static [Cut],
}

/// A part of the screen. Its first row and its last one begin like this; an empty last one is that of the cursor.
struct Cut {
    name: &'static str,
    first: &'static str,
    last: &'static str,
}

const SCENES: [Scene; 4] = [
    Scene {
        start: first_time,
        play: ask,
        cuts: &[
            Cut { name: "prompt", first: "No model", last: "   6 │ rate limit" },
            Cut { name: "answer", first: "exit │", last: "" },
        ],
    },
    Scene { start: tour, play: be_asked, cuts: &[Cut { name: "approval", first: "demo> next", last: "" }] },
    Scene { start: tour, play: complete, cuts: &[Cut { name: "completion", first: "demo>", last: "" }] },
    Scene { start: tour, play: search, cuts: &[Cut { name: "search", first: "demo> /search", last: "" }] },
];

/// Without a model that is set up.
fn first_time(sandbox: &Sandbox) -> Run {
    sandbox.sayso([])
}

/// The same model, and no pauses.
fn tour(sandbox: &Sandbox) -> Run {
    sandbox.sayso(["chat", "-m", "demo:tour", "-o", "tps=0"])
}

fn wait_for_prompt(pty: &Pty) {
    wait_for_end(pty, &["demo>"]);
}

fn ask(pty: &mut Pty) {
    pty.send("What can you do?\r");
    pty.wait_for_text("usage:");
    wait_for_prompt(pty);
}

fn be_asked(pty: &mut Pty) {
    pty.send("next\r");
    wait_for_end(pty, &["run it? [y/n/a/e/?]"]);
    pty.send("?\r");
    pty.wait_for_text("asked because");
    wait_for_end(pty, &["run it? [y/n/a/e/?]"]);
}

fn complete(pty: &mut Pty) {
    pty.send("/re");
    pty.press_tab_until("/rename");
    wait_for_end(pty, &["demo> /re"]);
    pty.send("t");
    wait_for_end(pty, &["demo> /retry"]);
}

fn search(pty: &mut Pty) {
    ask(pty);
    pty.send("/search interrupted\r");
    pty.wait_for_text("/resume #1 goes to the first");
    wait_for_prompt(pty);
    pty.send("\x12what");
    pty.wait_for_text("`what': What can you do?");
}

#[test]
fn the_pictures_of_the_documentation_show_what_is_shown() {
    let is_to_write = variable("SAYSO_PICTURES").is_some_and(|value| value == "write");
    let mut old = Vec::new();
    for (scene, colours) in SCENES.iter().flat_map(|scene| [(scene, &LIGHT), (scene, &DARK)]) {
        if is_to_write {
            draw(scene, colours).into_iter().for_each(|(path, drawn)| fs::write(path, drawn).unwrap());
        } else {
            let mut tries = (0..TRIES_MAX).map(|_| differing(draw(scene, colours)));
            let first = tries.next().unwrap();
            let is_the_same = first.is_empty() || tries.any(|differing| differing.is_empty());
            old.extend(first.into_iter().filter(|_| !is_the_same));
        }
    }
    assert!(old.is_empty(), "look at the changes of `SAYSO_PICTURES=write cargo test --test it pictures`: {old:?}");
}

fn differing(drawn: Vec<(PathBuf, String)>) -> Vec<PathBuf> {
    let is_old = |path: &Path, drawn: &str| fs::read_to_string(path).unwrap_or_default() != drawn;
    drawn.into_iter().filter(|(path, drawn)| is_old(path, drawn)).map(|(path, _)| path).collect()
}

fn draw(scene: &Scene, colours: &Colours) -> Vec<(PathBuf, String)> {
    let sandbox = Sandbox::new().config_text("ui:\n  usage_parts: [tokens]\n");
    let run = (scene.start)(&sandbox).env("COLORTERM", "truecolor").env("COLORFGBG", colours.colorfgbg);
    let mut pty = Pty::start(run, ROWS, COLUMNS);
    wait_for_prompt(&pty);
    (scene.play)(&mut pty);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    let path = |cut: &Cut| folder.join(format!("{}-{}.svg", cut.name, colours.name));
    pty.with_screen(|screen| {
        let drawn = |cut: &Cut| picture(screen, rows_of(screen, cut), "sayso", colours, without_time);
        scene.cuts.iter().map(|cut| (path(cut), drawn(cut))).collect()
    })
}

fn rows_of(screen: &vt100::Screen, cut: &Cut) -> Range<u16> {
    let find = |text: &str| {
        let found = screen.rows(0, COLUMNS).position(|row| row.starts_with(text));
        u16::try_from(found.unwrap_or_else(|| panic!("no {text:?}:\n{}", screen.contents()))).unwrap()
    };
    let end = if cut.last.is_empty() { screen.cursor_position().0 } else { find(cut.last) };
    find(cut.first)..end + 1
}

/// Identifiers and times of always the same length, in place of those of this run.
fn without_time(text: String) -> String {
    const IDENTIFIER: &str = "01KF3M0QX4V7T2C9W8RZB5HNDE";
    const TIME: &str = "2026-01-15 09:30";
    let is_identifier = |word: &str| {
        word.len() == IDENTIFIER.len()
            && word.starts_with("01")
            && word.chars().all(|char| char.is_ascii_digit() || char.is_ascii_uppercase())
    };
    let words = text.split(' ').map(|word| if is_identifier(word) { IDENTIFIER } else { word });
    let mut shown = words.collect::<Vec<_>>().join(" ");
    let at = shown.match_indices("202").map(|(at, _)| at).find(|at| {
        shown.as_bytes().get(*at..at + TIME.len()).is_some_and(|bytes| bytes[4] == b'-' && bytes[13] == b':')
    });
    if let Some(at) = at {
        shown.replace_range(at..at + TIME.len(), TIME);
    }
    shown
}
