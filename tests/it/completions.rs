//! The files in `completions/` are what the program prints.

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
