//! No process of a server is left, however sayso ends.

use std::time::Duration;

use rustix::process::{Signal, kill_process};

use crate::support::{FakeMcp, long_tests, needs};

/// After a normal end nothing is waited for; after a kill the guards get this long.
const SOON: Duration = Duration::from_secs(3);

#[test]
fn grandchildren_end_with_their_server() {
    let fake = FakeMcp::new(&["grandchild"]);
    fake.call("echo").run().assert_exit(0);
    fake.assert_none_left(Duration::ZERO);
}

#[test]
fn a_grandchild_that_left_the_group_ends_too() {
    if !needs("setsid") {
        return;
    }
    let fake = FakeMcp::new(&["grandchild-in-own-session"]);
    fake.call("echo").run().assert_exit(0);
    fake.assert_none_left(Duration::ZERO);
}

#[test]
fn a_server_that_ignores_the_end_of_its_stdin_is_ended_within_seconds() {
    let fake = FakeMcp::new(&["ignore-eof", "grandchild"]);
    fake.call("echo").run().assert_exit(0).assert_stdout("{}\n");
    fake.assert_none_left(Duration::ZERO);
}

#[test]
fn ctrl_c_cancels_the_call_and_ends_the_server() {
    let fake = FakeMcp::new(&["grandchild"]);
    let running = fake.call("hang").spawn();
    fake.wait_for_log("tools/call");
    running.signal(Signal::INT);
    let output = running.wait();
    assert_eq!(output.code, Some(130), "{output:?}");
    fake.assert_none_left(Duration::ZERO);
    assert!(fake.log().contains("notifications/cancelled"), "{}", fake.log());
}

#[test]
fn after_kill_9_nothing_is_left_within_three_seconds() {
    let fake = FakeMcp::new(&["ignore-eof", "grandchild"]);
    let running = fake.call("hang").spawn();
    fake.wait_for_log("tools/call");
    assert!(!fake.processes().is_empty());
    running.signal(Signal::KILL);
    running.wait();
    fake.assert_none_left(SOON);
}

#[test]
fn what_is_left_when_the_guard_was_killed_too_is_swept_at_the_next_start() {
    let fake = FakeMcp::new(&["ignore-eof", "grandchild"]);
    let running = fake.call("hang").spawn();
    fake.wait_for_log("tools/call");
    let guards: Vec<i32> = fake.processes().into_iter().filter(|id| is_guard(*id)).collect();
    assert_eq!(guards.len(), 1);
    running.signal(Signal::STOP);
    for id in guards {
        kill_process(rustix::process::Pid::from_raw(id).unwrap(), Signal::KILL).unwrap();
    }
    running.signal(Signal::KILL);
    running.wait();
    assert!(!fake.processes().is_empty(), "this test needs somebody to be left");
    fake.call("echo").run().assert_exit(0);
    fake.assert_none_left(Duration::ZERO);
}

fn is_guard(id: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{id}/cmdline")).is_ok_and(|line| line.contains("__guard"))
}

#[test]
fn many_starts_stops_and_kills_leave_nobody() {
    let rounds = if long_tests() { 500 } else { 50 };
    let fake = FakeMcp::new(&["grandchild"]);
    for round in 0..rounds {
        match round % 6 {
            0 => {
                fake.call("echo").run().assert_exit(0);
            }
            1 => {
                fake.call("exit").run();
            }
            // At whatever point it may be.
            kind => {
                let running = fake.call("hang").spawn();
                std::thread::sleep(Duration::from_millis(round * 7 % 120));
                match kind {
                    2 | 3 => running.signal(Signal::KILL),
                    4 => running.signal(Signal::TERM),
                    _ => {
                        kill_server(&fake);
                        running.signal(Signal::TERM);
                    }
                }
                running.wait();
            }
        }
    }
    fake.assert_none_left(SOON);
}

/// Ends the server itself, the hard way, where it runs already.
fn kill_server(fake: &FakeMcp) {
    let is_server = |id: &i32| {
        std::fs::read_to_string(format!("/proc/{id}/cmdline"))
            .is_ok_and(|line| line.starts_with(FakeMcp::program().to_str().unwrap()))
    };
    for id in fake.processes().iter().filter(|id| is_server(id)) {
        // It may have ended by itself.
        let _ = kill_process(rustix::process::Pid::from_raw(*id).unwrap(), Signal::KILL);
    }
}
