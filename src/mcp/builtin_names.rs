//! The names of the servers that are linked into the binary, and what is believed of them.

/// All of them.
pub const BUILTIN_SERVERS: [&str; 8] = ["time", "calc", "history", "files", "shell", "fetch", "models", "settings"];

/// Those that are offered without being asked for: they reach nothing outside of sayso.
pub const HARMLESS_SERVERS: [&str; 5] = ["time", "calc", "history", "models", "settings"];

/// Those whose results are ours alone. Whatever the others give back, somebody else may have written.
pub const TRUSTED_SERVERS: [&str; 4] = ["time", "calc", "models", "settings"];
