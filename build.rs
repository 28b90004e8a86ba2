//! Asks the linker to lay what runs in every answer side by side. The rest of the program, most of
//! it, then never comes into memory: 2 MiB less, and fewer page faults at the start. To pack the
//! addresses that the loader has to adapt at each start: 0.8 MB less to read. And to put what unwinds
//! the stack into the program: a library less to look for and load, which takes a tenth of a millisecond.
#![expect(clippy::disallowed_methods, reason = "so a build script talks with cargo")]

use std::path::Path;
use std::process::{Command, Stdio};

fn main() {
    let script = Path::new(&variable("CARGO_MANIFEST_DIR")).join("link/order.ld");
    println!("cargo::rerun-if-changed={}", script.display());
    println!("cargo::rerun-if-changed=build.rs");
    if !is_wanted() {
        return;
    }
    for flag in [format!("-Wl,-T,{}", script.display()), "-Wl,-z,pack-relative-relocs".to_owned()] {
        if program_runs_with(&["-C", &format!("link-arg={flag}")]) {
            println!("cargo::rustc-link-arg-bins={flag}");
        }
    }
    // Comes before the shared one of the standard library, which then has nothing left to give and is left out.
    if program_runs_with(&["-l", UNWINDER]) {
        println!("cargo::rustc-link-lib={UNWINDER}");
    }
}

/// Comes with every gcc, whose licence lets it go into any program.
const UNWINDER: &str = "static:-bundle=gcc_eh";

/// Only for releases, and only where the program that is built could run here.
fn is_wanted() -> bool {
    variable("PROFILE") == "release"
        && variable("HOST") == variable("TARGET")
        && variable("TARGET").contains("-linux-gnu")
}

/// Ends well only where a panic can be caught.
const PROBE: &str =
    "fn main() { assert!(std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(()))).is_err()) }";

/// Links a small program and runs it. Some linkers and loaders know less, and none of it is worth a failure.
fn program_runs_with(flags: &[&str]) -> bool {
    let folder = variable("OUT_DIR");
    let source = Path::new(&folder).join("probe.rs");
    if std::fs::write(&source, PROBE).is_err() {
        return false;
    }
    let mut command = Command::new(variable("RUSTC"));
    command.arg(&source).arg("--out-dir").arg(&folder).args(flags);
    if let Ok(linker) = std::env::var("RUSTC_LINKER") {
        command.arg("-C").arg(format!("linker={linker}"));
    }
    let flags = variable("CARGO_ENCODED_RUSTFLAGS");
    command.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    let succeeds = |command: &mut Command| {
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    succeeds(&mut command) && succeeds(&mut Command::new(Path::new(&folder).join("probe")))
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
