//! `/set` and `/provider`: what holds until one leaves, for the model and for how things are shown.

use serde_json::Value;

use super::Repl;
use crate::config::{KeyPath, THEME_NAMES, known_setting, nearest};
use crate::session::ContextPolicy;
use crate::terminal::{MarkdownSettings, Thinking, ToolNotice, UsageParts};

/// One setting of `/set`.
pub struct Setting {
    pub name: &'static str,
    /// As `/help set` tells it.
    pub takes: &'static str,
    /// What Tab offers as its values.
    pub values: &'static [&'static str],
    show: fn(&Repl<'_>) -> String,
    /// The mistake in words.
    change: fn(&mut Repl<'_>, &str) -> Result<(), String>,
}

/// Before the name of an option that only the provider knows.
pub const OPTION_PREFIX: &str = "option.";

/// As `--width` takes it.
const WIDTH_MIN: usize = 20;
const WIDTH_MAX: usize = 1000;

const ON_OFF: &[&str] = &["on", "off"];
const DEFAULT: &[&str] = &["default"];

/// One line each, for `/help set`.
#[must_use]
pub fn settings_help() -> String {
    let width = SETTINGS.iter().map(|setting| setting.name.len()).max().unwrap_or_default();
    let line = |setting: &Setting| format!("  {:width$}  {}\n", setting.name, setting.takes);
    SETTINGS.iter().map(line).collect::<String>() + "  option.NAME goes to the provider as it is\n"
}

pub static SETTINGS: &[Setting] = &[
    Setting {
        name: "temperature",
        takes: "a number from 0 to 2, or default",
        values: DEFAULT,
        show: |repl| or_default(repl.session.model.parameters.temperature),
        change: |repl, value| {
            let fits = |number: &f64| (0.0..=2.0).contains(number);
            let number = number_or_default(value, fits, "a number from 0 to 2")?;
            repl.session.model.parameters.temperature = number;
            Ok(())
        },
    },
    Setting {
        name: "max_tokens",
        takes: "a number, or default",
        values: DEFAULT,
        show: |repl| or_default(repl.session.model.parameters.max_tokens),
        change: |repl, value| {
            repl.session.model.parameters.max_tokens =
                number_or_default(value, |number| *number > 0, "a number of tokens")?;
            Ok(())
        },
    },
    Setting {
        name: "max_hops",
        takes: "a number from 0 to 1000",
        values: &[],
        show: |repl| repl.session.settings.tool_hops_max.to_string(),
        change: |repl, value| {
            repl.session.settings.tool_hops_max = number(value, |number| *number <= 1000, "a number from 0 to 1000")?;
            Ok(())
        },
    },
    Setting {
        name: "retries",
        takes: "a number from 0 to 10",
        values: &[],
        show: |repl| repl.session.settings.retries_max.to_string(),
        change: |repl, value| {
            repl.session.settings.retries_max = number(value, |number| *number <= 10, "a number from 0 to 10")?;
            Ok(())
        },
    },
    Setting {
        name: "context",
        takes: "trim, summarize, fail",
        values: &["trim", "summarize", "fail"],
        show: |repl| {
            let policy = match repl.session.settings.context {
                ContextPolicy::Trim => "trim",
                ContextPolicy::Summarize => "summarize",
                ContextPolicy::Fail => "fail",
            };
            policy.to_owned()
        },
        change: |repl, value| {
            repl.session.settings.context = match value {
                "trim" => ContextPolicy::Trim,
                "summarize" => ContextPolicy::Summarize,
                "fail" => ContextPolicy::Fail,
                _ => return Err(one_of(&["trim", "summarize", "fail"])),
            };
            Ok(())
        },
    },
    Setting {
        name: "stream",
        takes: "on, off",
        values: ON_OFF,
        show: |repl| on_off(repl.session.settings.stream),
        change: |repl, value| {
            repl.session.settings.stream = is_on(value)?;
            Ok(())
        },
    },
    Setting {
        name: "tools",
        takes: "on, off",
        values: ON_OFF,
        show: |repl| on_off(repl.session.uses_tools),
        change: |repl, value| {
            repl.session.uses_tools = is_on(value)?;
            Ok(())
        },
    },
    Setting {
        name: "thinking",
        takes: "hide, show",
        values: &["hide", "show"],
        show: |repl| if repl.view.thinking == Thinking::Show { "show".to_owned() } else { "hide".to_owned() },
        change: |repl, value| {
            repl.view.thinking = match value {
                "hide" => Thinking::Hide,
                "show" => Thinking::Show,
                _ => return Err(one_of(&["hide", "show"])),
            };
            Ok(())
        },
    },
    Setting {
        name: "markdown",
        takes: "on, off",
        values: ON_OFF,
        show: |repl| on_off(repl.view.markdown.is_some()),
        change: |repl, value| {
            repl.view.markdown = is_on(value)?.then_some(repl.markdown);
            Ok(())
        },
    },
    Setting {
        name: "theme",
        takes: "auto, light, dark, ansi, none, or the path of a theme file",
        values: &THEME_NAMES,
        show: |repl| repl.theme.clone(),
        change: |repl, value| {
            repl.theme = repl.change_theme(value).map(|()| value.to_owned())?;
            Ok(())
        },
    },
    Setting {
        name: "theme_markers",
        takes: "on, off",
        values: ON_OFF,
        show: |repl| on_off(repl.markdown.shows_markers),
        change: |repl, value| {
            let shows_markers = is_on(value)?;
            repl.change_looks(|looks| looks.shows_markers = shows_markers);
            Ok(())
        },
    },
    Setting {
        name: "links",
        takes: "on, off",
        values: ON_OFF,
        show: |repl| on_off(repl.markdown.hyperlinks),
        change: |repl, value| {
            let hyperlinks = is_on(value)?;
            repl.change_looks(|looks| looks.hyperlinks = hyperlinks);
            Ok(())
        },
    },
    Setting {
        name: "width",
        takes: "a number from 20 to 1000, or default",
        values: DEFAULT,
        show: |repl| or_default(repl.markdown.width),
        change: |repl, value| {
            let fits = |width: &usize| (WIDTH_MIN..=WIDTH_MAX).contains(width);
            let width = number_or_default(value, fits, &format!("a number from {WIDTH_MIN} to {WIDTH_MAX}"))?;
            repl.change_looks(|looks| looks.width = width);
            Ok(())
        },
    },
    Setting {
        name: "usage",
        takes: "on, off, or some of tokens,cost,time,speed,context",
        values: &["on", "off", "tokens", "tokens,cost", "tokens,cost,time,speed,context"],
        show: |repl| usage_words(repl.view.usage),
        change: |repl, value| {
            repl.view.usage = usage_parts(value)?;
            Ok(())
        },
    },
    Setting {
        name: "tool_notice",
        takes: "off, name, arguments",
        values: &["off", "name", "arguments"],
        show: |repl| {
            let notice = match repl.view.tool_notice {
                ToolNotice::Off => "off",
                ToolNotice::Name => "name",
                ToolNotice::NameAndArguments => "arguments",
            };
            notice.to_owned()
        },
        change: |repl, value| {
            repl.view.tool_notice = match value {
                "off" => ToolNotice::Off,
                "name" => ToolNotice::Name,
                "arguments" => ToolNotice::NameAndArguments,
                _ => return Err(one_of(&["off", "name", "arguments"])),
            };
            Ok(())
        },
    },
    Setting {
        name: "timing",
        takes: "on, off",
        values: ON_OFF,
        show: |repl| on_off(repl.view.timing),
        change: |repl, value| {
            repl.view.timing = is_on(value)?;
            Ok(())
        },
    },
    Setting {
        name: "verbose",
        takes: "on, off",
        values: ON_OFF,
        show: |repl| on_off(repl.view.verbose),
        change: |repl, value| {
            repl.view.verbose = is_on(value)?;
            Ok(())
        },
    },
];

impl Repl<'_> {
    pub(super) fn set(&mut self, key: Option<&str>, value: Option<&str>) {
        let Some(key) = key else { return self.show_settings() };
        if let Some(name) = key.strip_prefix(OPTION_PREFIX).filter(|name| !name.is_empty()) {
            return self.set_option(name, value);
        }
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == key) else {
            return self.fail("usage", &unknown_setting(key));
        };
        if let Some(value) = value
            && let Err(mistake) = (setting.change)(self, value)
        {
            return self.fail("usage", &format!("{key} has to be {mistake}"));
        }
        self.session.publish_settings();
        let now = (setting.show)(self);
        self.note(&format!("{key} is {now}"));
    }

    /// Answers that are rendered now, and those that will be.
    /// The terminal has told its background: that decides where the person has not.
    pub(super) fn fit_theme(&mut self) {
        if self.theme == "auto" {
            // A name that was good once is good again.
            let _ = self.change_theme("auto");
        }
    }

    fn change_theme(&mut self, written: &str) -> Result<(), String> {
        let theme = self.services.theme(written, self.input.has_light_background())?;
        self.change_looks(|looks| looks.theme = theme);
        self.style = self.style.as_ref().map(|_| theme.prompt_style());
        Ok(())
    }

    fn change_looks(&mut self, change: impl FnOnce(&mut MarkdownSettings)) {
        change(&mut self.markdown);
        self.view.markdown = self.view.markdown.map(|_| self.markdown);
    }

    fn show_settings(&mut self) {
        let width = SETTINGS.iter().map(|setting| setting.name.len()).max().unwrap_or_default();
        let line = |name: &str, value: &str| format!("{name:width$}  {value}\n");
        let mut text: String = SETTINGS.iter().map(|setting| line(setting.name, &(setting.show)(self))).collect();
        for (name, value) in &self.session.model.parameters.extra {
            text.push_str(&line(&format!("{OPTION_PREFIX}{name}"), &value.to_string()));
        }
        self.tell(&text);
        self.note("/set KEY VALUE changes one until you leave; /set option.NAME VALUE is for the provider alone");
    }

    /// An option that goes out as it is, as `-o NAME=VALUE`.
    fn set_option(&mut self, name: &str, value: Option<&str>) {
        if ["model", "messages", "stream"].contains(&name) {
            return self.fail("usage", &format!("{name} is always set by sayso itself"));
        }
        if let Some((bare, _)) = name.split_once('=') {
            return self
                .fail("usage", &format!("an option and its value stand apart: /set {OPTION_PREFIX}{bare} VALUE"));
        }
        let extra = &mut self.session.model.parameters.extra;
        match value {
            Some("default") => {
                extra.remove(name);
            }
            Some(text) => {
                let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
                extra.insert(name.to_owned(), value);
            }
            None => {}
        }
        let now = extra.get(name).map_or_else(|| "default".to_owned(), Value::to_string);
        self.note(&format!("{OPTION_PREFIX}{name} is {now}"));
    }

    /// Without a name all providers, else the one that is asked from now on, with its own model.
    pub(super) fn change_provider(&mut self, name: Option<String>) {
        let providers = self.services.providers();
        let Some(name) = name else {
            let current = self.session.model.label.split(':').next().unwrap_or_default();
            let line = |(name, model): &(String, String)| {
                let mark = if name == current { "*" } else { " " };
                format!("{mark} {name}  {model}").trim_end().to_owned() + "\n"
            };
            let lines: String = providers.iter().map(line).collect();
            return self.tell(&lines);
        };
        if !self.services.is_provider(&name) {
            let meant = nearest(&name, providers.iter().map(|(name, _)| name.as_str()));
            let advice = meant.map_or_else(
                || "; /provider lists those that are set up".to_owned(),
                |meant| format!("; did you mean {meant}?"),
            );
            return self.fail("usage", &format!("no provider is called {name}{advice}"));
        }
        self.change_model(Some(format!("{name}:")));
    }
}

fn unknown_setting(key: &str) -> String {
    if key.contains('.') && known_setting(&KeyPath::of(key)).is_ok() {
        return format!(
            "{key} holds from the next start; `sayso config set {key} VALUE` changes it, /set lists the others"
        );
    }
    match nearest(key, SETTINGS.iter().map(|setting| setting.name)) {
        Some(name) => format!("there is no setting {key}; did you mean {name}?"),
        None => format!("there is no setting {key}; /set lists them, and /set option.{key} VALUE is for the provider"),
    }
}

fn or_default(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "default".to_owned(), |value| value.to_string())
}

fn number<T: std::str::FromStr>(value: &str, fits: impl Fn(&T) -> bool, wanted: &str) -> Result<T, String> {
    value.parse().ok().filter(fits).ok_or_else(|| wanted.to_owned())
}

fn number_or_default<T: std::str::FromStr>(
    value: &str,
    fits: impl Fn(&T) -> bool,
    wanted: &str,
) -> Result<Option<T>, String> {
    if value == "default" {
        return Ok(None);
    }
    number(value, fits, wanted).map(Some).map_err(|wanted| format!("{wanted}, or `default`"))
}

fn on_off(is_on: bool) -> String {
    if is_on { "on".to_owned() } else { "off".to_owned() }
}

fn is_on(value: &str) -> Result<bool, String> {
    match value {
        "on" | "true" | "yes" => Ok(true),
        "off" | "false" | "no" => Ok(false),
        _ => Err(one_of(ON_OFF)),
    }
}

fn one_of(words: &[&str]) -> String {
    format!("one of {}", words.join(", "))
}

fn usage_words(usage: UsageParts) -> String {
    let parts = [
        (usage.tokens, "tokens"),
        (usage.cost, "cost"),
        (usage.time, "time"),
        (usage.speed, "speed"),
        (usage.context, "context"),
    ];
    let words: Vec<&str> = parts.into_iter().filter_map(|(is_on, word)| is_on.then_some(word)).collect();
    if words.is_empty() { "off".to_owned() } else { words.join(",") }
}

fn usage_parts(value: &str) -> Result<UsageParts, String> {
    match value {
        "on" => return Ok(UsageParts::ALL),
        "off" => return Ok(UsageParts::NONE),
        _ => {}
    }
    let mut usage = UsageParts::NONE;
    for word in value.split([',', ' ']).filter(|word| !word.is_empty()) {
        match word {
            "tokens" => usage.tokens = true,
            "cost" => usage.cost = true,
            "time" => usage.time = true,
            "speed" => usage.speed = true,
            "context" => usage.context = true,
            _ => return Err("on, off, or some of tokens,cost,time,speed,context".to_owned()),
        }
    }
    Ok(usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_usage_line_are_named() {
        assert_eq!(usage_words(usage_parts("cost, tokens").unwrap()), "tokens,cost");
        assert_eq!(usage_words(usage_parts("on").unwrap()), "tokens,cost,time,speed,context");
        assert_eq!(usage_words(usage_parts("off").unwrap()), "off");
        assert!(usage_parts("price").is_err());
    }

    #[test]
    fn a_setting_nobody_knows_is_guessed() {
        assert_eq!(unknown_setting("temprature"), "there is no setting temprature; did you mean temperature?");
        assert!(unknown_setting("top_p").contains("/set option.top_p VALUE"));
    }

    #[test]
    fn numbers_have_limits() {
        assert_eq!(number_or_default("default", |_: &f64| false, "x"), Ok(None));
        assert_eq!(number_or_default("0.5", |number: &f64| *number < 1.0, "x"), Ok(Some(0.5)));
        assert_eq!(number_or_default("NaN", |number: &f64| *number < 1.0, "x"), Err("x, or `default`".to_owned()));
        assert_eq!(number("-1", |_: &u32| true, "a number"), Err("a number".to_owned()));
    }
}
