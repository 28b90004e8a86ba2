//! docs/cookbook.md and the scripts in examples: each is run with a real shell, against a model that says what it is to say.

use std::fs;
use std::path::Path;

use crate::support::{ModelServer, Output, Reply, Sandbox, needs, variable};

struct Recipe {
    title: String,
    /// Programs it uses beside `sayso` and what every system has.
    needs: Vec<String>,
    answer: String,
    prints: String,
    /// Whether a model is asked at all.
    asks: bool,
    script: String,
}

fn recipes() -> Vec<Recipe> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cookbook.md")).unwrap();
    page.split("\n## ").skip(1).map(recipe).collect()
}

fn recipe(section: &str) -> Recipe {
    let (title, rest) = section.split_once('\n').unwrap();
    let note = |name: &str| {
        let start = rest.find(&format!("<!-- {name}"))? + name.len() + 5;
        Some(rest[start..start + rest[start..].find("-->")?].trim_start_matches(':').trim().to_owned())
    };
    let script =
        rest.split("```sh\n").nth(1).unwrap_or_else(|| panic!("no block: {title}")).split("\n```").next().unwrap();
    Recipe {
        title: title.to_owned(),
        needs: note("needs").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        answer: note("answer").unwrap_or_default(),
        prints: note("prints").unwrap_or_else(|| panic!("nothing to see: {title}")),
        asks: note("offline").is_none(),
        script: script.to_owned(),
    }
}

/// What the recipes work on.
fn fill(work: &Path) {
    fs::create_dir(work.join("notes")).unwrap();
    fs::write(work.join("notes/one.txt"), "Hello\n").unwrap();
    fs::write(work.join("notes/two.txt"), "World\n").unwrap();
    fs::write(work.join("app.log"), "error: no space left on device\n").unwrap();
    fs::write(work.join("people.txt"), "Ann is seven.\n").unwrap();
}

const REPOSITORY: &str = "git init -q -b main && git config user.name A && git config user.email a@b.c && git add . \
    && git commit -q -m First && echo more >> notes/one.txt && git add .\n";

#[test]
fn every_recipe_works() {
    let all = recipes();
    assert!(all.len() >= 25, "{}", all.len());
    for recipe in all {
        if !recipe.needs.iter().all(|tool| needs(tool)) {
            continue;
        }
        let server = ModelServer::always(Reply::answer(&[&recipe.answer]));
        let sandbox = Sandbox::for_server(&server);
        fill(&sandbox.work_folder());
        let bin = Path::new(env!("CARGO_BIN_EXE_sayso")).parent().unwrap();
        let path = format!("{}:{}", bin.display(), variable("PATH").unwrap());
        let first = if recipe.needs.iter().any(|tool| tool == "git") { REPOSITORY } else { "" };
        let script = format!("{first}{}", recipe.script);
        let output = sandbox.program(Path::new("/bin/sh"), ["-eu", "-c", &script]).env("PATH", &path).run();
        assert!(output.code == Some(0) && output.stdout().contains(&recipe.prints), "{}: {output:?}", recipe.title);
        if recipe.asks {
            assert!(!server.requests().is_empty(), "{}: no model was asked", recipe.title);
        }
    }
}

/// The scripts in `examples/`: what each needs, how it is called, and what it prints.
const EXAMPLES: [(&str, &str, &str, &str); 4] = [
    ("commit-message.sh", "git", "", "Say more"),
    ("jsonl-with-jq.sh", "jq", "'Tell a joke'", "Say more\n-- ok, exit 0, 3 tokens"),
    ("retry-on-rate-limit.sh", "sh", "hello", "Say more"),
    ("review.sh", "sh", "notes/one.txt", "Say more"),
];

#[test]
fn every_example_works() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let scripts = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(scripts.filter(|path| path.extension().is_some_and(|end| end == "sh")).count(), EXAMPLES.len());
    let bin = Path::new(env!("CARGO_BIN_EXE_sayso")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), variable("PATH").unwrap());
    for (name, program, arguments, prints) in EXAMPLES {
        if !needs(program) {
            continue;
        }
        let server = ModelServer::always(Reply::answer(&["Say more"]));
        let sandbox = Sandbox::for_server(&server);
        fill(&sandbox.work_folder());
        let first = if program == "git" { REPOSITORY } else { "" };
        let script = format!("{first}'{}' {arguments}", folder.join(name).display());
        let run = |script: &str| sandbox.program(Path::new("/bin/sh"), ["-eu", "-c", script]).env("PATH", &path);
        let output = run(&script).run().assert_exit(0);
        assert!(output.stdout().contains(prints), "{name}: {output:?}");
        assert_eq!(server.requests().len(), 1, "{name}");
        if name.starts_with("retry") {
            let again = run(&script).env("MODEL", "demo:fail-429").env("WAIT_SECONDS", "0").run().assert_exit(6);
            again.assert_stderr_has(&["try 4 was one too many"]);
        }
    }
}

/// Runs an example in the folder of the sandbox.
fn example(sandbox: &Sandbox, name: &str, arguments: &[&'static str]) -> Output {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let bin = Path::new(env!("CARGO_BIN_EXE_sayso")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), variable("PATH").unwrap());
    sandbox.program(&program, arguments.iter().copied()).env("PATH", &path).run()
}

#[test]
fn an_example_outside_of_a_repository_asks_no_model() {
    if !needs("git") {
        return;
    }
    let server = ModelServer::always(Reply::answer(&["Say more"]));
    let output = example(&Sandbox::for_server(&server), "commit-message.sh", &[]).assert_exit(128).assert_stdout("");
    output.assert_stderr_has(&["not a git repository"]);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn an_example_takes_a_file_whose_name_begins_with_a_dash() {
    let server = ModelServer::always(Reply::answer(&["Say more"]));
    let sandbox = Sandbox::for_server(&server);
    fs::write(sandbox.work_folder().join("-v.rs"), "fn main() {}\n").unwrap();
    example(&sandbox, "review.sh", &["-v.rs"]).assert_exit(0).assert_stdout("Say more\n");
    let asked = String::from_utf8(server.requests()[0].body.clone()).unwrap();
    assert!(asked.contains("Review -v.rs.") && asked.contains("fn main()"), "{asked}");
}

#[test]
fn an_example_with_jq_ends_with_the_code_of_the_turn() {
    if !needs("jq") {
        return;
    }
    let server = ModelServer::always(Reply::error(401, "no"));
    let output = example(&Sandbox::for_server(&server), "jsonl-with-jq.sh", &["hi"]).assert_exit(4);
    output.assert_stdout("\n-- error, exit 4, ? tokens\n");
}
