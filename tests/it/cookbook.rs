//! docs/cookbook.md: every recipe is run with a real shell, against a model that says what the page has for it.

use std::fs;
use std::path::Path;

use crate::support::{ModelServer, Reply, Sandbox, needs, variable};

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
