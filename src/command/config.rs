//! `sayso config path|check|show|schema`: texts about the configuration, for the screen to print.

use serde_json::{Value, json};

use super::listing::{Listing, pretty};
use crate::cli::ListFormat;
use crate::config::{
    Choice, Config, ConfigError, ConfigFile, ConfiguredState, Environment, KeyPath, LoadOptions, Loaded, OWN_VARIABLES,
    Origin, Paths, Warning, config_place, load, load_file, schema as json_schema, value_of_setting,
};
use crate::conversation::without_error_numbers;
use crate::provider::Api;

/// What goes to stdout, and the code that the process ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub text: String,
    pub exit_code: u8,
}

/// The path of the file, whether it is there or not.
pub fn path(options: &LoadOptions, environment: &Environment) -> Result<Report, ConfigError> {
    let (path, _) = config_place(options, &Paths::new(environment), environment);
    let path = path.ok_or_else(|| ConfigError::Unusable {
        key: "HOME".into(),
        reason: "is not set, so there is no place for a configuration file".into(),
        hint: Some("set HOME or XDG_CONFIG_HOME, or name a file with --config".into()),
    })?;
    Ok(Report { text: format!("{}\n", path.display()), exit_code: 0 })
}

/// The JSON Schema of the file, for editors.
#[must_use]
pub fn schema() -> Report {
    Report { text: format!("{:#}\n", json_schema()), exit_code: 0 }
}

/// Every mistake and every warning with its place; then, where there is none, who would be asked.
#[must_use]
pub fn check(options: &LoadOptions, environment: &Environment) -> Report {
    let (path, must_exist) = config_place(options, &Paths::new(environment), environment);
    let loaded = match load_file(path, must_exist, environment) {
        Ok(loaded) => loaded,
        Err(error) => return failed(&error),
    };
    let mut text = String::new();
    let unknown = unknown_variables(environment);
    let outcome = load(&without_command(options), environment).and_then(|config| with_its_key(config, environment));
    let unset = unset_variables(&loaded, outcome.as_ref().err(), environment);
    let unusable =
        outcome.as_ref().map_or_else(|_| Vec::new(), |config| unusable_servers(&loaded, config, environment, &unset));
    for warning in loaded.warnings.iter().cloned().chain(unset).chain(unusable).chain(unknown) {
        text += &format!("warning: {warning}\n");
    }
    match outcome {
        Ok(config) => Report { text: text + &verdict(&loaded, &config), exit_code: 0 },
        Err(error) => Report { text: text + &failed(&error).text, exit_code: error.exit_code() },
    }
}

/// A key that cannot be had is a mistake here, and passed over where nobody is to be asked.
fn with_its_key(config: Config, environment: &Environment) -> Result<Config, ConfigError> {
    if let Choice::Provider(chosen) = &config.provider
        && !matches!(chosen.settings.api, Api::Demo | Api::Replay)
    {
        config.key_of(&chosen.settings.name, environment)?;
    }
    Ok(config)
}

fn failed(error: &ConfigError) -> Report {
    let words = without_error_numbers(error.to_string());
    let mut text: String = words.lines().map(|line| format!("error: {line}\n")).collect();
    if let ConfigError::Invalid { problems, .. } = error {
        text += &match problems.len() {
            1 => "1 mistake\n".to_owned(),
            count => format!("{count} mistakes\n"),
        };
    } else if let Some(hint) = error.hint() {
        text += &format!("hint: {hint}\n");
    }
    Report { text, exit_code: error.exit_code() }
}

/// Looking at the configuration starts no program, not even one that prints a key.
fn without_command(options: &LoadOptions) -> LoadOptions {
    LoadOptions { skip_key_command: true, ..options.clone() }
}

fn verdict(loaded: &Loaded, config: &Config) -> String {
    let file = match (&loaded.path, loaded.exists) {
        (Some(path), true) => format!("{}: ok", path.display()),
        (Some(path), false) => format!("{}: does not exist; the defaults count", path.display()),
        (None, _) => "no configuration file; the defaults count".to_owned(),
    };
    format!("{file}\n{}\n", who_is_asked(config))
}

fn who_is_asked(config: &Config) -> String {
    let Choice::Provider(chosen) = &config.provider else {
        return "provider: none; `sayso help config` shows how to set one up".to_owned();
    };
    let by = match chosen.origin {
        Origin::Option => "option -m",
        Origin::Variable(name) | Origin::Key(name) => name,
        Origin::StoredKey => "its stored key",
        Origin::File => "file",
    };
    let key = if chosen.missing_key.is_some() { "key missing" } else { "key" };
    // A record names its model itself.
    let model = Some(chosen.settings.model.as_str()).filter(|model| !model.is_empty()).unwrap_or("of its record");
    format!("provider: {} (from {by}), model {model}, {key}: {}", chosen.settings.name, chosen.settings.key_source)
}

/// What providers and servers want that are not asked, beside what is an error.
fn unset_variables(loaded: &Loaded, error: Option<&ConfigError>, environment: &Environment) -> Vec<Warning> {
    let mistakes = match error {
        Some(ConfigError::Invalid { problems, .. }) => problems.as_slice(),
        Some(_) | None => &[],
    };
    let unset = loaded.unset_variables(environment).into_iter().filter(|problem| !mistakes.contains(problem));
    unset
        .map(|problem| {
            let warning = Warning::new("variable_unset", problem.key, problem.reason);
            Warning { file: loaded.path.clone(), position: Some(problem.position), ..warning }
        })
        .collect()
}

/// What would be told of servers when they are used, and never before; variables that are not set are told already.
fn unusable_servers(loaded: &Loaded, config: &Config, environment: &Environment, told: &[Warning]) -> Vec<Warning> {
    let warning = |name: &str, state: ConfiguredState| {
        let ConfiguredState::Unusable(ConfigError::Unusable { key, reason, .. }) = state else { return None };
        let server = KeyPath(["mcp", "servers", name].map(str::to_owned).to_vec());
        if told.iter().any(|told| told.key.0.starts_with(&server.0)) {
            return None;
        }
        let setting = key.strip_prefix(&format!("mcp.servers.{name}.")).unwrap_or_default();
        let path = setting.split('.').fold(server, |path, name| path.join(name));
        Some(loaded.placed(Warning::new("server_unusable", path, reason)))
    };
    config.servers(environment).into_iter().filter_map(|server| warning(&server.name, server.state)).collect()
}

/// Variables of ours that we do not know are typos.
fn unknown_variables(environment: &Environment) -> Vec<Warning> {
    let unknown = environment.names().filter(|name| name.starts_with("SAYSO_") && !OWN_VARIABLES.contains(name));
    unknown
        .map(|name| {
            let reason = format!("no such environment variable is read; there are {}", OWN_VARIABLES.join(", "));
            Warning::new("environment_unknown", KeyPath(vec![name.to_owned()]), reason)
        })
        .collect()
}

/// All settings as they stand, secrets hidden.
pub fn show(format: ListFormat, options: &LoadOptions, environment: &Environment) -> Result<Report, ConfigError> {
    let (path, must_exist) = config_place(options, &Paths::new(environment), environment);
    let loaded = load_file(path, must_exist, environment)?;
    let text = match format {
        ListFormat::Table => show_yaml(&loaded, options, environment),
        ListFormat::Json => pretty(&all_settings(&loaded.file)),
        ListFormat::Jsonl | ListFormat::Tsv => {
            let mut listing = Listing { names: ["key", "value"], rows: Vec::new(), values: Vec::new() };
            list_settings(&KeyPath(Vec::new()), &all_settings(&loaded.file), &mut listing);
            listing.render(format)
        }
    };
    Ok(Report { text, exit_code: 0 })
}

fn all_settings(file: &ConfigFile) -> Value {
    serde_json::to_value(file).unwrap_or_default()
}

/// One row for each value, with the key that `config get` takes. What is empty is a value, too.
fn list_settings(key: &KeyPath, value: &Value, listing: &mut Listing<2>) {
    match value {
        Value::Object(settings) if !settings.is_empty() => {
            for (name, value) in settings {
                let mut key = key.clone();
                key.0.push(name.clone());
                list_settings(&key, value, listing);
            }
        }
        value => {
            let cell = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            listing.rows.push([key.to_string(), cell]);
            listing.values.push(json!({"key": key.to_string(), "value": value}));
        }
    }
}

/// As in the file, with a word on where each part came from.
fn show_yaml(loaded: &Loaded, options: &LoadOptions, environment: &Environment) -> String {
    let mut text = match &loaded.path {
        Some(path) if loaded.exists => format!("# file: {}\n", path.display()),
        Some(path) => format!("# file: {} (does not exist)\n", path.display()),
        None => "# file: none\n".to_owned(),
    };
    match load(&without_command(options), environment) {
        Ok(config) => {
            text += &format!("# {}\n", who_is_asked(&config));
            let history =
                config.history.path.map_or("nothing is written".to_owned(), |path| path.display().to_string());
            text += &format!("# history: {history}\n");
        }
        Err(error) => text += &format!("# cannot be used: {}\n", error.to_string().replace('\n', " ")),
    }
    for (name, section) in sections(&loaded.file) {
        let origin = if loaded.has_section(name) { "from the file, the rest defaults" } else { "defaults" };
        text += &format!("\n# {origin}\n{section}");
    }
    text
}

fn sections(file: &ConfigFile) -> [(&'static str, String); 5] {
    [
        ("chat", yaml("chat", &file.chat)),
        ("llm", yaml("llm", &file.llm)),
        ("mcp", yaml("mcp", &file.mcp)),
        ("budget", yaml("budget", &file.budget)),
        ("ui", yaml("ui", &file.ui)),
    ]
}

fn yaml(name: &str, section: &impl serde::Serialize) -> String {
    let map = std::collections::BTreeMap::from([(name, section)]);
    serde_yaml::to_string(&map).expect("sections are maps of text, numbers and lists")
}

/// One setting: text as it is, a section as YAML. What is not set is an empty line.
pub fn get(key: &str, options: &LoadOptions, environment: &Environment) -> Result<Report, ConfigError> {
    let (path, must_exist) = config_place(options, &Paths::new(environment), environment);
    let loaded = load_file(path, must_exist, environment)?;
    let value = value_of_setting(&loaded.file, &KeyPath::parse(key)?)?;
    let text = match value {
        Value::Null => "\n".to_owned(),
        Value::String(text) => format!("{text}\n"),
        Value::Bool(_) | Value::Number(_) => format!("{value}\n"),
        Value::Array(_) | Value::Object(_) => serde_yaml::to_string(&value).unwrap_or_default(),
    };
    Ok(Report { text, exit_code: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
chat:
  service: { max_tool_hops: 3 }
llm:
  providers:
    work:
      base_url: https://llm.example/v1
      model: m
      api_key: sk-canary-1
      headers: { Authorization: Bearer canary-2, X-Title: sayso, X-Key: \"${K}\" }
mcp:
  servers:
    s: { url: \"https://host/mcp?key=canary-3\", enabled: false }
    t: { command: x, env: { TOKEN: canary-4 }, enabled: false }
chat:
  service: { logging: { llm_replies: true } }
";

    fn with_file<T>(
        text: &str,
        variables: &[(&str, &str)],
        run: impl Fn(&LoadOptions, &Environment) -> T,
    ) -> (T, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.yaml");
        std::fs::write(&file, text).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let options = LoadOptions { config_file: Some(file.clone()), ..LoadOptions::default() };
        let home = [("HOME", "/h")];
        let environment = Environment::from_pairs(home.iter().chain(variables).copied());
        (run(&options, &environment), file.display().to_string())
    }

    #[test]
    fn a_check_tells_warnings_and_who_is_asked() {
        let (report, file) = with_file(FILE, &[("K", "k"), ("SAYSO_MODL", "x")], check);
        let expected = format!(
            "warning: {file}:14:1: chat: stands twice, in lines 1 and 14; both parts count\n\
             warning: {file}:15:3: chat.service: stands twice, in lines 2 and 15; both parts count\n\
             warning: SAYSO_MODL: no such environment variable is read; there are SAYSO_CONFIG, SAYSO_MODEL, SAYSO_PROVIDER, SAYSO_CONVERSATION, SAYSO_PAGER, SAYSO_ACCESSIBLE\n\
             {file}: ok\n\
             provider: work (from file), model m, key: llm.providers.work.api_key (config)\n"
        );
        assert_eq!(report, Report { text: expected, exit_code: 0 });
    }

    #[test]
    fn a_check_counts_mistakes_and_runs_nothing() {
        let (report, file) = with_file("ui: { them: dark }\nllm: { active: x }\n", &[], check);
        let expected = format!(
            "error: {file}:1:7: ui.them: is not known here; did you mean `theme`?\n\
             error: {file}:2:8: llm.active: no provider has the name \"x\"; there is none below llm.providers\n\
             2 mistakes\n"
        );
        assert_eq!(report, Report { text: expected, exit_code: 3 });

        let text = "llm: { providers: { p: { base_url: 'https://p', model: m, api_key_command: 'false' } } }";
        let (report, file) = with_file(text, &[], check);
        let expected = format!("{file}: ok\nprovider: p (from file), model m, key: api_key_command of p (not run)\n");
        assert_eq!(report, Report { text: expected, exit_code: 0 });
    }

    #[test]
    fn a_check_tells_all_variables_that_are_not_set_with_their_places() {
        let text = "\
llm:
  active: a
  providers:
    a:
      base_url: ${URL}
      model: ${MODEL:-m}
      api_key_command: echo ${NOT_OURS}
      extra_body: { top: [1, \"${TOP}\"] }
    b: { base_url: \"https://b\", api_key: \"${B_KEY}\", max_tokens: \"${MAX:-7}\" }
mcp:
  servers:
    on: { command: x, args: [a, \"${ARG}\"] }
    off: { command: \"${OFF}\", enabled: false }
";
        let unset = |name: &str| {
            format!(
                "the environment variable {name} is not set (`${{{name}:-…}}` gives a default, `$${{` stands for `${{`)"
            )
        };
        let (report, file) = with_file(text, &[], check);
        let expected = format!(
            "warning: {file}:9:42: llm.providers.b.api_key: {}\n\
             warning: {file}:12:33: mcp.servers.on.args: {}\n\
             error: {file}:5:17: llm.providers.a.base_url: {}\n\
             error: {file}:8:30: llm.providers.a.extra_body.top: {}\n\
             2 mistakes\n",
            unset("B_KEY"),
            unset("ARG"),
            unset("URL"),
            unset("TOP"),
        );
        assert_eq!(report, Report { text: expected, exit_code: 3 });
        let (report, _) = with_file(text, &[("URL", "https://a"), ("TOP", "1"), ("B_KEY", "k"), ("ARG", "a")], check);
        assert_eq!((report.exit_code, report.text.contains("warning")), (0, false), "{}", report.text);
        let (report, file) = with_file("llm: { providers: { openai: { max_tokens: \"${MAX}\" } } }", &[], check);
        assert_eq!(
            report.text,
            format!("error: {file}:1:43: llm.providers.openai.max_tokens: {}\n1 mistake\n", unset("MAX"))
        );
    }

    #[test]
    fn show_hides_every_secret_and_can_be_read_again() {
        let (report, _) = with_file(FILE, &[("K", "canary-5")], |options, environment| {
            show(ListFormat::Table, options, environment).unwrap()
        });
        assert!(!report.text.contains("canary"), "{}", report.text);
        for part in
            ["max_tool_hops: 3", "X-Title: sayso", "X-Key: ${K}", "https://host/mcp?[redacted]", "# defaults\nui:"]
        {
            assert!(report.text.contains(part), "{part}: {}", report.text);
        }
        let (again, _) = with_file(&report.text, &[("K", "k")], check);
        assert_eq!(again.exit_code, 0, "{}", again.text);
    }

    #[test]
    fn the_schema_hides_nothing_and_takes_comments() {
        let schema: serde_json::Value = serde_json::from_str(&schema().text).unwrap();
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["patternProperties"]["^x-"], true);
        assert!(schema["properties"]["llm"]["description"].as_str().is_some());
    }

    #[test]
    fn the_path_is_told_whether_the_file_is_there_or_not() {
        let environment = Environment::from_pairs([("HOME", "/h")]);
        let report = path(&LoadOptions::default(), &environment).unwrap();
        assert_eq!(report.text, "/h/.config/sayso/config.yaml\n");
    }
}
