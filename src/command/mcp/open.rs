//! The host of one command: opened, waited for with all that servers say meanwhile, and closed again.

use std::time::{Duration, Instant};

use super::super::context::Context;
use super::super::tty::Person;
use super::super::{wiring, wiring_builtin, wiring_mcp};
use super::questions::{self, Policy};
use crate::config::{Config, LoadOptions, nearest};
use crate::conversation::{SharedSettings, exit_code};
use crate::exit::Failure;
use crate::mcp::{BUILTIN_SERVERS, ClientAbilities, HostEvent, HostEvents, McpError, McpHost};
use crate::session::{CancelCause, NoticeLevel, Signals, exit_of_cancel};
use crate::terminal::{RowTime, TermSafeBuf, notice_line};

/// How long servers get to end by themselves.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(100);

/// Why a command does not get to its end.
#[derive(Debug)]
pub enum Stop {
    Failed(Failure),
    /// Somebody stopped it; the exit code.
    Stopped(u8),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<McpError> for Stop {
    fn from(error: McpError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<CancelCause> for Stop {
    fn from(cause: CancelCause) -> Self {
        Self::Stopped(exit_of_cancel(cause))
    }
}

/// What the work of a command has at hand.
pub struct Opened<'a> {
    pub context: &'a mut Context,
    pub config: Config,
    pub servers: wiring_mcp::Servers,
    pub host: McpHost,
    pub signals: Signals,
    events: HostEvents,
    policy: Policy,
}

/// Opens the host, does the work, and closes the host however that went; the exit code.
pub async fn with_host(
    context: &mut Context,
    accept_defaults: bool,
    work: impl AsyncFnOnce(&mut Opened<'_>) -> Result<u8, Stop>,
) -> Result<u8, Failure> {
    let mut opened = open(context, accept_defaults)?;
    let ended = work(&mut opened).await;
    let Opened { host, signals, context, .. } = &mut opened;
    context.screen.stop_row();
    tokio::select! {
        () = host.close(CLOSE_LIMIT) => {}
        // The second signal: what is left is swept at the next start.
        _ = signals.next() => {}
    }
    match ended {
        Ok(exit) | Err(Stop::Stopped(exit)) => Ok(exit),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}

fn open(context: &mut Context, accept_defaults: bool) -> Result<Opened<'_>, Failure> {
    let signals = wiring::signals()?;
    let options =
        LoadOptions { config_file: context.global.config.clone(), skip_key_command: true, ..LoadOptions::default() };
    let config = wiring::load(&options, context)?;
    let mut servers = wiring_mcp::servers(&config, &context.environment)?;
    // By hand every built-in server can be used, also those that a model is not offered.
    let builtins: Vec<String> = BUILTIN_SERVERS.map(str::to_owned).to_vec();
    let added = wiring_builtin::add(&mut servers, &config, &context.environment, &builtins, SharedSettings::default())?;
    if context.global.offline {
        servers.keep_to_this_machine(&added.fetching)?;
    }
    let policy = match Person::find(context) {
        _ if accept_defaults => Policy::Defaults,
        Some(person) => Policy::Ask(person),
        None => Policy::Decline,
    };
    let abilities = ClientAbilities {
        elicit_form: true,
        elicit_url: matches!(policy, Policy::Ask(_)),
        // There is no model here.
        sampling: false,
    };
    let (host, events) = wiring_mcp::host(&servers, &config, &context.environment, abilities);
    Ok(Opened { context, config, servers, host, signals, events, policy })
}

impl Opened<'_> {
    /// Whether there is a server of this name that can be tried.
    pub fn check(&self, server: &str) -> Result<(), Failure> {
        if let Some(failure) = self.servers.failure(server) {
            return Err(failure);
        }
        let mut names = self.servers.usable.iter().map(|settings| settings.name.as_str());
        if names.clone().any(|name| name == server) {
            return Ok(());
        }
        let failure = Failure::config(format!("no MCP server is named {server:?}"));
        Err(match nearest(server, &mut names) {
            Some(name) => failure.hint(format!("did you mean {name}? `sayso mcp list` shows all")),
            None => failure.hint("`sayso mcp list` shows what is set up, `sayso mcp add` sets one up"),
        })
    }

    /// The servers to look at: the named one, or all that can be tried.
    pub fn chosen(&self, server: Option<&str>) -> Result<Vec<String>, Failure> {
        match server {
            Some(server) => self.check(server).map(|()| vec![server.to_owned()]),
            None => Ok(self.servers.usable.iter().map(|settings| settings.name.clone()).collect()),
        }
    }

    /// How the server is reached, where that is known.
    #[must_use]
    pub fn transport_of(&self, name: &str) -> &'static str {
        match self.config.file.mcp.servers.get(name) {
            Some(section) if section.url.is_some() => "http",
            Some(section) if section.command.is_some() => "stdio",
            Some(_) | None => "builtin",
        }
    }

    /// Waits for the work. Meanwhile progress is shown, questions are answered, and a signal stops it:
    /// dropping the work tells the server that it is cancelled.
    pub async fn wait<T>(&mut self, label: &str, work: impl Future<Output = T>) -> Result<T, Stop> {
        let mut work = std::pin::pin!(work);
        let started = Instant::now();
        self.context.screen.start_row(TermSafeBuf::line(label), RowTime::Since(started));
        loop {
            let event = tokio::select! {
                biased;
                cause = self.signals.next() => return Err(cause.into()),
                Some(event) = self.events.recv() => event,
                done = &mut work => {
                    self.context.screen.stop_row();
                    // What servers said last.
                    while let Ok(event) = self.events.try_recv() {
                        self.tell(&event, started);
                    }
                    self.context.screen.stop_row();
                    return Ok(done);
                }
                () = tokio::time::sleep(TICK) => {
                    self.context.screen.tick_row();
                    continue;
                }
            };
            match event {
                HostEvent::Question(question) => {
                    // The server waits for the answer, and so does the work.
                    questions::answer(question, &self.policy, self.context, &mut self.signals).await?;
                }
                event => self.tell(&event, started),
            }
        }
    }

    fn tell(&mut self, event: &HostEvent, started: Instant) {
        if let HostEvent::Progress { progress, total, message, .. } = event {
            let label = progress_label(*progress, *total, message.as_deref());
            if self.context.global.verbose > 0 {
                self.context.note(&label);
            }
            self.context.screen.start_row(TermSafeBuf::line(&label), RowTime::Since(started));
            return;
        }
        if let Some((level, text)) = notice(event)
            && !self.context.global.quiet
        {
            self.context.screen.line(notice_line(level, &text).as_safe());
        }
    }
}

/// An event that is only told.
fn notice(event: &HostEvent) -> Option<(NoticeLevel, String)> {
    match event {
        HostEvent::Log { server, text, .. } => Some((NoticeLevel::Info, format!("{server}: {text}"))),
        HostEvent::Started { .. }
        | HostEvent::ToolsChanged { .. }
        | HostEvent::ResourceUpdated { .. }
        | HostEvent::Progress { .. }
        | HostEvent::Question(_) => None,
    }
}

/// `3 of 10: loading`
fn progress_label(progress: f64, total: Option<f64>, message: Option<&str>) -> String {
    let count = match total {
        Some(total) => format!("{progress} of {total}"),
        None => progress.to_string(),
    };
    match message {
        Some(message) => format!("{count}: {message}"),
        None => count,
    }
}

/// The failure of a wait that took too long.
#[must_use]
pub fn timed_out(limit: Duration) -> Failure {
    Failure::new("timeout", exit_code::TIMEOUT, format!("no result within {limit:?}"))
}

#[cfg(test)]
mod tests {
    use super::progress_label;

    #[test]
    fn progress_is_a_short_line() {
        assert_eq!(progress_label(3.0, Some(10.0), Some("loading")), "3 of 10: loading");
        assert_eq!(progress_label(0.5, None, None), "0.5");
    }
}
