//! What a person who writes a configuration gets to see: whole files in, messages out.

use std::path::{Path, PathBuf};

use super::file::StorageType;
use super::source::Source;
use super::{Choice, ConfigError, ConfigFile, ConfiguredState, Environment, LoadOptions, Loaded, load, loaded, schema};
use crate::history::DeltaPersistence;
use crate::provider::Api;

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    read_with_mode(text, 0o600, variables)
}

fn read_with_mode(text: &str, mode: u32, variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let source = Source { path: "c.yaml".into(), text: text.to_owned(), mode: Some(mode) };
    loaded::load_source(&source, &Environment::from_pairs(variables.iter().copied()))
}

fn mistakes(text: &str) -> Vec<String> {
    match read(text, &[]) {
        Ok(_) => Vec::new(),
        Err(error) => error.to_string().lines().map(str::to_owned).collect(),
    }
}

#[test]
fn mistakes_are_told_all_at_once_with_their_places() {
    let text = "\
chat:
  service:
    max_tol_hops: 8
    streaming: { enabled: yes }
    tools: [a]
    persistence: { interval_ms: 5 }
  storage:
    type: auto_presist
llm:
  active: openai
  active: groq
  providers:
    c:
      api: openai_chat
      base_url: 42
      temperature: 3
      max_tokens: lots
      api_key: 123456
      key: sk-secret
      url: https://c
      headers: { X-Title: ~, X-Number: 7 }
  max_tool_hops: 9
  http: { connect_timeout_ms: 0, roots: ~ }
  fallback: [a, 7]
x-mine: { anything: [goes] }
uii: {}
nonsense_at_all: 1
ui: { markdown: ~, color: 1 }
";
    assert_eq!(
        mistakes(text),
        [
            "c.yaml:3:5: chat.service.max_tol_hops: is not known here; did you mean `max_tool_hops`?",
            "c.yaml:4:27: chat.service.streaming.enabled: has to be true or false, got \"yes\"",
            "c.yaml:5:12: chat.service.tools: has to be a mapping (`name: value` lines), got a list",
            "c.yaml:6:5: chat.service.persistence: is not known here; known are context, logging, max_tool_hops, streaming, system_prompt, tool_notifications, tools",
            "c.yaml:8:11: chat.storage.type: has to be one of auto_persist, memory, got \"auto_presist\"; did you mean `auto_persist`?",
            "c.yaml:11:3: llm.active: stands twice, in lines 10 and 11; only one can count",
            "c.yaml:15:17: llm.providers.c.base_url: has to be text, got the number 42; put it in quotes",
            "c.yaml:16:20: llm.providers.c.temperature: has to be 0 to 2, got 3",
            "c.yaml:17:19: llm.providers.c.max_tokens: has to be a whole number, got \"lots\"",
            "c.yaml:18:16: llm.providers.c.api_key: has to be text, got something else; put it in quotes",
            "c.yaml:19:7: llm.providers.c.key: is not known here; did you mean `api_key`?",
            "c.yaml:20:7: llm.providers.c.url: is not known here; did you mean `base_url`?",
            "c.yaml:21:27: llm.providers.c.headers.X-Title: has to be text, got nothing",
            "c.yaml:21:40: llm.providers.c.headers.X-Number: has to be text, got something else; put it in quotes",
            "c.yaml:22:3: llm.max_tool_hops: is not known here; did you mean `chat.service.max_tool_hops`?",
            "c.yaml:23:31: llm.http.connect_timeout_ms: has to be 1 to 3600000, got 0",
            "c.yaml:24:17: llm.fallback: has to be text, got the number 7; put it in quotes",
            "c.yaml:26:1: uii: is not known here; did you mean `ui`?",
            "c.yaml:27:1: nonsense_at_all: is not known here; known are budget, chat, llm, mcp, ui",
            "c.yaml:28:27: ui.color: has to be one of always, never, auto, got the number 1",
        ]
    );
}

#[test]
fn mistakes_of_type_and_of_meaning_are_told_together() {
    let text = "llm:\n  active: nobody\n  providers:\n    c: { base_url: ftp://c, model: m, temperature: hot }\n    d: { base_url: 7 }\n";
    assert_eq!(
        mistakes(text),
        [
            "c.yaml:2:3: llm.active: no provider has the name \"nobody\"; there are c, d",
            "c.yaml:4:10: llm.providers.c.base_url: has to begin with https:// or http://",
            "c.yaml:4:52: llm.providers.c.temperature: has to be a number, got \"hot\"",
            "c.yaml:5:20: llm.providers.d.base_url: has to be text, got the number 7; put it in quotes",
        ]
    );
}

#[test]
fn a_file_that_is_no_configuration_says_so() {
    for (text, expected) in [
        ("just words", "c.yaml:1:1: has to be a mapping (`name: value` lines), got \"just words\""),
        ("- a\n", "c.yaml:1:1: has to be a mapping (`name: value` lines), got a list"),
        ("ui: {theme: auto", "c.yaml:2:1: not YAML: while parsing a flow mapping, did not find expected ',' or '}'"),
        ("{\"mcpServers\": {}}", "c.yaml:1:2: mcpServers: is not known here; did you mean `mcp.servers`?"),
    ] {
        assert_eq!(mistakes(text), [expected], "{text}");
    }
    for text in ["", "# nothing\n", "---\n", "~", "chat:\nllm:\nmcp:\nui:\n", "chat: {service: ~}"] {
        assert_eq!(read(text, &[]).unwrap().file, ConfigFile::default(), "{text:?}");
    }
}

#[test]
fn a_secret_is_never_shown() {
    let secret = "sk-or-v1-0123456789abcdef";
    for text in [
        format!("llm: {{providers: {{openai: {secret}}}}}"),
        format!("llm: {{providers: {{openai: {{api_key: [{secret}]}}}}}}"),
        format!("llm: {{providers: {{openai: {{api: {secret}}}}}}}"),
        format!("llm: {{providers: {{openai: {{api_key_env: {secret}, max_tokens: {secret}}}}}}}"),
        format!("llm: {{providers: {{openai: {{token: {secret}, headers: {{A: [{secret}], B: \"{secret}\\n\"}}}}}}}}"),
        format!("mcp: {{servers: {{a: {{command: x, env: {{A: {{b: {secret}}}}}}}}}}}"),
    ] {
        let told = mistakes(&text);
        assert!(!told.is_empty() && !told.concat().contains(secret), "{told:?}");
    }
    let loaded = read(&format!("llm: {{providers: {{openai: {{api_key: {secret}}}}}}}"), &[]).unwrap();
    assert!(!format!("{loaded:?}").contains(secret));
    assert!(!serde_yaml::to_string(&loaded.file).unwrap().contains(secret));
}

#[test]
fn a_missing_variable_matters_where_it_is_used() {
    let lazy = "llm: {active: a, providers: {a: {base_url: 'https://a', model: m}, b: {base_url: '${B_URL}', api_key: '${B_KEY}'}}}";
    assert!(read(lazy, &[]).is_ok());
    assert_eq!(
        mistakes("chat:\n  service:\n    system_prompt: Hello ${NAME}\n"),
        [
            "c.yaml:3:20: chat.service.system_prompt: the environment variable NAME is not set (`${NAME:-…}` gives a default, `$${` stands for `${`)"
        ]
    );
    let prompt = |variables: &[(&str, &str)]| {
        read("chat: {service: {system_prompt: 'Hello ${NAME:-you}'}}", variables)
            .unwrap()
            .file
            .chat
            .service
            .system_prompt
    };
    assert_eq!(prompt(&[("NAME", "42")]), Some("Hello 42".into()));
    assert_eq!(prompt(&[]), Some("Hello you".into()));
}

#[test]
fn a_variable_takes_the_type_that_is_wanted() {
    let text = "chat: {service: {max_tool_hops: '${HOPS}', system_prompt: '${HOPS}', streaming: {enabled: '${ON:-false}'}}}\nllm: {providers: {c: {api: '${API:-openai_chat}', base_url: 'https://c', model: '${HOPS}', temperature: '${T:-0.5}'}}}";
    let file = read(text, &[("HOPS", "12")]).unwrap().file;
    assert_eq!((file.chat.service.max_tool_hops, file.chat.service.streaming.enabled), (12, false));
    assert_eq!(file.chat.service.system_prompt, Some("12".into()));
    let provider = &file.llm.providers["c"];
    assert_eq!(
        (provider.api, provider.temperature, provider.model.as_deref()),
        (Some(Api::OpenaiChat), Some(0.5), Some("${HOPS}"))
    );
    let told = read(text, &[("HOPS", "many"), ("T", "9")]).unwrap_err().to_string();
    assert_eq!(
        told.lines().collect::<Vec<_>>(),
        [
            "c.yaml:1:33: chat.service.max_tool_hops: has to be a whole number, got \"many\"",
            "c.yaml:2:105: llm.providers.c.temperature: has to be 0 to 2, got 9",
        ]
    );
}

#[test]
fn a_key_in_a_file_that_others_can_touch_is_told_or_refused() {
    let text = "llm:\n  providers:\n    openai:\n      api_key: sk-1\n";
    let warnings = |text: &str, mode| -> Vec<String> {
        read_with_mode(text, mode, &[]).unwrap().warnings.iter().map(ToString::to_string).collect()
    };
    assert_eq!(warnings(text, 0o600), Vec::<String>::new());
    assert_eq!(
        warnings(text, 0o640),
        [
            "c.yaml:4:7: llm.providers.openai.api_key: others may read this file with a key in it (mode 0640); run `chmod 600 c.yaml`"
        ]
    );
    assert_eq!(
        read_with_mode(text, 0o666, &[]).unwrap_err().to_string(),
        "c.yaml:4:7: llm.providers.openai.api_key: others may change this file with a key in it (mode 0666); run `chmod 600 c.yaml`"
    );
    assert_eq!(warnings("llm: {providers: {openai: {api_key: '${K}'}}}", 0o666), Vec::<String>::new());
}

/// The layout of the guide's quick reference: `chat:` stands twice in it.
const QUICK_REFERENCE: &str = "\
# How answers are streamed
chat:
  service:
    streaming:
      enabled: true
      persistence:
        persist_deltas: false
        interval_ms: 200
        min_chars: 1024

# How conversations are stored
chat:
  storage:
    type: auto_persist
    persistence:
      db_path: \"chat_history.db\"
      retention:
        max_age_hours: 24
        max_messages: 1000
        max_sessions: 50
        cleanup_interval_minutes: 2

llm:
  active: openai
  providers:
    openai:
      base_url: \"https://api.openai.com/v1\"
      model: \"gpt-4o-mini\"
      temperature: 0.7
      max_tokens: 4096
";

/// The layout of the guide's reference of all settings.
const REFERENCE: &str = "\
chat:
  service:
    system_prompt: |
      You are a helpful assistant.
      Use tools where they help.
    max_tool_hops: 8
    streaming:
      enabled: true
      persistence: { persist_deltas: true, interval_ms: 100, min_chars: 512 }
    tools: { max_parallel: 4, timeout_seconds: 60, result_bytes_max: 1048576 }
    tool_notifications:
      enabled: true
      show_args: true
    logging:
      llm_replies: true
      tool_execution: true
      system_prompt: true
  storage:
    type: \"auto_persist\"
    persistence:
      db_path: history.db
      retention:
        max_age_hours: null
        max_messages: null
        max_sessions: null
        cleanup_interval_minutes: 2
    saved_sessions:
      max_age_hours: null
      max_sessions: 100
llm:
  active: openrouter
  providers:
    openrouter:
      api: openai_chat
      base_url: https://openrouter.ai/api/v1
      model: openai/gpt-4o-mini
      temperature: 0.7
      max_tokens: 4096
      api_key_env: OPENROUTER_API_KEY
  http: { http2: true, max_connections: 100, max_keepalive_connections: 20, trust_env: false, connect_timeout_ms: 10000, idle_timeout_ms: 120000, prewarm: true, compression: false }
mcp: { servers: {} }
";

#[test]
fn a_configuration_written_for_the_guide_loads_unchanged() {
    let loaded = read(QUICK_REFERENCE, &[]).unwrap();
    assert_eq!(loaded.file.chat.storage.persistence.retention.max_messages, Some(1000));
    assert_eq!(loaded.file.chat.service.streaming.persistence, DeltaPersistence::default());
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["c.yaml:12:1: chat: stands twice, in lines 2 and 12; both parts count"]);

    let loaded = read(REFERENCE, &[]).unwrap();
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.file.chat.service.streaming.persistence.min_chars, 512);
    assert_eq!(loaded.file.chat.storage.kind, StorageType::AutoPersist);
    assert_eq!(loaded.file.llm.http, crate::http::HttpSettings::default());
}

fn in_repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_presets_are_those_of_the_guide() {
    for (name, persist_deltas, interval_ms, min_chars) in
        [("fastest", false, 1000, 2048), ("balanced", true, 200, 1024), ("reliable", true, 100, 512)]
    {
        let text = std::fs::read_to_string(in_repository(&format!("examples/config.{name}.yaml"))).unwrap();
        let mut expected = ConfigFile::default();
        expected.chat.service.streaming.persistence = DeltaPersistence { persist_deltas, interval_ms, min_chars };
        let loaded = read(&text, &[]).unwrap();
        assert_eq!((loaded.file, loaded.warnings), (expected, Vec::new()), "{name}");
    }
}

#[test]
fn the_example_has_every_setting_with_its_default() {
    let text = std::fs::read_to_string(in_repository("config.example.yaml")).unwrap();
    let loaded = read(&text, &[]).unwrap();
    assert_eq!((loaded.file, loaded.warnings), (ConfigFile::default(), Vec::new()));

    // The commented lines are settings too, with values that could be used.
    let opened = text.replace("providers: {}", "providers:").replace("servers: {}", "servers:");
    let uncommented: String = opened.lines().map(uncomment).collect();
    let told = read(&uncommented, &[]).map_or_else(|error| error.to_string(), |_| String::new());
    // Some of them stand for each other, and some are for another `api` than the first one.
    let is_choice = |line: &&str| line.contains("only one of them can count") || line.contains("without `api: replay`");
    let wrong: Vec<&str> = told.lines().filter(|line| !is_choice(line)).collect();
    assert_eq!(wrong, Vec::<&str>::new());

    let tree = super::tree::parse(&uncommented).unwrap();
    let schema = schema();
    for (path, _) in super::schema::all_settings(&schema) {
        let mut node = tree.root.as_ref().unwrap();
        for name in &path {
            // What the user names is there under the first name that the example gives, or not at all.
            let entry = node.entries().iter().find(|entry| entry.key == *name || name == "NAME");
            match entry {
                Some(entry) => node = &entry.value,
                None if name == "NAME" => break,
                None => panic!("{} is not in config.example.yaml", path.join(".")),
            }
        }
    }
}

/// `#   name: value` is a setting, `#     # words` and `# words` are words.
fn uncomment(line: &str) -> String {
    let inner = line.strip_prefix("  #").filter(|rest| rest.starts_with("   "));
    match inner {
        Some(rest) if !rest.trim_start().starts_with('#') => format!("  {}\n", &rest[1..]),
        Some(_) => "\n".into(),
        None => format!("{line}\n"),
    }
}

#[test]
fn one_question_needs_nothing_but_an_address() {
    let environment = Environment::from_pairs([("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1"), ("HOME", "/nowhere")]);
    let options = LoadOptions { model: Some("ttft".into()), ..LoadOptions::default() };
    let config = load(&options, &environment).unwrap();
    let Choice::Provider(chosen) = &config.provider else { panic!("no provider") };
    assert_eq!((chosen.settings.name.as_str(), chosen.settings.model.as_str()), ("openai", "ttft"));
    assert_eq!(chosen.missing_key, None);
    assert_eq!(config.history.path, Some("/nowhere/.local/share/sayso/history.db".into()));
    assert_eq!(config.warnings, Vec::new());
    assert!(matches!(
        load(&LoadOptions::default(), &Environment::from_pairs([("HOME", "/nowhere")])).unwrap().provider,
        Choice::NoProvider
    ));
}

#[test]
fn options_win_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.yaml");
    let text = "chat: {service: {system_prompt: file, max_tool_hops: 3}, storage: {persistence: {db_path: a.db, mmap_mb: 64}}}\nllm: {http: {ca_file: ca.pem}, providers: {c: {base_url: 'https://c', model: m}}}\nmcp: {servers: {s: {command: x}}}";
    std::fs::write(&file, text).unwrap();
    let home = folder.path().to_str().unwrap();
    let environment =
        Environment::from_pairs([("HOME", home), ("SAYSO_CONFIG", file.to_str().unwrap()), ("SAYSO_MODEL", "env")]);

    let config = load(&LoadOptions::default(), &environment).unwrap();
    let Choice::Provider(chosen) = &config.provider else { panic!("no provider") };
    assert_eq!(chosen.settings.model, "env");
    assert_eq!(
        (config.chat.system_prompt.as_deref(), config.chat.max_tool_hops, config.chat.streaming),
        (Some("file"), 3, true)
    );
    assert_eq!(config.history.path, Some(folder.path().join(".local/share/sayso/a.db")));
    assert_eq!((config.history.mmap_mb, config.http.ca_file.clone()), (64, Some(folder.path().join("ca.pem"))));
    assert_eq!(config.warnings, []);
    let servers = config.servers(&environment);
    assert!(
        matches!(servers.as_slice(), [server] if matches!(server.state, ConfiguredState::External(_))),
        "{servers:?}"
    );

    let options = LoadOptions {
        model: Some("c:flag".into()),
        system: Some("flag".into()),
        no_save: true,
        no_stream: true,
        max_tool_hops: Some(1),
        ..LoadOptions::default()
    };
    let config = load(&options, &environment).unwrap();
    let Choice::Provider(chosen) = &config.provider else { panic!("no provider") };
    assert_eq!(chosen.settings.model, "flag");
    assert_eq!(
        (config.chat.system_prompt.as_deref(), config.chat.max_tool_hops, config.chat.streaming),
        (Some("flag"), 1, false)
    );
    assert_eq!(config.history.path, None);

    let missing = LoadOptions { config_file: Some(folder.path().join("none.yaml")), ..LoadOptions::default() };
    let error = load(&missing, &environment).unwrap_err();
    assert_eq!(
        (error.exit_code(), error.to_string()),
        (3, format!("{}: does not exist", folder.path().join("none.yaml").display()))
    );
}

proptest::proptest! {
    /// Pieces of configurations in any order: an answer or a message, never a panic, never a secret.
    #[test]
    fn any_text_is_read_or_refused(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
        let text = pieces.concat();
        if let Err(error) = read(&text, &[("A", "1")]) {
            let told = error.to_string();
            proptest::prop_assert!(!told.is_empty() && !told.contains("sk-canary-0123456789"), "{}", told);
        }
    }
}

const PIECES: &[&str] = &[
    "chat:",
    "service:",
    "llm:",
    "providers:",
    "headers:",
    "env:",
    "active:",
    "a:",
    "x-a:",
    "temperature:",
    "- ",
    "\n",
    "\n  ",
    "\n    ",
    "\n      ",
    " ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "&a ",
    "*a",
    "<<: ",
    "\"",
    "'",
    "|",
    ">",
    "#",
    "---",
    "...",
    "!!str ",
    "!x ",
    "? ",
    "${A}",
    "${B:-",
    "$${",
    "~",
    "1",
    "1e999",
    "true",
    "é",
    "\u{FEFF}",
    "%YAML",
    "@",
    "api_key: sk-canary-0123456789",
    "api: sk-canary-0123456789",
    "streaming: sk-canary-0123456789",
];
