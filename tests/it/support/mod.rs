//! What the tests stand on: a scripted model server, a sandbox to run the binary in, a pseudo-terminal.

use std::time::Duration;

mod addresses;
mod certificates;
mod clock;
mod config;
mod dialects;
pub mod event_schema;
mod fake_mcp;
mod history;
mod http1;
mod http2;
mod model_server;
mod output;
pub mod picture;
mod proxy;
mod pty;
mod relay;
mod reply;
mod requirements;
mod rows;
mod run;
mod sandbox;
mod strace;
pub mod strict;
mod web;
mod witness;

pub use addresses::{BlackHole, closed_port};
pub use certificates::Certificate;
pub use clock::WallClock;
pub use config::TestConfig;
pub use dialects::Dialect;
pub use fake_mcp::FakeMcp;
pub use model_server::{ModelServer, Received, Wire, wait_until};
pub use output::Output;
pub use proxy::Proxy;
pub use pty::Pty;
pub use relay::{Leg, Relay};
pub use reply::{Framing, Gate, Reply};
pub use requirements::{long_tests, needs, variable};
pub use rows::{Row, assert_tested};
pub use run::{Run, Running};
pub use sandbox::Sandbox;
pub use strace::Strace;
pub use web::{Asked, Said, Web, visit};
pub use witness::Witness;

/// So long an event is waited for that is to come: a machine whose disk is busy takes many seconds for what usually
/// takes one moment.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What does not wait is over by then on any machine, and what waits where it should not is not: no measurement.
pub const AT_ONCE: Duration = Duration::from_secs(25);

/// Shaped like a key, long enough that its end may be shown.
pub const TEST_KEY: &str = "sk-test-0123456789abcdef3f9a";
