//! Faults that need no request: at the start, beside it all, and at the end.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Write, stderr, stdout};
use std::process::{Command, Stdio};
use std::thread::{sleep, spawn};
use std::time::Duration;

use serde_json::Value;

use crate::hostile;

const FOR_EVER: Duration = Duration::from_secs(3600);

pub struct Faults(BTreeSet<String>);

impl Faults {
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> Self {
        Self(arguments.collect())
    }

    pub fn has(&self, fault: &str) -> bool {
        self.0.contains(fault)
    }

    pub fn at_start(&self) {
        if self.has("exit-at-once") {
            let _ = stderr().write_all(b"loading\nno \x1b[31mlicense\x1b[0m found\n");
            exit(3);
        }
        if self.has("hostile-exit") {
            hostile::exit();
        }
        if self.has("slow") {
            sleep(FOR_EVER);
        }
        if self.has("banner") {
            let _ = stdout().write_all(b"Welcome to the server!\n(listening on stdio)\n\n");
        }
        if self.has("flood-stderr") {
            // To the end of a real flood before the first answer, and on and on beside it.
            let line = [&[b'x'; 1023][..], b"\n"].concat();
            let flood = move |lines: usize| (0..lines).all(|_| stderr().write_all(&line).is_ok());
            flood(64 * 1024);
            spawn(move || flood(usize::MAX));
        }
        if self.has("grandchild") {
            // It inherits our stdout, as the children of `npx` do.
            drop(Command::new("sleep").arg("3600").stdin(Stdio::null()).spawn().expect("sleep can be started"));
        }
        if self.has("grandchild-in-own-session") {
            drop(Command::new("setsid").args(["sleep", "3600"]).spawn().expect("setsid can be started"));
        }
    }

    /// Writes down what came, where `FAKE_LOG` says so: a test may want to know after all is over.
    pub fn log(&self, message: &Value) {
        if let Some((_, path)) = variables().find(|(name, _)| name == "FAKE_LOG") {
            let mut file = File::options().create(true).append(true).open(path).expect("the log can be written");
            let method = message["method"].as_str().unwrap_or("answer");
            let _ = file.write_all(format!("{method} {}\n", message["params"]["requestId"]).as_bytes());
        }
    }

    pub fn at_the_end(&self) {
        if self.has("ignore-eof") {
            sleep(FOR_EVER);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a server that ends in the middle of it")]
pub fn exit(code: i32) -> ! {
    std::process::exit(code)
}

#[expect(clippy::disallowed_methods, reason = "a program of its own, with its own environment")]
pub fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars()
}
