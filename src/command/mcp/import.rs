//! `mcp import`: servers from the files of other programs, each shown before it is taken over.

use std::path::{Path, PathBuf};

use super::add::show_danger;
use super::change::{Target, agreed, described, exit_of};
use super::foreign::{self, Foreign};
use super::open::Stop;
use crate::cli::McpImportOptions;
use crate::command::context::Context;
use crate::config::read_regular_file;
use crate::exit::Failure;

/// Larger than any such file; `~/.claude.json` keeps much else.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Where other programs keep their servers: in the folder of a project, and in the home folder.
const IN_PROJECT: [&str; 4] = [".mcp.json", ".vscode/mcp.json", ".cursor/mcp.json", ".gemini/settings.json"];
const IN_HOME: [&str; 8] = [
    ".claude.json",
    ".cursor/mcp.json",
    ".copilot/mcp-config.json",
    ".gemini/settings.json",
    ".config/Claude/claude_desktop_config.json",
    ".config/Code/User/mcp.json",
    "Library/Application Support/Claude/claude_desktop_config.json",
    "Library/Application Support/Code/User/mcp.json",
];

/// Runs the command; the exit code.
pub async fn run(options: &McpImportOptions, context: &mut Context) -> Result<u8, Failure> {
    exit_of(import(options, context).await)
}

async fn import(options: &McpImportOptions, context: &mut Context) -> Result<u8, Stop> {
    let found = find(options, context)?;
    let mut target = Target::open(context)?;
    let mut taken = 0;
    for (path, server) in &found {
        let is_known = target.file.mcp.servers.contains_key(&server.name);
        let head = format!("{}{}", path.display(), if is_known { " (set up already: left out)" } else { "" });
        if options.list || is_known {
            let text = format!("{head}\n{}{}", described(&server.name, &server.section), notices(server));
            context.screen.print(&text);
            continue;
        }
        context.note(&head);
        show_danger(context, &format!("{}{}", described(&server.name, &server.section), notices(server)));
        if agreed(&format!("Take {} over?", server.name), options.yes, context).await? {
            target.add(&server.name, &server.section, context)?;
            target.file = Target::open(context)?.file;
            taken += 1;
        }
    }
    if options.list {
        return Ok(context.show(""));
    }
    context.note(&format!("{taken} of {} taken over into {}", found.len(), target.source.path.display()));
    Ok(context.show(""))
}

fn notices(server: &Foreign) -> String {
    server.notices.iter().map(|notice| format!("    note: {notice}\n")).collect()
}

/// All servers that were asked for, with the files they stand in.
fn find(options: &McpImportOptions, context: &mut Context) -> Result<Vec<(PathBuf, Foreign)>, Failure> {
    let mut found = Vec::new();
    match &options.file {
        Some(path) => {
            let servers = read(path)?.ok_or_else(|| Failure::config(format!("{} does not exist", path.display())))?;
            found.extend(servers.into_iter().map(|server| (path.clone(), server)));
        }
        None => {
            for path in places(context) {
                match read(&path) {
                    Ok(servers) => {
                        found.extend(servers.into_iter().flatten().map(|server| (path.clone(), server)));
                    }
                    // A program that keeps its servers elsewhere, or none at all.
                    Err(failure) => context.warn(&failure.message),
                }
            }
        }
    }
    if let Some(missing) = options.servers.iter().find(|name| !found.iter().any(|(_, server)| server.name == **name)) {
        return Err(not_there(missing, &found));
    }
    if !options.servers.is_empty() {
        found.retain(|(_, server)| options.servers.contains(&server.name));
    }
    if found.is_empty() {
        return Err(
            Failure::config("no servers were found").hint("name a file, as in `sayso mcp import ~/.cursor/mcp.json`")
        );
    }
    Ok(found)
}

fn not_there(name: &str, found: &[(PathBuf, Foreign)]) -> Failure {
    let names: Vec<&str> = found.iter().map(|(_, server)| server.name.as_str()).collect();
    let failure = Failure::config(format!("no server is called {name}"));
    match names.as_slice() {
        [] => failure.hint("name a file, as in `sayso mcp import ~/.cursor/mcp.json`"),
        names => failure.hint(format!("there are {}", names.join(", "))),
    }
}

fn places(context: &Context) -> Vec<PathBuf> {
    let home = crate::config::Paths::new(&context.environment).home;
    let in_project = IN_PROJECT.iter().map(PathBuf::from);
    let in_home = home.iter().flat_map(|home| IN_HOME.iter().map(|name| home.join(name)));
    in_project.chain(in_home).filter(|path| path.exists()).collect()
}

/// `Ok(None)`: there is no such file.
fn read(path: &Path) -> Result<Option<Vec<Foreign>>, Failure> {
    let unusable = |reason: &str| Failure::config(format!("{}: {reason}", path.display()));
    let Some((bytes, _)) = read_regular_file(path, FILE_BYTES_MAX).map_err(|reason| unusable(&reason))? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).map_err(|_| unusable("is not UTF-8"))?;
    foreign::read(&text).map(Some).map_err(|reason| unusable(&reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_or_the_reason_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mcp.json");
        assert!(read(&file).unwrap().is_none());
        std::fs::write(&file, "{}").unwrap();
        assert!(read(&file).unwrap_err().message.contains("has no list of servers"));
        std::fs::write(&file, r#"{"mcpServers": {"a": {"command": "x"}}}"#).unwrap();
        assert_eq!(read(&file).unwrap().unwrap().len(), 1);
    }
}
