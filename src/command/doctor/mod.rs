//! `doctor`: looks at everything that can be wrong, one finding a line with one thing to do, safe to show to others.

mod condition;
mod files;
mod finding;
mod history;
mod network;
mod servers;
mod terminal;

use serde_json::json;

use self::finding::{Finding, Level};
use super::context::Context;
use super::listing::pretty;
use super::{accounts, wiring};
use crate::cli::DoctorOptions;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::terminal::TermSafeBuf;

/// Runs the command; the exit code is 0 where nothing is broken, and otherwise that of the first thing that is.
pub fn run(options: DoctorOptions, mut context: Context) -> Result<u8, Failure> {
    if options.history {
        let config = accounts::load_config(&mut context)?;
        return condition::run(options.json, &config.stored, &mut context);
    }
    wiring::block_on(|| async move {
        let findings = examine(&mut context).await;
        let home = accounts::paths(&context).home.map(|home| home.to_string_lossy().into_owned());
        let findings: Vec<Finding> = findings.into_iter().map(|finding| finding.anonymous(home.as_deref())).collect();
        let text = if options.json { as_json(&findings) } else { as_text(&findings) };
        let shown = context.show(&text);
        let broken = findings.iter().find(|finding| finding.level == Level::Broken).map(|finding| finding.exit);
        if shown == exit_code::OK { broken.unwrap_or(exit_code::OK) } else { shown }
    })
}

async fn examine(context: &mut Context) -> Vec<Finding> {
    let mut findings = vec![Finding::good("sayso", version())];
    let (loaded, of_config) = files::config_findings(context);
    findings.extend(of_config);
    findings.extend(terminal::terminal_findings(context));
    let Some(mut config) = loaded else { return findings };
    findings.extend(files::key_findings(&config, context));
    findings.extend(history::history_findings(&config));
    findings.extend(context.waiting("asking the providers", network::network_findings(&config, context)).await);
    wiring::join_project_quietly(&mut config, context);
    findings.extend(context.waiting("starting the servers", servers::server_findings(&config, context)).await);
    findings
}

fn version() -> String {
    format!("{} on {} ({})", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH)
}

fn as_text(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.area.len()).max().unwrap_or(0);
    let mut text = String::new();
    for finding in findings {
        let line = format!("{:6} {:width$}  {}", finding.level.word(), finding.area, finding.message);
        text.push_str(TermSafeBuf::line(&line).as_str().trim_end());
        text.push('\n');
        if let Some(fix) = &finding.fix {
            text.push_str(TermSafeBuf::line(&format!("{:6} {:width$}  -> {fix}", "", "")).as_str());
            text.push('\n');
        }
    }
    let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    text.push_str(&match (count(Level::Broken), count(Level::Doubtful)) {
        (0, 0) => "everything is in order\n".to_owned(),
        (broken, doubtful) => format!("{broken} broken, {doubtful} doubtful\n"),
    });
    text
}

fn as_json(findings: &[Finding]) -> String {
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| {
            json!({
                "area": finding.area,
                "level": finding.level.name(),
                "message": finding.message,
                "fix": finding.fix,
                "facts": finding.facts,
            })
        })
        .collect();
    let is_ok = findings.iter().all(|finding| finding.level != Level::Broken);
    pretty(&json!({ "v": 1, "ok": is_ok, "findings": rows }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_what_to_do_and_obeys_nobody() {
        let findings =
            [Finding::good("sayso", "1"), Finding::broken("provider acme", "refused\u{1b}[2J", 4, "set a key")];
        assert_eq!(
            as_text(&findings),
            "ok     sayso          1\nBROKEN provider acme  refused^[[2J\n                      -> set a key\n1 broken, 0 doubtful\n"
        );
        let json: serde_json::Value = serde_json::from_str(&as_json(&findings)).unwrap();
        assert_eq!((&json["ok"], &json["findings"][1]["level"]), (&json!(false), &json!("broken")));
        assert_eq!(as_text(&[Finding::good("a", "b")]), "ok     a  b\neverything is in order\n");
    }
}
