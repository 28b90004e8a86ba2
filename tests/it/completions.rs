//! The files in `completions/` are what the program prints; and the manual has a page for each command.

use std::path::Path;
use std::process::Command;

fn printed(shell: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sayso")).args(["completions", shell]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn completion_files_are_up_to_date() {
    for (shell, file) in [("bash", "sayso.bash"), ("zsh", "_sayso"), ("fish", "sayso.fish")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(file);
        let kept = std::fs::read_to_string(&path).unwrap();
        assert!(kept == printed(shell), "run: sayso completions {shell} > completions/{file}");
    }
}

#[test]
fn other_shells_get_completions_too() {
    for shell in ["powershell", "elvish"] {
        assert!(printed(shell).contains("--require-history"), "{shell}");
    }
}

#[test]
fn each_command_gets_a_page_of_the_manual() {
    let folder = tempfile::tempdir().unwrap();
    let sayso = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_sayso")).args(arguments).output().unwrap();
    let written = sayso(&["man", "--dir", folder.path().to_str().unwrap()]);
    assert!(written.status.success(), "{written:?}");
    for page in ["sayso.1", "sayso-ask.1", "sayso-history.1", "sayso-history-list.1", "sayso-mcp-call.1"] {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains("\n.SH NAME\n") && text.contains("\n.SH SYNOPSIS\n"), "{page}");
    }
    for (page, sections) in [
        ("sayso.1", &["EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "NOTES"][..]),
        ("sayso-ask.1", &["EXIT STATUS", "EXAMPLES", "NOTES", "SEE ALSO"]),
        ("sayso-mcp-call.1", &["EXIT STATUS", "EXAMPLES", "NOTES", "SEE ALSO"]),
        ("sayso-history-rm.1", &["EXIT STATUS", "NOTES", "SEE ALSO"]),
    ] {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        for section in sections {
            assert_eq!(text.matches(&format!("\n.SH \"{section}\"\n")).count(), 1, "{page}: {section}");
        }
    }
    let ask = std::fs::read_to_string(folder.path().join("sayso-ask.1")).unwrap();
    let usage = ask.split(".SH SYNOPSIS\n").nth(1).unwrap().lines().next().unwrap();
    assert_eq!(usage, "\\fBsayso ask\\fR [OPTIONS] [PROMPT|\\-] [KEY=VALUE]...");
    assert!(ask.starts_with(concat!(
        ".TH sayso\\-ask 1 \"\" \"sayso ",
        env!("CARGO_PKG_VERSION"),
        "\" \"User Commands\"\n"
    )));
    let page = std::fs::read_to_string(folder.path().join("sayso-history-list.1")).unwrap();
    assert_eq!(String::from_utf8(sayso(&["man", "history", "list"]).stdout).unwrap(), page);

    let unknown = sayso(&["man", "history", "lisp"]);
    assert_eq!(unknown.status.code(), Some(2), "{unknown:?}");
    let file = folder.path().join("sayso.1");
    assert_eq!(sayso(&["man", "--dir", file.to_str().unwrap()]).status.code(), Some(3));
}
