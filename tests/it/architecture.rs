//! Holds the map: who may import whom, how a file begins, how long it may be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Every top-level module and what it may import; the same table stands in ARCHITECTURE.md.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("conversation", &[]),
    ("answer", &["conversation"]),
    ("platform", &[]),
    ("http", &["platform"]),
    ("template", &[]),
    ("cli", &["conversation"]),
    ("history", &["conversation", "platform"]),
    ("provider", &["conversation", "http", "platform"]),
    ("mcp", &["conversation", "http", "platform"]),
    ("tool", &["conversation", "mcp", "platform"]),
    ("builtin", &["conversation", "http", "provider", "history", "mcp", "platform"]),
    ("session", &["answer", "conversation", "provider", "mcp", "tool", "history"]),
    ("terminal", &["conversation", "history", "provider", "mcp", "tool", "session", "platform"]),
    (
        "config",
        &["conversation", "http", "template", "history", "provider", "mcp", "tool", "session", "terminal", "platform"],
    ),
    ("repl", &["conversation", "session", "terminal", "history", "config", "provider", "mcp", "tool", "platform"]),
    ("exit", &["cli", "conversation", "http", "history", "provider", "mcp", "session", "terminal", "config"]),
    (
        "command",
        &[
            "answer",
            "builtin",
            "cli",
            "config",
            "conversation",
            "exit",
            "history",
            "http",
            "mcp",
            "platform",
            "provider",
            "repl",
            "session",
            "template",
            "terminal",
            "tool",
        ],
    ),
    // Doors for the fuzz targets and benches.
    (
        "testing",
        &["conversation", "http", "history", "provider", "mcp", "tool", "builtin", "session", "terminal", "config"],
    ),
];

/// The roots of the two crates: they see everything and hold next to nothing.
const ROOTS: [&str; 2] = ["lib", "main"];

const LINES_MAX: usize = 500;

struct Source {
    /// Below `src`, as in `http/sse.rs`.
    path: PathBuf,
    text: String,
}

impl Source {
    /// The path of the module, as in `["http", "sse"]`.
    fn module(&self) -> Vec<String> {
        let mut parts: Vec<String> =
            self.path.with_extension("").components().map(|part| part.as_os_str().to_string_lossy().into()).collect();
        if parts.last().is_some_and(|last| last == "mod") {
            parts.pop();
        }
        parts
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                sources.push(Source { path: path.strip_prefix(&root).unwrap().into(), text });
            }
        }
    }
    assert!(sources.len() > 20, "found the sources");
    sources
}

/// The code of a file: without comments, and without the tests at its end.
fn code(text: &str) -> String {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The top-level modules that `code` names, in a module `depth` levels below the root.
fn imports(code: &str, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    for (position, _) in code.match_indices("crate::") {
        found.extend(first_names(&code[position + "crate::".len()..]));
    }
    // `super` often enough is the root as well.
    let to_root = "super::".repeat(depth);
    for (position, _) in code.match_indices(&to_root) {
        let is_longer = code[..position].ends_with("super::");
        if depth > 0 && !is_longer {
            found.extend(first_names(&code[position + to_root.len()..]));
        }
    }
    found.retain(|name| !["super", "self"].contains(&name.as_str()));
    found.sort();
    found.dedup();
    found
}

/// `a` of `a::b`, and `a`, `b` of `{a::{x, y}, b}`.
fn first_names(text: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let Some(group) = text.strip_prefix('{') else {
        return vec![name(text)];
    };
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (position, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(name(&group[start..position]));
                start = position + 1;
                if character == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name: &String| !name.is_empty());
    names
}

fn allowed(module: &str) -> Option<&'static [&'static str]> {
    MAY_IMPORT.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed)
}

#[test]
fn imports_go_down_only() {
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.module();
        let top = module[0].as_str();
        if ROOTS.contains(&top) {
            continue;
        }
        let Some(allowed) = allowed(top) else {
            wrong.push(format!("{}: the module `{top}` is not in the table", source.path.display()));
            continue;
        };
        for import in imports(&code(&source.text), module.len()) {
            if import != top && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{}: `{top}` may not import `{import}`", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_cycle() {
    let mut level: BTreeMap<&str, usize> = BTreeMap::new();
    while level.len() < MAY_IMPORT.len() {
        let next = MAY_IMPORT
            .iter()
            .find(|(name, below)| !level.contains_key(name) && below.iter().all(|module| level.contains_key(module)));
        let Some((name, below)) = next else {
            panic!(
                "a cycle, or a module that is not there, among {:?}",
                MAY_IMPORT.iter().filter(|(name, _)| !level.contains_key(name)).collect::<Vec<_>>()
            );
        };
        level.insert(name, below.iter().map(|module| level[module] + 1).max().unwrap_or(0));
    }
}

#[test]
fn the_map_shows_the_same_table() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).unwrap();
    for (module, allowed) in MAY_IMPORT {
        let row = map.lines().find(|line| line.starts_with(&format!("| `{module}` |")));
        let row = row.unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for `{module}`"));
        let mut listed: Vec<&str> = row.split('|').nth(2).unwrap().split(',').map(str::trim).collect();
        let mut expected = allowed.to_vec();
        listed.sort_unstable();
        expected.sort_unstable();
        match listed.as_slice() {
            ["nothing of ours"] => assert!(expected.is_empty(), "{module}"),
            ["everything"] => assert_eq!(*module, "command"),
            listed => assert_eq!(listed, expected, "{module}"),
        }
    }
}

#[test]
fn files_say_what_they_are_for_and_stay_short() {
    let mut wrong = Vec::new();
    for source in sources() {
        let first = source.text.lines().next().unwrap_or_default();
        // The root of the library includes the map instead.
        let is_documented =
            first.starts_with("//! ") || (source.path == Path::new("lib.rs") && first.contains("ARCHITECTURE.md"));
        if !is_documented {
            wrong.push(format!("{}: begins without `//!`", source.path.display()));
        }
        let lines = source.text.lines().count();
        if lines > LINES_MAX {
            wrong.push(format!("{}: {lines} lines are more than {LINES_MAX}", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "//! x crate::doc\nuse crate::{a::{x, y}, b};\nuse crate::c::d;\nfn f() { crate::e::g(); super::super::h::i(); super::near() }\n#[cfg(test)]\nmod tests {\nuse crate::tested;\n}";
    assert_eq!(imports(&code(text), 2), ["a", "b", "c", "e", "h"]);
    assert_eq!(imports("use super::http::Frame;", 1), ["http"]);
}
