//! `mcp add`: a new server in the configuration file, once the person has seen what it would start.

use serde_json::{Map, Value, json};

use super::change::{Target, agreed, check_name, described, exit_of};
use super::open::Stop;
use crate::cli::McpAddOptions;
use crate::command::context::Context;
use crate::config::{everybody_could_read, readable_header};
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::mcp::BUILTIN_SERVERS;

/// Runs the command; the exit code.
pub async fn run(options: &McpAddOptions, context: &mut Context) -> Result<u8, Failure> {
    exit_of(add(options, context).await)
}

async fn add(options: &McpAddOptions, context: &mut Context) -> Result<u8, Stop> {
    check_name(&options.name)?;
    let section = section(options)?;
    let mut target = Target::open(context)?;
    if target.file.mcp.servers.contains_key(&options.name) {
        let failure = Failure::usage(format!("a server named {} is set up already", options.name));
        return Err(failure.hint(format!("`sayso mcp rm {}` takes it out", options.name)).into());
    }
    // Nobody is asked about what cannot be.
    target.with(&options.name, &section, context)?;
    show_danger(context, &described(&options.name, &section));
    if BUILTIN_SERVERS.contains(&options.name.as_str()) {
        context.warn(&format!("{} is the name of a built-in server, whose place this one takes", options.name));
    }
    if !agreed("Add it?", options.yes, context).await? {
        context.note("nothing has been changed");
        return Ok(exit_code::REFUSED);
    }
    target.add(&options.name, &section, context)?;
    context.note(&format!("{} is set up in {}", options.name, target.source.path.display()));
    context.note(&format!("`sayso mcp tools {}` tries it, and lists its tools", options.name));
    Ok(exit_code::OK)
}

/// What is about to be trusted, with a word on what that means. Not even `--quiet` hides it.
pub fn show_danger(context: &mut Context, described: &str) {
    let words = "A server runs with your rights: a command can do what you can, and what a remote one\n\
                 says reaches the model. Be sure that this is what you want:\n";
    let mut text = crate::terminal::TermSafeBuf::new();
    text.push_prose(words);
    text.push_prose(described);
    context.screen.lines(text.as_safe());
}

/// The section as other hosts write it.
fn section(options: &McpAddOptions) -> Result<Map<String, Value>, Failure> {
    let mut section = Map::new();
    match (&options.url, options.command.as_slice()) {
        (Some(url), []) => {
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(Failure::usage(format!("{url:?} is no URL"))
                    .hint(format!("a command goes after `--`: `sayso mcp add {} -- {url} …`", options.name)));
            }
            section.insert("url".to_owned(), json!(url));
        }
        (None, [program, ..]) if program.trim().is_empty() => {
            return Err(Failure::usage("the command is empty; is a variable not set?"));
        }
        (None, [program, arguments @ ..]) => {
            section.insert("command".to_owned(), json!(program));
            if !arguments.is_empty() {
                section.insert("args".to_owned(), json!(arguments));
            }
        }
        (Some(_), [_, ..]) | (None, []) => {
            return Err(Failure::usage("a server is a URL, or a command after `--`")
                .hint(format!("as in `sayso mcp add {} -- npx -y some-server`", options.name)));
        }
    }
    for (key, pairs) in [("env", &options.variables), ("headers", &options.headers)] {
        if !pairs.is_empty() {
            section.insert(key.to_owned(), Value::Object(mapping(pairs)?));
        }
    }
    if let Some(folder) = &options.cwd {
        section.insert("cwd".to_owned(), json!(folder));
    }
    refuse_readable_header(&section)?;
    Ok(section)
}

/// What is refused when the server is used is not set up first.
fn refuse_readable_header(section: &Map<String, Value>) -> Result<(), Failure> {
    let headers = section.get("headers").and_then(Value::as_object).into_iter().flatten();
    let url = section.get("url").and_then(Value::as_str);
    // A variable can stand for this machine.
    let Some(url) = url.filter(|url| !url.contains("${")) else { return Ok(()) };
    let Some(header) = readable_header(url, headers.map(|(name, _)| name.as_str())) else { return Ok(()) };
    Err(Failure::usage(format!("{url} {}", everybody_could_read(header)))
        .hint("use https, or leave the header out; only a server on this machine gets it over plain http"))
}

/// `NAME=VALUE`, and `Name: value` as headers are often written.
fn mapping(pairs: &[String]) -> Result<Map<String, Value>, Failure> {
    let read = |pair: &String| {
        let at = pair.find(['=', ':']).filter(|at| *at > 0);
        let at = at.ok_or_else(|| {
            Failure::usage("a variable or header is written NAME=VALUE").hint("as in `--env 'TOKEN=${TOKEN}'`")
        })?;
        let (name, value) = (&pair[..at], &pair[at + 1..]);
        let value = if pair[at..].starts_with(':') { value.trim_start() } else { value };
        Ok((name.trim().to_owned(), json!(value)))
    };
    pairs.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: Option<&str>, command: &[&str], variables: &[&str], headers: &[&str]) -> Result<Value, String> {
        let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let options = McpAddOptions {
            name: "s".to_owned(),
            url: url.map(str::to_owned),
            command: strings(command),
            variables: strings(variables),
            headers: strings(headers),
            cwd: None,
            yes: false,
        };
        section(&options).map(Value::Object).map_err(|failure| failure.hint.unwrap_or_default())
    }

    #[test]
    fn a_server_is_written_as_everywhere() {
        assert_eq!(
            read(None, &["npx", "-y", "x"], &["A=b=c"], &[]),
            Ok(json!({ "command": "npx", "args": ["-y", "x"], "env": { "A": "b=c" } }))
        );
        assert_eq!(
            read(Some("https://x"), &[], &[], &["Authorization: Bearer ${T}", "X-A=1"]),
            Ok(json!({ "url": "https://x", "headers": { "Authorization": "Bearer ${T}", "X-A": "1" } }))
        );
        assert_eq!(
            read(Some("npx"), &[], &[], &[]),
            Err("a command goes after `--`: `sayso mcp add s -- npx …`".into())
        );
        assert!(read(None, &[], &[], &[]).is_err() && read(None, &["x"], &["=a"], &[]).is_err());
    }
}
