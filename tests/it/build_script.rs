//! What `build.rs` asks of each linker. The real script runs, with the compiler and the linkers that are here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::needs;

const TRIPLE: &str = "x86_64-unknown-linux-gnu";
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The flags for the linker of a release, where the compiler is given `rustflags`. With GNU's linker the layout would
/// never come to an end: the script does after a minute here, and fails.
fn flags(folder: &Path, rustflags: &[&str]) -> String {
    let script = folder.join("script");
    let mut compiler = Command::new("rustc");
    compiler.args(["--edition", "2024", "-o"]).arg(&script).arg(format!("{ROOT}/build.rs"));
    assert!(compiler.status().unwrap().success());
    let mut command = Command::new("timeout");
    command.arg("60").arg(&script).env("OUT_DIR", folder).env("CARGO_MANIFEST_DIR", ROOT).env("RUSTC", "rustc");
    command.env("PROFILE", "release").env("HOST", TRIPLE).env("TARGET", TRIPLE).env("CARGO_CFG_TARGET_ENV", "gnu");
    command.env_remove("RUSTC_LINKER").env("CARGO_ENCODED_RUSTFLAGS", rustflags.join("\x1f"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

fn has_layout(flags: &str) -> bool {
    flags.contains("cargo::rustc-link-arg-bins=-Wl,-T,")
}

#[test]
fn the_lld_of_rust_makes_the_layout_where_another_linker_is_set_up() {
    let folder = tempfile::tempdir().unwrap();
    let flags = flags(folder.path(), &["-Clinker-features=-lld"]);
    assert!(has_layout(&flags) && flags.contains("cargo::rustc-link-arg-bins=-fuse-ld=lld\n"), "{flags}");
}

#[test]
fn a_linker_of_gnu_is_not_given_the_layout() {
    if !needs("ld.bfd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let linker = folder.path().join("linker");
    fs::write(&linker, "#!/bin/sh\nexec cc \"$@\" -fuse-ld=bfd\n").unwrap();
    fs::set_permissions(&linker, fs::Permissions::from_mode(0o755)).unwrap();
    let flags = flags(folder.path(), &["-C", &format!("linker={}", linker.display())]);
    assert!(!has_layout(&flags) && flags.contains("pack-relative-relocs"), "{flags}");
}
