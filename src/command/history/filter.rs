//! From the options of a list or a search to what the history is asked for.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::cli::{FilterOptions, Since, StatusOption};
use crate::conversation::UnixMillis;
use crate::history::{Filter, StatusFilter, ToolFilter};
use crate::tool::model_name;

#[must_use]
pub fn filter(options: &FilterOptions, now_ms: UnixMillis) -> Filter {
    Filter {
        since_ms: options.since.map(|since| since_ms(since, now_ms)),
        model: options.model.clone(),
        provider: options.provider.clone(),
        tool: options.tool.as_deref().map(tool_filter),
        status: options.status.map(|status| match status {
            StatusOption::Complete => StatusFilter::Complete,
            StatusOption::Interrupted => StatusFilter::Interrupted,
            StatusOption::Error => StatusFilter::Error,
            StatusOption::Streaming => StatusFilter::Streaming,
        }),
    }
}

/// A time that does not exist, as when the clocks go forward, is that after the gap.
fn since_ms(since: Since, now_ms: UnixMillis) -> UnixMillis {
    match since {
        Since::Ago(ago) => now_ms.saturating_sub(UnixMillis::try_from(ago.as_millis()).unwrap_or(UnixMillis::MAX)),
        Since::At(time) => time.as_millisecond(),
        Since::Local(time) => local_ms(time, TimeZone::system()),
    }
}

/// The first and the last days of the calendar can lie outside of what a timestamp holds.
fn local_ms(time: DateTime, zone: TimeZone) -> UnixMillis {
    let outside = if time.year() > 0 { UnixMillis::MAX } else { UnixMillis::MIN };
    zone.to_ambiguous_timestamp(time).compatible().map_or(outside, Timestamp::as_millisecond)
}

/// `SERVER` or `SERVER/TOOL`.
fn tool_filter(text: &str) -> ToolFilter {
    let (server, tool) = text.split_once('/').unwrap_or((text, ""));
    let name = (!tool.is_empty()).then(|| model_name(server, tool));
    ToolFilter { server: server.to_owned(), name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_beyond_all_times_is_still_late_or_early() {
        let at = |text: &str, zone: &str| local_ms(text.parse().unwrap(), TimeZone::get(zone).unwrap());
        assert_eq!(at("9999-12-31", "UTC"), UnixMillis::MAX);
        assert_eq!(at("9999-12-31T23:59", "America/New_York"), UnixMillis::MAX);
        assert_eq!(at("-009999-01-01", "Asia/Tokyo"), UnixMillis::MIN);
        assert_eq!(at("2026-03-29T02:30", "Europe/Berlin"), at("2026-03-29T01:30", "UTC"), "in the gap");
    }
}
