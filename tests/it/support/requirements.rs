//! Tests that need a tool of the system skip, loudly, where it is missing; in CI nothing may be missing.

use std::io::Write;
use std::process::{Command, Stdio};

/// Whether `tool` works here: `strace`, `unshare` (with user namespaces) or any program on the path.
pub fn needs(tool: &str) -> bool {
    let probe: &[&str] = match tool {
        "strace" => &["strace", "-f", "-qq", "-o", "/dev/null", "true"],
        "unshare" => &["unshare", "-rmn", "true"],
        other => &["sh", "-c", "command -v \"$0\"", other],
    };
    let is_there = Command::new(probe[0])
        .args(&probe[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !is_there {
        assert_ne!(variable("CI").as_deref(), Some("true"), "{tool} is needed in CI");
        let _ = writeln!(std::io::stderr(), "SKIPPED: this test needs {tool}, which does not work here");
    }
    is_there
}

/// `SAYSO_LONG_TESTS=1` asks for the long tier.
pub fn long_tests() -> bool {
    variable("SAYSO_LONG_TESTS").is_some_and(|value| value != "0")
}

#[expect(clippy::disallowed_methods, reason = "the tests have their own environment")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
