//! The files in which other programs keep their servers, read into sections of ours (pure).

use serde_json::{Map, Value};

/// What is taken over as it is.
const KNOWN: [&str; 12] =
    ["type", "command", "args", "env", "cwd", "url", "headers", "disabled", "enabled", "timeout", "roots", "protocol"];
/// The same under another name: Gemini's URL, and its timeouts in milliseconds.
const HTTP_URL: &str = "httpUrl";
/// Longer than any server needs, so it counts milliseconds.
const TIMEOUT_SECONDS_MAX: u64 = 1000;

/// One server of a foreign file.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    pub name: String,
    pub section: Map<String, Value>,
    /// What is lost or has to be done by hand.
    pub notices: Vec<String>,
}

/// All servers of a file, or the reason why there are none.
pub fn read(text: &str) -> Result<Vec<Foreign>, String> {
    let value: Value = serde_json::from_str(&without_comments(text)).map_err(|error| format!("is no JSON: {error}"))?;
    let servers = ["mcpServers", "servers", "mcp_servers"].into_iter().find_map(|key| value.get(key)?.as_object());
    // VS Code also keeps them inside its settings.
    let servers = servers.or_else(|| value.get("mcp")?.get("servers")?.as_object());
    let servers = servers.ok_or("has no list of servers (`mcpServers` or `servers`)")?;
    let foreign = |(name, server): (&String, &Value)| Some(translated(name, server.as_object()?));
    Ok(servers.iter().filter_map(foreign).collect())
}

fn translated(name: &str, server: &Map<String, Value>) -> Foreign {
    let mut notices = Vec::new();
    let mut section = Map::new();
    for (key, value) in server {
        let key = if key == HTTP_URL { "url" } else { key.as_str() };
        if !KNOWN.contains(&key) {
            notices.push(format!("`{key}` is not known here and left out"));
            continue;
        }
        if value.is_null() {
            continue;
        }
        section.insert(key.to_owned(), with_variables(value, &mut notices));
    }
    if let Some(milliseconds) =
        section.get("timeout").and_then(Value::as_u64).filter(|time| *time > TIMEOUT_SECONDS_MAX)
    {
        section.insert("timeout".to_owned(), Value::from(milliseconds.div_ceil(1000)));
    }
    if section.get("type").and_then(Value::as_str).is_some_and(|kind| kind == "local") {
        section.remove("type");
    }
    Foreign { name: usable_name(name, &mut notices), section, notices }
}

/// Names here are letters, digits and a few signs.
fn usable_name(name: &str, notices: &mut Vec<String>) -> String {
    let is_usable = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let usable: String = name.chars().take(64).map(|c| if is_usable(c) { c } else { '-' }).collect();
    if usable != name {
        notices.push(format!("is called {usable} here"));
    }
    usable
}

fn with_variables(value: &Value, notices: &mut Vec<String>) -> Value {
    match value {
        Value::String(text) => Value::String(variables_of(text, notices)),
        Value::Array(items) => Value::Array(items.iter().map(|item| with_variables(item, notices)).collect()),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), with_variables(value, notices))).collect::<Map<_, _>>().into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// `${env:X}` and `${X}` are ours too; what a program asked its user for becomes a variable.
fn variables_of(text: &str, notices: &mut Vec<String>) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        result.push_str(&rest[..at]);
        let Some(end) = rest[at..].find('}') else {
            // Ours would take it for a variable without an end.
            result.push('$');
            result.push_str(&rest[at..]);
            return result;
        };
        let inner = &rest[at + 2..at + end];
        result.push_str(&variable(inner, notices));
        rest = &rest[at + end + 1..];
    }
    result + rest
}

fn variable(inner: &str, notices: &mut Vec<String>) -> String {
    let name = inner.strip_prefix("env:").unwrap_or(inner);
    let ours = |name: &str| -> String {
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
    };
    if let Some(input) = inner.strip_prefix("input:") {
        let name = ours(input);
        notices.push(format!("asks for `{input}`: set the environment variable {name} instead"));
        return format!("${{{name}}}");
    }
    match inner {
        "userHome" => "${HOME}".to_owned(),
        "workspaceFolder" | "workspaceRoot" | "cwd" => {
            notices.push(format!("`${{{inner}}}` is the folder of a project: change it by hand where `.` is wrong"));
            ".".to_owned()
        }
        _ => {
            let (variable, _) = name.split_once(":-").unwrap_or((name, ""));
            let is_name = variable.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if is_name && !variable.is_empty() {
                return format!("${{{name}}}");
            }
            notices.push(format!("`${{{inner}}}` is not known here and stays as text"));
            format!("$${{{inner}}}")
        }
    }
}

/// JSON as people keep it: comments and commas at the end are passed over. Each line stays where it is, for mistakes are
/// told with theirs.
fn without_comments(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let (mut is_text, mut is_escaped) = (false, false);
    while let Some(letter) = letters.next() {
        if is_text {
            is_text = letter != '"' || is_escaped;
            is_escaped = letter == '\\' && !is_escaped;
            clean.push(letter);
            continue;
        }
        match (letter, letters.peek()) {
            ('/', Some('/')) => while letters.next_if(|next| *next != '\n').is_some() {},
            ('/', Some('*')) => {
                letters.next();
                while let Some(inside) = letters.next() {
                    if inside == '*' && letters.next_if_eq(&'/').is_some() {
                        break;
                    }
                    clean.extend(Some(inside).filter(|inside| *inside == '\n'));
                }
            }
            ('}' | ']', _) => {
                let end = clean.trim_end().len();
                if clean[..end].ends_with(',') {
                    clean.remove(end - 1);
                }
                clean.push(letter);
            }
            _ => {
                is_text = letter == '"';
                clean.push(letter);
            }
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(server: &Value) -> (Value, Vec<String>) {
        let text = json!({ "mcpServers": { "s": server } }).to_string();
        let mut found = read(&text).unwrap();
        let foreign = found.remove(0);
        (Value::Object(foreign.section), foreign.notices)
    }

    #[test]
    fn sections_of_other_hosts_become_ours() {
        for (server, expected, notices) in [
            (
                json!({ "command": "npx", "args": ["-y", "${env:PKG}"], "env": { "K": "${K:-x}" } }),
                json!({ "command": "npx", "args": ["-y", "${PKG}"], "env": { "K": "${K:-x}" } }),
                &[][..],
            ),
            (
                json!({ "type": "http", "url": "https://x", "headers": { "Authorization": "Bearer ${input:api-key}" } }),
                json!({ "type": "http", "url": "https://x", "headers": { "Authorization": "Bearer ${API_KEY}" } }),
                &["asks for `api-key`: set the environment variable API_KEY instead"],
            ),
            (
                json!({ "httpUrl": "https://x", "timeout": 30000, "trust": true }),
                json!({ "url": "https://x", "timeout": 30 }),
                &["`trust` is not known here and left out"],
            ),
            (
                json!({ "type": "local", "command": "x", "tools": ["*"], "cwd": "${workspaceFolder}/a", "env": null }),
                json!({ "command": "x", "cwd": "./a" }),
                &[
                    "`${workspaceFolder}` is the folder of a project: change it by hand where `.` is wrong",
                    "`tools` is not known here and left out",
                ],
            ),
            (
                json!({ "command": "${userHome}/x", "args": ["${command:pick}", "$5 ${"] }),
                json!({ "command": "${HOME}/x", "args": ["$${command:pick}", "$5 $${"] }),
                &["`${command:pick}` is not known here and stays as text"],
            ),
        ] {
            let notices: Vec<String> = notices.iter().map(|notice| (*notice).to_owned()).collect();
            assert_eq!(one(&server), (expected, notices), "{server}");
        }
    }

    #[test]
    fn files_of_all_kinds_are_found_out() {
        let names =
            |text: &str| read(text).ok().map(|found| found.into_iter().map(|foreign| foreign.name).collect::<Vec<_>>());
        assert_eq!(names(r#"{"servers": {"a b": {"command": "x"}, "broken": 7}, "inputs": []}"#).unwrap(), ["a-b"]);
        assert_eq!(
            names("{\n // mine\n \"mcp\": {\"servers\": {\"a\": {\"url\": \"https://x//y\", /* z */},},},\n}").unwrap(),
            ["a"]
        );
        assert_eq!(names(r#"{"mcpServers": {}}"#).unwrap(), [""; 0]);
        assert_eq!(names(r#"{"other": 1}"#), None);
        assert_eq!(names("not json"), None);
    }

    #[test]
    fn a_mistake_in_a_file_is_told_with_its_line() {
        let text = "{ // mine\n/* a\nb */ \"mcpServers\": {\n\"a\": [1,\n],\n\"b\": oops\n}}";
        assert_eq!(read(text), Err("is no JSON: expected value at line 6 column 6".to_owned()));
        assert_eq!(read("{}"), Err("has no list of servers (`mcpServers` or `servers`)".to_owned()));
    }
}
