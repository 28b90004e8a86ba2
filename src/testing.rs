//! Doors for the fuzz targets, the benches and the integration tests. No promise is made about them.

use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::builtin::{BuiltinSettings, server};
use crate::config::{Environment, Source, load_source};
use crate::mcp::{HostSettings, Launch, McpHost, Protocol, ServerSettings};

pub use crate::conversation::{
    ConversationId, IdSource, Message, MessageId, ReasoningKind, ReplyBuilder, Role, StopReason, StreamEvent, ToolCall,
    Usage, is_hidden,
};
pub use crate::history::{DeltaKind, DeltaPersistence, Entry, FlushOutcome, HistorySettings, Journal};
pub use crate::http::{Frame, SseDecoder, SseError};
pub use crate::provider::openai_chat::{ChatDecoder, ThinkTags};
pub use crate::provider::{ErrorKind, ProviderError, explain_error_body};
pub use crate::session::{Flushed, Frontend, TurnEvent};
pub use crate::terminal::{
    JsonFormat, JsonView, Mode, OutputSettings, PlainView, ReplyView, Sanitizer, Screen, TermSafe, TermSafeBuf,
    ViewSettings,
};

/// What is wrong with the text of a configuration file, as `sayso config check` tells it.
pub fn check_config(text: &str) -> Result<(), String> {
    let source = Source { path: PathBuf::from("config.yaml"), text: text.to_owned(), mode: Some(0o600) };
    let environment = Environment::from_pairs([("KEY", "sk-0123456789abcdef"), ("EMPTY", "")]);
    load_source(&source, &environment).map(drop).map_err(|error| error.to_string())
}

/// A built-in server with a client of it, for the bench of a call.
pub struct BuiltinCall {
    runtime: tokio::runtime::LocalRuntime,
    host: McpHost,
}

impl BuiltinCall {
    pub fn connect() -> io::Result<Self> {
        let launch = Launch::Builtin(server("calc", &BuiltinSettings::default()).ok_or(io::ErrorKind::NotFound)?);
        let settings = ServerSettings {
            name: "calc".to_owned(),
            launch,
            required: false,
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            allow: Vec::new(),
            deny: Vec::new(),
            roots: Vec::new(),
            log_level: None,
            protocol: Protocol::Auto,
        };
        let options = tokio::runtime::LocalOptions::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(options)?;
        let (host, _events) = McpHost::new(HostSettings { servers: vec![settings], ..HostSettings::default() });
        runtime.block_on(host.tools("calc")).map_err(io::Error::other)?;
        Ok(Self { runtime, host })
    }

    /// One call, from the name of the tool to its result.
    pub fn call(&self) -> io::Result<usize> {
        let arguments = serde_json::Map::from_iter([("expression".to_owned(), "1 + 1".into())]);
        let called = self.runtime.block_on(self.host.call_tool("calc", "evaluate", arguments, "call"));
        called.map(|result| result.content.len()).map_err(io::Error::other)
    }
}

/// A screen whose two streams go nowhere, and are no terminal.
pub fn null_screen() -> io::Result<Screen> {
    let null = || OpenOptions::new().write(true).open("/dev/null");
    Ok(Screen::on_files(null()?.into(), null()?.into(), OutputSettings::default()))
}
