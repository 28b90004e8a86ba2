//! The pages for users against the program: commands, options, links, configurations and files that they name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{FakeMcp, ModelServer, Reply, Sandbox, TestConfig};

/// Options of other programs, and what is no option; each stands in a page.
const OF_OTHERS: [&str; 20] = [
    "--cached",
    "--chat",
    "--cid",
    "--create-role",
    "--example",
    "--features",
    "--filter",
    "--install-integration",
    "--list-chats",
    "--list-models",
    "--list-roles",
    "--no-cache",
    "--path",
    "--release",
    "--repl",
    "--settings",
    "--show-chat",
    "--suite",
    "--temperature",
    "--unbuffered",
];

/// Names that lead to no word of a page: every command has them.
const EVERYWHERE: [&str; 2] = ["--help", "--version"];

fn repository(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// README and the pages in docs, with their text.
fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::from([("README.md".to_owned(), fs::read_to_string(repository("README.md")).unwrap())]);
    for entry in fs::read_dir(repository("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "md") {
            let name = format!("docs/{}", path.file_name().unwrap().to_str().unwrap());
            pages.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    pages
}

/// The options of each command, by its full name: `sayso history list`.
fn commands() -> BTreeMap<String, BTreeSet<String>> {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("man");
    sandbox.sayso(["man", "--dir", folder.to_str().unwrap()]).run().assert_exit(0);
    let manual = fs::read_dir(folder).unwrap().map(|page| fs::read_to_string(page.unwrap().path()).unwrap());
    manual.map(|page| manual_page(&page.replace("\\-", "-"))).collect()
}

fn manual_page(page: &str) -> (String, BTreeSet<String>) {
    let usage = page.split("\n.SH SYNOPSIS\n\\fB").nth(1).unwrap();
    let name = usage.split("\\fR").next().unwrap().to_owned();
    let heads = page.lines().filter(|line| line.starts_with("\\fB-"));
    let options = heads.flat_map(|line| line.split("\\fB").skip(1).map(|part| part.split("\\fR").next().unwrap()));
    (name, options.map(str::to_owned).collect())
}

/// The words of a text that begin with a dash.
fn dashed(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words
        .filter(|word| word.starts_with('-') && word.trim_start_matches('-').starts_with(char::is_alphabetic))
        .collect()
}

/// What a text says of one run of the program: from `sayso` to the end of its command or of the code around it.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let ends = ['\n', '`', '|', ';', '&', ')', '>', '#'];
    text.split("sayso ").skip(1).map(move |rest| rest.split(ends).next().unwrap_or_default())
}

/// The longest command that the words begin with.
fn command_of<'a>(
    run: &str,
    commands: &'a BTreeMap<String, BTreeSet<String>>,
) -> Option<(&'a str, &'a BTreeSet<String>)> {
    let words: Vec<&str> = run.split(' ').take(2).collect();
    let names = (1..=words.len()).rev().map(|count| format!("sayso {}", words[..count].join(" ")));
    names.into_iter().find_map(|name| commands.get_key_value(&name)).map(|(name, options)| (name.as_str(), options))
}

#[test]
fn a_page_names_no_option_that_is_not_there() {
    let commands = commands();
    assert!(commands.len() > 60, "{:?}", commands.keys());
    let known: BTreeSet<&str> = commands.values().flatten().map(String::as_str).collect();
    let mut seen = BTreeSet::new();
    for (page, text) in pages() {
        for option in dashed(&text).into_iter().filter(|word| word.starts_with("--")) {
            seen.insert(option.to_owned());
            assert!(known.contains(option) || OF_OTHERS.contains(&option), "{page}: {option}");
        }
        for run in runs(&text) {
            // What follows a bare `--` is of another program.
            let run = run.split(" -- ").next().unwrap();
            let Some((command, options)) = command_of(run, &commands) else { continue };
            for option in dashed(run).into_iter().filter(|word| word.starts_with("--")) {
                assert!(options.contains(option), "{page}: {command} has no {option}: {run}");
            }
        }
    }
    for option in OF_OTHERS {
        assert!(seen.contains(option), "no page names {option} any more");
    }
}

#[test]
fn every_command_and_option_stands_on_a_page() {
    let text: String = pages().into_values().collect();
    let words = dashed(&text);
    for (command, options) in commands() {
        assert!(text.contains(&command), "{command} is on no page");
        let shorts: BTreeSet<&str> = options.iter().map(String::as_str).filter(|option| option.len() == 2).collect();
        for option in options.iter().filter(|option| option.starts_with("--") && !EVERYWHERE.contains(&option.as_str()))
        {
            let short = &option[1..3];
            let is_there = words.contains(option.as_str()) || shorts.contains(short) && words.contains(short);
            assert!(is_there, "{command} {option} is on no page");
        }
    }
}

#[test]
fn every_argument_is_explained() {
    let sandbox = Sandbox::new();
    for command in commands().keys() {
        let words = command.split(' ').skip(1).chain(["--help"]);
        let help = sandbox.sayso(words.collect::<Vec<_>>()).run().assert_exit(0).stdout();
        let arguments = help.split("Arguments:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap();
        for line in arguments.lines().filter(|line| line.starts_with("  <") || line.starts_with("  [")) {
            assert!(line.trim().contains("  "), "{command}: {line}");
        }
    }
}

/// The anchors of a page, made from its headings as forges do.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = without_code(text);
    let headings =
        headings.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_' || c == ' ';
    headings
        .map(|text| text.to_lowercase().chars().filter(|&c| plain(c)).collect::<String>().replace(' ', "-"))
        .collect()
}

fn without_code(text: &str) -> String {
    let mut is_code = false;
    let outside = |line: &&str| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    };
    text.lines().filter(outside).collect::<Vec<_>>().join("\n")
}

/// What a page links, without addresses elsewhere.
fn links(text: &str) -> Vec<String> {
    let text = without_code(text);
    let behind = |start: &str, end: char| {
        let links = text.split(start).skip(1).map(|rest| rest.split(end).next().unwrap().to_owned());
        links.collect::<Vec<_>>()
    };
    let all = [behind("](", ')'), behind("src=\"", '"'), behind("srcset=\"", '"')].concat();
    all.into_iter().filter(|link| !link.contains("://")).collect()
}

#[test]
fn links_lead_somewhere_and_every_page_is_linked() {
    let mut linked = BTreeSet::new();
    let mut texts = pages();
    for name in ["CHANGELOG.md", "ARCHITECTURE.md", "benches/README.md"] {
        texts.insert(name.to_owned(), fs::read_to_string(repository(name)).unwrap());
    }
    let mut count = 0;
    for (page, text) in &texts {
        for link in links(text) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let folder = repository(page).parent().unwrap().to_owned();
            let target = if path.is_empty() { repository(page) } else { folder.join(path) };
            let target = target.canonicalize().unwrap_or_else(|error| panic!("{page}: {link}: {error}"));
            if !anchor.is_empty() {
                let there = anchors(&fs::read_to_string(&target).unwrap());
                assert!(there.contains(anchor), "{page}: {link} is not among {there:?}");
            }
            linked.insert(target);
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
    for page in pages().keys().filter(|page| *page != "README.md") {
        let path = repository(page).canonicalize().unwrap();
        assert!(linked.contains(&path), "nothing links {page}");
    }
}

#[test]
fn configurations_on_the_pages_can_be_copied() {
    let mut count = 0;
    for (page, text) in pages() {
        for block in text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            if !["chat:", "llm:", "mcp:", "ui:", "budget:"].iter().any(|section| block.starts_with(section)) {
                continue;
            }
            let output = Sandbox::new().config_text(block).sayso(["config", "check"]).run();
            assert!(output.code == Some(0), "{page}:\n{block}\n{output:?}");
            count += 1;
        }
    }
    assert!(count >= 12, "{count}");
}

#[test]
fn who_can_decide_on_a_call_stands_in_the_schema_and_on_the_page() {
    let schema = Sandbox::new().sayso(["help", "events", "--schema"]).run().assert_exit(0).stdout();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let told = schema["$defs"]["ApprovalLine"]["properties"]["by"]["description"].as_str().unwrap();
    let page = fs::read_to_string(repository("docs/json.md")).unwrap();
    for by in ["`policy`", "`option`", "`person`"] {
        assert!(told.contains(by) && page.contains(by), "{by}: {told}");
    }
}

/// All files below a folder, with their paths from there.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Whether the page has a place by its path, by a folder above it, or by its name alone.
fn tells_of(page: &str, base: &str, below: &Path) -> bool {
    let folders = below.ancestors().skip(1).filter(|folder| folder.components().count() > 1);
    let mut places = folders.map(|folder| format!("`${base}/{}/`", folder.display()));
    page.contains(&format!("`${base}/{}`", below.display()))
        || page.contains(&format!("`{}`", below.file_name().unwrap().to_str().unwrap()))
        || places.any(|place| page.contains(&place))
}

#[test]
fn every_file_that_is_written_stands_on_the_page_of_what_is_stored() {
    let models = serde_json::json!({"data": [{"id": "test-model"}]});
    let model = ModelServer::always(Reply::answer(&["Hello"])).with_models(200, models);
    let script = |sandbox: &Sandbox| sandbox.path("work/server.sh");
    let sandbox = Sandbox::new();
    let server = serde_json::json!({"command": script(&sandbox).to_str().unwrap()});
    let sandbox = sandbox.config(&TestConfig::for_server(&model).set("mcp.servers.fake", server));
    fs::write(script(&sandbox), format!("#!/bin/sh\nexec {}\n", FakeMcp::program().display())).unwrap();
    fs::set_permissions(script(&sandbox), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(sandbox.path("work/.mcp.json"), r#"{"mcpServers": {"other": {"command": "true"}}}"#).unwrap();

    sandbox.sayso(["ask", "--once", "key", "hi"]).run().assert_exit(0);
    sandbox.sayso(["mcp", "list", "--connect"]).run().assert_exit(0);
    sandbox.sayso(["mcp", "trust", "--yes"]).run().assert_exit(0);
    sandbox.sayso(["models", "refresh"]).run().assert_exit(0);
    sandbox.sayso(["init", "--yes"]).env("OLLAMA_HOST", &model.address.to_string()).run().assert_exit(0);
    sandbox.sayso(["keys", "set", "groq"]).stdin("gsk-secret").run().assert_exit(0);

    let page = fs::read_to_string(repository("docs/privacy.md")).unwrap();
    let mut count = 0;
    let places = [
        ("config", "XDG_CONFIG_HOME"),
        ("data", "XDG_DATA_HOME"),
        ("state", "XDG_STATE_HOME"),
        ("cache", "XDG_CACHE_HOME"),
    ];
    for (folder, base) in places {
        for file in files_below(&sandbox.path(folder)) {
            let below = file.strip_prefix(sandbox.path(folder)).unwrap();
            assert!(tells_of(&page, base, below), "{base}: {} is not on the page", below.display());
            count += 1;
        }
    }
    assert!(count > 6, "{count}");
    assert!(files_below(&sandbox.path("home")).is_empty());
}

#[test]
fn the_variables_that_the_topic_names_are_known() {
    let topic = fs::read_to_string(repository("src/command/topics/environment.txt")).unwrap();
    let words = topic.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    let ours: BTreeSet<&str> = words.filter(|word| word.starts_with("SAYSO_")).collect();
    assert!(ours.len() >= 6, "{ours:?}");
    for name in ours {
        let value = if name == "SAYSO_CONFIG" { "" } else { "demo" };
        let check = Sandbox::new().sayso(["config", "check"]).env(name, value).run().assert_exit(0);
        assert!(!check.stdout().contains("warning") && !check.stderr.contains("warning"), "{name}: {check:?}");
    }
}
