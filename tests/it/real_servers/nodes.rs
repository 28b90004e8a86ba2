//! The servers of npm that do something: files, a memory, thoughts.

use std::fs;

use serde_json::{Value, json};

use super::Bed;
use crate::support::{ModelServer, Reply};

#[test]
fn the_roots_replace_the_folders_of_the_file_server() {
    let model = ModelServer::start([
        Reply::call("c1", "filesystem__read_text_file", &json!({"path": "notes.md"})),
        Reply::call("c2", "filesystem__write_file", &json!({"path": "made.md", "content": "by the model\n"})),
        Reply::answer(&["not reached"]),
    ]);
    let Some(bed) = Bed::for_model(&model) else { return };
    let (program, other) = (bed.npm("mcp-server-filesystem"), bed.sandbox.path("home"));
    let root = bed.work("");
    let bed = bed.server("filesystem", &[&program, other.to_str().unwrap()], &json!({"roots": [root], "cwd": root}));
    fs::write(bed.work("notes.md"), "from the work folder\n").unwrap();
    fs::write(other.join("secret.md"), "not for it\n").unwrap();

    let allowed = bed.call("filesystem", "list_allowed_directories", []);
    assert!(allowed.contains(root.trim_end_matches('/')), "{allowed}");
    assert!(!allowed.contains("/home"), "the folder of its command line counts no more: {allowed}");
    let secret = other.join("secret.md");
    let refused = ["mcp", "call", "filesystem", "read_text_file", &format!("path={}", secret.display())];
    let refused = bed.sayso(refused).run().assert_exit(8);
    assert!(refused.stderr.contains("outside allowed directories"), "{refused:?}");

    let notes = bed.mcp_json(["call", "filesystem", "read_text_file", &format!("path={}", bed.work("notes.md"))]);
    assert_eq!(notes["structuredContent"]["content"], "from the work folder\n", "{notes:#}");
    let tools = bed.mcp_json(["tools", "filesystem"]);
    let hint = |name: &str| {
        let tool = tools.as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap();
        (tool["read_only_hint"].clone(), tool["destructive_hint"].clone())
    };
    assert_eq!(hint("read_text_file").0, true);
    assert_eq!(hint("write_file"), (json!(false), json!(true)));

    // What it reads may be anybody's words: the permission to write does not outlast them.
    let asked = bed.sayso(["ask", "hi", "--allow", "filesystem/*"]).run().assert_exit(10);
    asked.assert_stderr_has(&["filesystem/read_text_file", "filesystem/write_file wants to run"]);
    assert_eq!(model.requests().len(), 2);
    assert!(model.told("c1").contains("from the work folder"), "{}", model.told("c1"));
    assert!(!std::path::Path::new(&bed.work("made.md")).exists());
    bed.call("filesystem", "write_file", [format!("path={}", bed.work("made.md")).as_str(), "content=by hand"]);
    assert_eq!(fs::read_to_string(bed.work("made.md")).unwrap(), "by hand");
}

#[test]
fn the_memory_keeps_what_it_is_told() {
    let Some(bed) = Bed::new() else { return };
    // As most users start it: npx, a shell and node stand between us and the server.
    let (file, prefix) = (bed.work("memory.jsonl"), bed.program("node"));
    let command = ["npx", "--offline", "--prefix", &prefix, "mcp-server-memory"];
    let bed = bed.server("memory", &command, &json!({"env": {"MEMORY_FILE_PATH": file}}));
    let ada = json!({"entities": [{"name": "Ada", "entityType": "person", "observations": ["likes engines"]}]});
    let made = bed.mcp_json(["call", "memory", "create_entities", "--json", &ada.to_string()]);
    assert_eq!(made["structuredContent"]["entities"][0]["name"], "Ada", "{made:#}");
    assert!(fs::read_to_string(&file).unwrap().contains("likes engines"));
    let found = bed.mcp_json(["call", "memory", "search_nodes", "query=engines"]);
    assert_eq!(found["structuredContent"]["entities"][0]["entityType"], "person", "{found:#}");
    let list = bed.mcp_json(["resources", "memory"]);
    let uri = list[0]["uri"].as_str().unwrap().to_owned();
    let graph: Value = serde_json::from_str(&bed.mcp(["read", "memory", &uri]).stdout()).unwrap();
    assert_eq!(graph["entities"][0]["name"], "Ada");
}

#[test]
fn thoughts_follow_one_another_in_one_connection() {
    let thought = |id: &str, number: u64, more: bool| {
        let arguments = json!({"thought": format!("step {number}"), "thoughtNumber": number, "totalThoughts": 2,
            "nextThoughtNeeded": more});
        Reply::call(id, "thinking__sequentialthinking", &arguments)
    };
    let model =
        ModelServer::start([thought("c1", 1, true), thought("c2", 2, false), Reply::answer(&["thought through"])]);
    let Some(bed) = Bed::for_model(&model) else { return };
    let program = bed.npm("mcp-server-sequential-thinking");
    let bed = bed.server("thinking", &[&program], &json!({})).vouched("thinking/*");
    let asked = bed.sayso(["ask", "hi"]);
    asked.run().assert_exit(0).assert_stdout("thought through\n");
    let result: Value = serde_json::from_str(&model.told("c2")).unwrap();
    assert_eq!(result["thoughtHistoryLength"], 2, "the server is the same one: {result:#}");
    let offered = model.requests()[0].json()["tools"].clone();
    let tool =
        offered.as_array().unwrap().iter().find(|tool| tool["function"]["name"] == "thinking__sequentialthinking");
    let description = tool.unwrap()["function"]["description"].as_str().unwrap().to_owned();
    assert!(description.len() > 2000, "the long description arrives whole: {description}");
}
