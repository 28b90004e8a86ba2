//! docs/coming-from.md: every command on its right-hand side is run, or at least understood where it needs a terminal.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::{ModelServer, Reply, Sandbox, TestConfig, needs, variable};

/// The last cell of each row of the tables, without its backticks.
fn commands() -> BTreeSet<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coming-from.md")).unwrap();
    let cells = page.lines().filter(|line| line.starts_with("| `")).filter_map(|line| {
        let cell = line.trim_end_matches(" |").rsplit(" | ").next()?;
        Some(cell.strip_prefix('`')?.strip_suffix('`')?.replace("\\|", "|"))
    });
    cells.collect()
}

/// What is to be said where nobody sits at a terminal.
const NEEDS_A_PERSON: [&str; 4] = ["needs a terminal", "there is no prompt", "standard input", "no key"];

#[test]
fn every_command_is_understood() {
    let server = ModelServer::always(Reply::answer(&["Hello"]))
        .with_models(200, serde_json::json!({"data": [{"id": "gpt-4o-mini"}]}));
    let url = server.base_url();
    let config = TestConfig::for_server(&server)
        .set("llm.providers.openai.base_url", url)
        .set("llm.providers.openai.api_key_env", "TEST_KEY");
    let sandbox = Sandbox::new().config(&config);
    fs::write(sandbox.work_folder().join("a.txt"), "text\n").unwrap();
    fs::create_dir_all(sandbox.path("config/sayso/roles")).unwrap();
    fs::write(
        sandbox.path("config/sayso/roles/NAME.md"),
        "---\narguments: { to: English }\n---\nInto {{ to }}: {{ input }}",
    )
    .unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_sayso")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), variable("PATH").unwrap());
    let all = commands();
    assert!(all.len() > 30, "{all:#?}");
    for command in all {
        for session in ["NAME", "ID"] {
            sandbox.sayso(["ask", "--session", session, "hi"]).run().assert_exit(0);
        }
        if let Some(name) = command.strip_prefix('/') {
            let name = name.split(' ').next().unwrap();
            let table =
                fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/repl/command_table.rs")).unwrap();
            assert!(table.contains(&format!("CommandSpec::new(\"{name}\"")), "{command}");
            continue;
        }
        let shell = if command.starts_with("eval") { "bash" } else { "sh" };
        if !command.starts_with("Alt-") && needs(shell) {
            let run = sandbox.program(Path::new("/usr/bin/env"), [shell, "-c", &command]).env("PATH", &path);
            let output = run.run();
            let is_fine = output.code == Some(0)
                || output.code == Some(2) && NEEDS_A_PERSON.iter().any(|words| output.stderr.contains(words));
            assert!(is_fine, "{command}: {output:?}");
        }
    }
}
