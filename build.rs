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
    let lld = lld();
    let layout = lld.as_ref().map(|_| format!("-Wl,-T,{}", script.display()));
    let mut flags = lld.unwrap_or_default();
    for flag in layout.into_iter().chain(["-Wl,-z,pack-relative-relocs".to_owned()]) {
        flags.push(flag);
        if !program_runs_with(&link_args(&flags)) {
            flags.pop();
        }
    }
    for flag in flags {
        println!("cargo::rustc-link-arg-bins={flag}");
    }
    // Comes before the shared one of the standard library, which then has nothing left to give and is left out.
    if variable("CARGO_CFG_TARGET_ENV") == "gnu" && program_runs_with(&["-l".to_owned(), UNWINDER.to_owned()]) {
        println!("cargo::rustc-link-lib={UNWINDER}");
    }
}

/// Comes with every gcc, whose licence lets it go into any program.
const UNWINDER: &str = "static:-bundle=gcc_eh";

/// Only for releases, and only where the program that is built could run here.
fn is_wanted() -> bool {
    let arch = |triple: &str| triple.split('-').next().map(str::to_owned);
    let (host, target) = (variable("HOST"), variable("TARGET"));
    let are_linux = [&host, &target].into_iter().all(|triple| triple.contains("-linux-"));
    variable("PROFILE") == "release" && are_linux && arch(&host) == arch(&target)
}

/// What makes LLD the linker: nothing, where it is so already, or else that which comes with Rust. GNU's linker would
/// take the layout too, but had not linked an empty program after ten minutes: each pattern has several stars.
fn lld() -> Option<Vec<String>> {
    let output = Command::new(variable("RUSTC")).args(["--print", "sysroot"]).output().ok()?;
    let sysroot = String::from_utf8(output.stdout).ok()?;
    let folder = Path::new(sysroot.trim()).join("lib/rustlib").join(variable("HOST")).join("bin/gcc-ld");
    let of_rust = vec!["-fuse-ld=lld".to_owned(), format!("-B{}", folder.display())];
    let is_lld = |flags: &Vec<String>| program_runs_with(&link_args(&[&flags[..], &[ONLY_LLD.to_owned()]].concat()));
    [Vec::new(), of_rust].into_iter().find(is_lld)
}

/// An option that no other linker knows.
const ONLY_LLD: &str = "-Wl,--call-graph-profile-sort=none";

fn link_args(flags: &[String]) -> Vec<String> {
    flags.iter().flat_map(|flag| ["-C".to_owned(), format!("link-arg={flag}")]).collect()
}

/// Ends well only where a panic can be caught.
const PROBE: &str =
    "fn main() { assert!(std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(()))).is_err()) }";

/// Links a small program and runs it. Some linkers and loaders know less, and none of it is worth a failure.
fn program_runs_with(flags: &[String]) -> bool {
    let folder = variable("OUT_DIR");
    let source = Path::new(&folder).join("probe.rs");
    if std::fs::write(&source, PROBE).is_err() {
        return false;
    }
    let mut command = Command::new(variable("RUSTC"));
    command.arg(&source).arg("--target").arg(variable("TARGET")).arg("--out-dir").arg(&folder).args(flags);
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
