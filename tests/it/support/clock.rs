//! A clock on the wall that shows what a test wants; the one that measures time goes on as it does.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{Run, Sandbox};

/// Comes before the C library's own. A file holds the seconds since 1970 that are shown.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    long outcome = syscall(SYS_clock_gettime, clock, time);
    const char *path = getenv("WALL_CLOCK");
    if (outcome == 0 && clock == CLOCK_REALTIME && path) {
        FILE *file = fopen(path, "re");
        long long seconds;
        if (file && fscanf(file, "%lld", &seconds) == 1) time->tv_sec = seconds;
        if (file) fclose(file);
    }
    return (int)outcome;
}
"#;

pub struct WallClock {
    library: PathBuf,
    file: PathBuf,
}

impl WallClock {
    /// Needs `cc`, as linking Rust does.
    pub fn new(sandbox: &Sandbox) -> Self {
        let (source, library) = (sandbox.path("clock.c"), sandbox.path("clock.so"));
        fs::write(&source, SHIM).unwrap();
        let compiler = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).output().unwrap();
        assert!(compiler.status.success(), "{}", String::from_utf8_lossy(&compiler.stderr));
        Self { library, file: sandbox.path("clock") }
    }

    /// Seconds since 1970, from now on.
    pub fn set(&self, seconds: i64) {
        let new = self.file.with_extension("new");
        fs::write(&new, seconds.to_string()).unwrap();
        fs::rename(new, &self.file).unwrap();
    }

    pub fn on(&self, run: Run) -> Run {
        run.env("LD_PRELOAD", self.library.to_str().unwrap()).env("WALL_CLOCK", self.file.to_str().unwrap())
    }
}
