//! `history sql`: the documented views, and nothing else.

use crate::support::{ModelServer, Output, Reply, Sandbox};

fn talked() -> Sandbox {
    let server = ModelServer::start([Reply::answer(&["Hello\u{1b}[2J\tthere"]), Reply::answer(&["Yes"])]);
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["hi"]).run().assert_exit(0);
    sandbox.ask_once(["-c", "really?"]).run().assert_exit(0);
    sandbox
}

fn sql(sandbox: &Sandbox, query: &str, format: &str) -> Output {
    sandbox.sayso(["history", "sql", query, "--format", format]).run()
}

#[test]
fn the_views_can_be_asked_in_every_format() {
    let sandbox = talked();
    let query = "SELECT role, status, length(text) AS n, NULL AS x FROM messages ORDER BY created, id";
    let rows = |format| sql(&sandbox, query, format).assert_exit(0).assert_quiet().stdout();
    assert_eq!(
        rows("table"),
        "ROLE       STATUS    N   X\nuser       complete  2\nassistant  complete  15\nuser       complete  7\nassistant  complete  3\n"
    );
    assert_eq!(rows("tsv").lines().nth(1), Some("user\tcomplete\t2\t"));
    let line: serde_json::Value = serde_json::from_str(rows("jsonl").lines().next().unwrap()).unwrap();
    assert_eq!(line, serde_json::json!({ "role": "user", "status": "complete", "n": 2, "x": null }));
    let array: serde_json::Value = serde_json::from_str(&rows("json")).unwrap();
    assert_eq!(array.as_array().unwrap().len(), 4);
    for view in ["conversations", "messages", "tool_calls", "usage"] {
        sql(&sandbox, &format!("SELECT * FROM {view}"), "json").assert_exit(0);
    }
    let twice = sql(&sandbox, "SELECT m.role, c.pinned, m.role FROM messages m, conversations c LIMIT 1", "jsonl");
    let twice: serde_json::Value = serde_json::from_str(twice.stdout().trim()).unwrap();
    assert_eq!(twice, serde_json::json!({ "role": "user", "pinned": 0, "role_2": "user" }));
    let text =
        sql(&sandbox, "SELECT text FROM messages WHERE role = 'assistant' AND text LIKE 'Hello%'", "table").stdout();
    assert!(!text.contains('\x1b'), "{text:?}");
}

#[test]
fn what_is_no_select_over_the_views_is_refused_and_changes_nothing() {
    let sandbox = talked();
    let before = std::fs::read(sandbox.database_path()).unwrap();
    let other = sandbox.work_folder().join("other.db");
    for query in [
        "DELETE FROM messages".to_owned(),
        "DELETE FROM message".to_owned(),
        "INSERT INTO upkeep VALUES ('a', 1)".to_owned(),
        "UPDATE conversation SET name = 'x'".to_owned(),
        "DROP TABLE message".to_owned(),
        "CREATE TEMP TABLE x (a)".to_owned(),
        format!("ATTACH '{}' AS other", other.display()),
        format!("VACUUM INTO '{}'", other.display()),
        "PRAGMA user_version = 9".to_owned(),
        "PRAGMA query_only = OFF".to_owned(),
        "SELECT * FROM message".to_owned(),
        "SELECT * FROM sqlite_schema".to_owned(),
        "SELECT (SELECT text FROM message LIMIT 1) FROM messages".to_owned(),
        "WITH messages AS (SELECT cwd FROM conversation) SELECT * FROM messages".to_owned(),
        "WITH \"messages\"(a)/**/AS(SELECT owner FROM message) SELECT a FROM messages".to_owned(),
        "EXPLAIN WITH usage AS (SELECT text FROM prompt_history) SELECT * FROM usage".to_owned(),
        "SELECT * FROM (WITH messages AS (SELECT sql FROM sqlite_schema) SELECT * FROM messages)".to_owned(),
        "SELECT * FROM pragma_table_info('message')".to_owned(),
        "BEGIN IMMEDIATE".to_owned(),
        "SELECT 1; DELETE FROM message".to_owned(),
        "SELECT load_extension('x')".to_owned(),
        "SELEC".to_owned(),
        String::new(),
    ] {
        let output = sql(&sandbox, &query, "json").assert_exit(2).assert_stdout("");
        assert!(output.stderr.starts_with("error[usage]: the query cannot be answered: "), "{query}: {output:?}");
    }
    assert!(!other.exists());
    assert_eq!(std::fs::read(sandbox.database_path()).unwrap(), before);
}

#[test]
fn a_query_can_have_parts_with_names() {
    let sandbox = talked();
    for query in [
        "WITH m AS (SELECT * FROM messages), c AS (SELECT id FROM conversations) SELECT count(*) AS n FROM c
            JOIN m ON m.conversation_id = c.id WHERE m.id IN (SELECT id FROM messages)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT max(i) AS n FROM n",
        "WITH usage AS (SELECT id FROM messages) SELECT count(*) AS n FROM usage",
        "SELECT count(*) AS n FROM usage, attachments, tool_calls, conversations AS c, messages AS \"m\"",
    ] {
        let output = sql(&sandbox, query, "tsv").assert_exit(0);
        assert!(output.stdout().starts_with("n\n"), "{query}: {output:?}");
    }
}

#[test]
fn a_query_without_end_and_one_without_bounds_are_stopped() {
    let sandbox = talked();
    let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    sandbox
        .sayso(["history", "sql", endless, "--timeout", "100ms"])
        .run()
        .assert_exit(2)
        .assert_stderr_has(&["longer than 100ms", "--timeout"]);
    sql(&sandbox, "SELECT zeroblob(1000000000)", "json").assert_exit(2).assert_stderr_has(&["too big"]);
}

#[test]
fn without_a_history_the_views_are_empty() {
    let sandbox = Sandbox::new();
    sql(&sandbox, "SELECT count(*) AS n FROM messages", "tsv").assert_exit(0).assert_stdout("n\n0\n");
    assert!(!sandbox.database_path().exists());
}
