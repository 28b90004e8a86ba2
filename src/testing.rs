//! Doors for the fuzz targets, the benches and the integration tests. No promise is made about them.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::builtin::{BuiltinSettings, server};
use crate::config::{Environment, Source, load_source};
use crate::conversation::now_ms;
use crate::history::{
    Filter, History, Importer, PHRASE_LOOKED_AT_MAX, Page, PortableConversation, PortableMessage, Time, Wanted,
    condition,
};
use crate::http::{Asked, HttpRequest, Recorder, Secret, Tape, remember_key};
use crate::mcp::{HostSettings, Launch, McpHost, Protocol, ServerSettings};

pub use crate::conversation::{
    ConversationId, IdSource, Message, MessageId, ReasoningKind, ReplyBuilder, Role, StopReason, StreamEvent, ToolCall,
    Usage, is_hidden,
};
pub use crate::history::{DeltaKind, DeltaPersistence, Entry, FlushOutcome, HistorySettings, Journal};
pub use crate::http::{Frame, SseDecoder, SseError};
pub use crate::provider::anthropic::MessagesDecoder;
pub use crate::provider::decoder::Decode;
pub use crate::provider::gemini::GeminiDecoder;
pub use crate::provider::openai_chat::{ChatDecoder, ThinkTags};
pub use crate::provider::openai_responses::ResponsesDecoder;
pub use crate::provider::{ErrorKind, ModelFacts, ProviderError, explain_error_body, read_models};
pub use crate::session::{Flushed, Frontend, TurnEvent};
pub use crate::terminal::{
    ColorChoice, JsonFormat, JsonView, MarkdownSettings, Mode, OutputSettings, PlainView, ReplyView, Sanitizer, Screen,
    TermSafe, TermSafeBuf, ViewSettings,
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

/// A record at `path` of an answer that is being received, with a key that is looked for in all of it.
pub fn begin_record(path: &Path) -> Result<Tape, String> {
    let asked =
        Asked { provider: "p".into(), api: "openai_chat".into(), base_url: "http://a".into(), model: "m".into() };
    remember_key(&Secret::new("sk-0123456789abcdef0123456789abcdef".to_owned()));
    let request = HttpRequest {
        url: "http://a/v1".into(),
        accept: "text/event-stream",
        is_whole: false,
        bearer: None,
        headers: Vec::new(),
        body: "{}".into(),
        asked: Some(asked.clone()),
    };
    Ok(Recorder::create(path, "bench", "now")?.begin(&asked, &request))
}

/// A screen whose two streams go nowhere, and are no terminal.
pub fn null_screen() -> io::Result<Screen> {
    null_screen_with(OutputSettings::default())
}

pub fn null_screen_with(settings: OutputSettings) -> io::Result<Screen> {
    let null = || OpenOptions::new().write(true).open("/dev/null");
    Ok(Screen::on(null()?.into(), null()?.into(), settings))
}

/// Fills a history with made-up conversations of 20 messages, through the door of an import.
pub fn fill_history(path: &Path, messages: u64) -> io::Result<()> {
    const WORDS: [&str; 32] = [
        "the", "river", "stone", "green", "walks", "under", "a", "bridge", "and", "nobody", "knows", "where", "it",
        "goes", "model", "answer", "question", "light", "window", "paper", "number", "because", "water", "is", "not",
        "far", "from", "here", "garden", "table", "cloud", "of",
    ];
    const IN_CONVERSATION: u64 = 20;
    let settings = HistorySettings { path: Some(path.to_owned()), ..HistorySettings::default() };
    let mut importer = Importer::open(&settings).map_err(io::Error::other)?;
    let mut seed: u64 = 1;
    let mut text = |number: u64| {
        let mut text = String::new();
        for _ in 0..40 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(WORDS[usize::try_from(seed >> 59).unwrap_or(0)]);
            text.push(' ');
        }
        // A rare word, and one of its own.
        if number.is_multiple_of(10_007) {
            text.push_str("zebra ");
        }
        text + &format!("n{number}")
    };
    for first in (0..messages).step_by(IN_CONVERSATION.try_into().unwrap_or(1)) {
        let said = (first..(first + IN_CONVERSATION).min(messages)).map(|number| {
            let role = if number.is_multiple_of(2) { "user" } else { "assistant" };
            let time = Time(1_600_000_000_000 + i64::try_from(number).unwrap_or(0) * 60_000);
            PortableMessage {
                parent: (number > first).then(|| format!("M{}", number - 1)),
                model: Some("test:model".to_owned()),
                created: time,
                finished: Some(time),
                ..PortableMessage::new(format!("M{number}"), role, text(number))
            }
        });
        let conversation = PortableConversation::of_messages(format!("C{first}"), None, said.collect());
        importer.add(&conversation).map_err(io::Error::other)?;
    }
    importer.finish().map(drop).map_err(io::Error::other)
}

/// How many messages a history has.
pub fn stored_messages(path: &Path) -> io::Result<usize> {
    let settings = HistorySettings { path: Some(path.to_owned()), ..HistorySettings::default() };
    let condition = condition(&settings).map_err(io::Error::other)?;
    Ok(condition.map_or(0, |condition| usize::try_from(condition.messages).unwrap_or(usize::MAX)))
}

/// Searches `rounds` times, each with a history newly opened; how many hits the first page
/// has, and the time of the fastest quarter.
pub fn search_history(path: &Path, words: &str, rounds: usize) -> io::Result<(usize, Duration)> {
    let settings = HistorySettings { path: Some(path.to_owned()), ..HistorySettings::default() };
    let wanted = Wanted {
        text: words.to_owned(),
        schema: None,
        filter: Filter::default(),
        in_reasoning: false,
        in_tool_results: false,
        page: Page { offset: 0, limit: 20 },
        phrase_looked_at_max: Some(PHRASE_LOOKED_AT_MAX),
        now_ms: now_ms(),
    };
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..rounds {
        let history = History::open_read(&settings).map_err(io::Error::other)?;
        let started = Instant::now();
        found = history.find(&wanted).map_err(io::Error::other)?.hits.len();
        times.push(started.elapsed());
    }
    times.sort();
    Ok((found, times.get(rounds / 4).copied().unwrap_or_default()))
}
