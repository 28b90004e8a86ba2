//! The options of `mcp`: servers of the Model Context Protocol, used and set up from the shell.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{ListFormat, parse_duration};

const CALL_EXAMPLES: &str = "\
Examples:
  sayso mcp call time now timezone=Europe/Paris
  sayso mcp call files read path=README.md > copy.md
  sayso mcp call github search --json '{\"query\": \"is:open\", \"limit\": 5}'
  jq '{query: .q}' request.json | sayso mcp call github search -
  sayso mcp call charts draw data=[1,2,3] --output chart.png

A value is read as the tool's schema wants it: a number, a list, or else the text itself.
stdout holds the text of the result and nothing else; `--format json` has all of it.
Calling by hand needs no approval; what the rules deny stays denied (exit 10). A tool that
reports a failure ends with 8.";

const ADD_EXAMPLES: &str = "\
Examples:
  sayso mcp add memory -- npx -y @modelcontextprotocol/server-memory
  sayso mcp add docs https://docs.example.com/mcp --header 'Authorization=Bearer ${DOCS_TOKEN}'
  sayso mcp add db --env 'URL=${DB_URL}' --yes -- /opt/bin/db-server --read-only

The server is written to the configuration file; everything else in it stays as it is.
A command runs with your rights: add only what you would start yourself.";

const IMPORT_EXAMPLES: &str = "\
Without FILE the usual places are looked at: .mcp.json, .vscode/mcp.json, .cursor/mcp.json and
.gemini/settings.json here, and the files of Claude, Cursor, Copilot, Gemini and VS Code in your
home folder.

Examples:
  sayso mcp import --list
  sayso mcp import ~/.cursor/mcp.json
  sayso mcp import .vscode/mcp.json --server github --yes";

const EXERCISE_EXAMPLES: &str = "\
Lists tools, resources and prompts, calls every tool with arguments made from its schema, reads
every resource and fills in every prompt. Questions of the server are answered with what it
proposes itself. A page to sign in at is fetched, and has to send us back by itself, as the pages
of test servers do. Ends with 0 when everything was answered, else with 8.

Only for servers of your own: their tools do whatever they do.

Examples:
  sayso mcp exercise http://localhost:3000/mcp
  sayso mcp exercise memory --format json";

#[derive(Clone, Debug, Subcommand)]
pub enum McpCommand {
    /// List the servers that are set up
    List(McpListOptions),
    /// List the tools of a server, or of all
    Tools(McpServersOptions),
    /// List what can be read from a server, or from all
    Resources(McpServersOptions),
    /// List the prompts of a server, or of all
    Prompts(McpServersOptions),
    /// Call a tool, without any model
    Call(Box<McpCallOptions>),
    /// Print a resource
    Read(McpReadOptions),
    /// Fill in a prompt of a server and print its messages
    #[command(visible_alias = "get")]
    Prompt(McpPromptOptions),
    /// Set up a server in the configuration file
    Add(McpAddOptions),
    /// Take a server out of the configuration file
    Rm(McpRmOptions),
    /// Take over servers from the files of other programs
    Import(McpImportOptions),
    /// Sign in to a remote server
    Login(McpLoginOptions),
    /// Forget how to sign in to a remote server, and have its tokens revoked
    Logout(McpLogoutOptions),
    /// Trust the .mcp.json of this project, or the changed tools of a server
    Trust(McpTrustOptions),
    /// Be a server: offer built-in tools to other programs, over stdin and stdout
    Serve(McpServeOptions),
    /// Use everything that a server offers, to see whether it answers: for those who write servers
    Exercise(McpExerciseOptions),
}

#[derive(Args, Clone, Debug)]
pub struct McpListOptions {
    /// Connect to each of them, to see whether it works and what it speaks
    #[arg(long)]
    pub connect: bool,

    /// How to write the list
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,
}

#[derive(Args, Clone, Debug)]
pub struct McpServersOptions {
    /// Only of this server
    #[arg(value_name = "SERVER")]
    pub server: Option<String>,

    /// How to write the list
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = CALL_EXAMPLES)]
pub struct McpCallOptions {
    /// The server, as `sayso mcp list` names it
    #[arg(value_name = "SERVER")]
    pub server: String,

    /// The tool, as `sayso mcp tools` names it
    #[arg(value_name = "TOOL")]
    pub tool: String,

    /// Arguments; `-` alone: they are the JSON object on stdin
    #[arg(value_name = "KEY=VALUE|-", conflicts_with = "json")]
    pub arguments: Vec<String>,

    /// The arguments as one JSON object
    #[arg(long, value_name = "OBJECT")]
    pub json: Option<String>,

    /// `text`, or all of the result as JSON
    #[arg(long, value_enum, default_value = "text")]
    pub format: ResultFormat,

    /// Write an image or other data of the result to this file
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Answer the server's questions with their defaults instead of declining them
    #[arg(long)]
    pub accept_defaults: bool,

    /// Give up after this time, as in 120s or 2m
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ResultFormat {
    /// The text of it
    Text,
    /// One object with everything
    Json,
}

#[derive(Args, Clone, Debug)]
pub struct McpReadOptions {
    /// The server, as `sayso mcp list` names it
    #[arg(value_name = "SERVER")]
    pub server: String,

    /// The address, as `sayso mcp resources` lists it
    #[arg(value_name = "URI")]
    pub uri: String,

    /// `text`, or all of the resource as JSON
    #[arg(long, value_enum, default_value = "text")]
    pub format: ResultFormat,

    /// Write the resource to this file
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub struct McpPromptOptions {
    /// The server, as `sayso mcp list` names it
    #[arg(value_name = "SERVER")]
    pub server: String,

    /// The prompt, as `sayso mcp prompts` names it
    #[arg(value_name = "NAME")]
    pub name: String,

    /// What to fill in
    #[arg(value_name = "KEY=VALUE")]
    pub arguments: Vec<String>,

    /// Print the values that the server suggests for this argument, one a line; with a beginning or without, and
    /// with the other arguments where it looks at them
    #[arg(long, value_name = "KEY[=BEGINNING]")]
    pub suggest: Option<String>,

    /// `text`, or all messages as JSON
    #[arg(long, value_enum, default_value = "text")]
    pub format: ResultFormat,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = ADD_EXAMPLES)]
pub struct McpAddOptions {
    /// What to call it
    #[arg(value_name = "NAME")]
    pub name: String,

    /// The address of a remote server
    #[arg(value_name = "URL", conflicts_with = "command")]
    pub url: Option<String>,

    /// The command that starts a local server, with its arguments
    #[arg(value_name = "COMMAND", last = true)]
    pub command: Vec<String>,

    /// A variable for the command (repeatable)
    #[arg(long = "env", value_name = "NAME=VALUE", requires = "command", conflicts_with = "url")]
    pub variables: Vec<String>,

    /// A header for the remote server (repeatable)
    #[arg(long = "header", value_name = "NAME=VALUE", requires = "url", conflicts_with = "command")]
    pub headers: Vec<String>,

    /// The folder to start the command in
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    #[arg(requires = "command", conflicts_with = "url")]
    pub cwd: Option<PathBuf>,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Args, Clone, Debug)]
pub struct McpRmOptions {
    /// The server, as `sayso mcp list` names it
    #[arg(value_name = "NAME")]
    pub name: String,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = IMPORT_EXAMPLES)]
pub struct McpImportOptions {
    /// The file of another program
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: Option<PathBuf>,

    /// Only this server (repeatable)
    #[arg(long = "server", value_name = "NAME")]
    pub servers: Vec<String>,

    /// Only show what there is
    #[arg(long)]
    pub list: bool,

    /// Do not ask
    #[arg(short, long, conflicts_with = "list")]
    pub yes: bool,
}

#[derive(Args, Clone, Debug)]
pub struct McpLoginOptions {
    /// The server, as `sayso mcp list` names it
    #[arg(value_name = "SERVER")]
    pub server: String,

    /// Start no browser: print the address, and read the one it leads to from stdin
    #[arg(long)]
    pub no_browser: bool,
}

#[derive(Args, Clone, Debug)]
pub struct McpLogoutOptions {
    /// The server, as `sayso mcp list` names it
    #[arg(value_name = "SERVER")]
    pub server: String,
}

#[derive(Args, Clone, Debug)]
pub struct McpTrustOptions {
    /// A server whose tools have changed; none: the .mcp.json of this project
    #[arg(value_name = "SERVER")]
    pub server: Option<String>,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,

    /// Take the trust back
    #[arg(long, conflicts_with = "yes")]
    pub revoke: bool,
}

#[derive(Args, Clone, Debug)]
pub struct McpServeOptions {
    /// Which of the built-in servers; none: the harmless ones
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ProtocolChoice {
    /// What the server speaks
    Auto,
    /// Those before 2026, with a handshake
    Legacy,
    /// That of 2026, without
    Modern,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = EXERCISE_EXAMPLES)]
pub struct McpExerciseOptions {
    /// The address of the server, or the name of one that is set up
    #[arg(value_name = "URL|SERVER")]
    pub server: String,

    /// A document that describes the client to authorization servers that take one
    #[arg(long, value_name = "URL")]
    pub client_metadata_url: Option<String>,

    /// Which revisions to speak to a server given by its address
    #[arg(long, value_enum, value_name = "WHICH")]
    pub protocol: Option<ProtocolChoice>,

    /// Give up after this time, as in 90s or 2m
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "25s")]
    pub timeout: Duration,

    /// How to write what came of it
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,
}
