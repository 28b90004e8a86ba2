//! The exit codes scripts rely on. A change here is a change of the contract with users.

/// The answer is complete; also: the reader of our output closed the pipe.
pub const OK: u8 = 0;
/// A fault of sayso itself.
pub const INTERNAL: u8 = 1;
/// The command line cannot be understood, or there is no prompt.
pub const USAGE: u8 = 2;
/// The configuration or a local file cannot be used; nothing to continue.
pub const CONFIG: u8 = 3;
/// No credentials, or refused ones (401, 403).
pub const CREDENTIALS: u8 = 4;
/// Name, address, TLS, or silence before the first token.
pub const NETWORK: u8 = 5;
/// Rate limit or quota (429, 402).
pub const RATE_LIMIT: u8 = 6;
/// The provider rejects the request (400, 404, 413, 422).
pub const REJECTED: u8 = 7;
/// The provider failed (5xx, 529, a response that is none).
pub const PROVIDER: u8 = 8;
/// The answer is incomplete: cut off, token limit, tools needed.
pub const INCOMPLETE: u8 = 9;
/// The model or a filter of the provider refused.
pub const REFUSED: u8 = 10;
/// The answer does not match the schema that was asked for.
pub const SCHEMA: u8 = 11;
/// The history could not be used and `--require-history` was given.
pub const HISTORY: u8 = 12;
/// Standard output cannot be written.
pub const OUTPUT: u8 = 74;
/// `--timeout` ran out.
pub const TIMEOUT: u8 = 124;
/// Ended by SIGHUP, as shells count it.
pub const HANG_UP: u8 = 129;
/// Ended by Ctrl-C.
pub const INTERRUPT: u8 = 130;
/// Ended by SIGTERM.
pub const TERMINATE: u8 = 143;
