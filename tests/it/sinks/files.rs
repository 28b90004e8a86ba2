//! What stands in the file system: names of files, roles and commands, the configuration.

use std::fs;
use std::path::Path;

use super::grammar::framed;
use super::{assert_sink, config};
use crate::support::{ModelServer, Reply, Sandbox, TestConfig};

/// Sequences that a name of a file can hold.
fn file_names() -> Vec<String> {
    framed().into_iter().filter(|name| !name.contains(['/', '\0'])).collect()
}

fn write_all(folder: &Path, end: &str, text: impl Fn(&str) -> String) {
    fs::create_dir_all(folder).unwrap();
    for name in file_names() {
        fs::write(folder.join(format!("{name}{end}")), text(&name)).unwrap();
    }
}

#[test]
fn names_of_files_that_go_along_and_of_those_that_are_not_there() {
    let server = ModelServer::always(Reply::answer(&["ok"]));
    let sandbox = Sandbox::new().config(&config(&server));
    write_all(&sandbox.work_folder(), "", |_| "\0\u{1b}[31m".to_owned());
    for names in file_names().chunks(60) {
        let options: Vec<&str> = names.iter().flat_map(|name| ["-f", name.as_str()]).collect();
        assert_sink(|| sandbox.ask_once(["hi", "-v"].into_iter().chain(options.clone())), 0);
        let missing = format!("missing {}", names[..30.min(names.len())].concat());
        assert_sink(|| sandbox.ask_once(["hi", "-f", &missing]), 10);
        let mentioned = format!("what is in @{}", missing.replace(' ', "\\ "));
        assert_sink(|| sandbox.ask_once([mentioned.as_str()]), 0);
    }
}

#[test]
fn roles_by_their_names_and_what_they_say() {
    let sandbox = Sandbox::new().config(&TestConfig::new("http://127.0.0.1:9/v1"));
    let folder = sandbox.path("config/sayso/roles");
    write_all(&folder, ".md", |name| format!("---\ndescription: {}\n---\n{name}\n", serde_json::json!(name)));
    let quoted = |name: &str| serde_json::to_string(name).unwrap();
    for (number, name) in framed().iter().enumerate() {
        let text = format!("---\ndescription: {}\n---\n{name}\n", quoted(name));
        fs::write(folder.join(format!("plain{number}.md")), text).unwrap();
        let text = format!("---\narguments:\n  {}:\n---\n{name}\n", quoted(name));
        fs::write(folder.join(format!("wrong{number}.md")), text).unwrap();
    }
    assert_sink(|| sandbox.sayso(["roles", "list"]), 300);
    assert_sink(|| sandbox.sayso(["roles", "show", "plain0"]), 1);
    for part in framed().chunks(60) {
        assert_sink(|| sandbox.sayso(["ask", "--role", &part.concat().replace('\0', ""), "hi"]), 1);
    }
}

#[test]
fn mistakes_in_the_configuration() {
    for part in framed().chunks(64) {
        let keys: String = part.iter().map(|frame| format!("  {}: 1\n", serde_json::json!(frame))).collect();
        let values = format!("{:?}", serde_json::json!(part.concat()).to_string());
        for text in [
            format!("ui:\n{keys}"),
            format!("ui:\n  theme: {}\n  color: {values}\n", serde_json::json!(part.concat())),
            format!("ui:\n  theme: {}\n", part.concat().replace('\n', " ")),
            format!("llm: {{active: {}}}\n", serde_json::json!(part.concat())),
            format!("llm: {{providers: {{{}: {{base_url: 1}}}}}}\n", serde_json::json!(part.concat())),
            format!(
                "mcp: {{servers: {{{}: {{command: {}}}}}}}\n",
                serde_json::json!(part[0]),
                serde_json::json!(part.concat())
            ),
        ] {
            let sandbox = Sandbox::new().config_text(&text);
            assert_sink(|| sandbox.sayso(["config", "check"]), 0);
            assert_sink(|| sandbox.sayso(["ask", "hi"]), 0);
        }
    }
    // Of a short one all is told.
    let sandbox = Sandbox::new().config_text(&format!("ui: {{{}: 1}}\n", serde_json::json!(framed()[1])));
    assert_sink(|| sandbox.sayso(["config", "check"]), 1);
}
