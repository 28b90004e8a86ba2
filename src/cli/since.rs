//! A point in the past, as people type it: so long ago, or a date.

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ZonedDateTime};

/// The longest time ago: a hundred years.
const AGO_MAX: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So long ago.
    Ago(Duration),
    /// In the time zone of this machine.
    Local(DateTime),
    At(Timestamp),
}

/// Reads `90m`, `12h`, `7d`, `4w`, a date with or without a time, or a time with its zone.
pub fn parse_since(text: &str) -> Result<Since, String> {
    if let Some(ago) = ago(text) {
        return if ago <= AGO_MAX { Ok(Since::Ago(ago)) } else { Err("is longer ago than a hundred years".to_owned()) };
    }
    if text.contains('[') {
        return match text.parse::<ZonedDateTime>() {
            Ok(time) => Ok(Since::At(time.timestamp())),
            Err(error) => Err(format!("its time or time zone cannot be read: {error}")),
        };
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(Since::At(time));
    }
    let local = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from));
    local.map(Since::Local).map_err(|_| "write it as 90m, 12h, 7d, 4w, 2026-01-31 or 2026-01-31T18:00".to_owned())
}

fn ago(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        'w' => 7 * 24 * 60 * 60,
        _ => return None,
    };
    let number: u64 = text[..text.len() - 1].parse().ok().filter(|_| !text.starts_with('+'))?;
    Some(Duration::from_secs(number.saturating_mul(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_ago_or_a_date() {
        let days = |days: u64| Ok(Since::Ago(Duration::from_secs(days * 86_400)));
        assert_eq!(parse_since("7d"), days(7));
        assert_eq!(parse_since("2w"), days(14));
        assert_eq!(parse_since("36h"), Ok(Since::Ago(Duration::from_secs(129_600))));
        assert_eq!(parse_since("2026-01-31"), Ok(Since::Local("2026-01-31T00:00".parse().unwrap())));
        assert_eq!(parse_since("2026-01-31T18:00"), Ok(Since::Local("2026-01-31T18:00".parse().unwrap())));
        assert_eq!(parse_since("2026-01-31T18:00Z"), Ok(Since::At("2026-01-31T18:00Z".parse().unwrap())));
        let zoned = [
            ("2026-01-31T18:00[Europe/Berlin]", "2026-01-31T17:00Z"),
            ("2026-07-31T18:00[Europe/Berlin]", "2026-07-31T16:00Z"),
            ("2026-01-31[America/New_York]", "2026-01-31T05:00Z"),
            ("2026-01-31T18:00+01:00[Europe/Berlin]", "2026-01-31T17:00Z"),
            ("2026-01-31T18:00Z[Europe/Berlin]", "2026-01-31T18:00Z"),
        ];
        for (text, time) in zoned {
            assert_eq!(parse_since(text), Ok(Since::At(time.parse().unwrap())), "{text}");
        }
        for bad in ["2026-01-31T18:00[Mars/Olympus]", "2026-01-31T18:00[", "2026-01-31T18:00+05:00[Europe/Berlin]"] {
            let reason = parse_since(bad).unwrap_err();
            assert!(reason.starts_with("its time or time zone cannot be read: "), "{bad}: {reason}");
        }
        for bad in ["", "d", "7", "-7d", "+7d", "7y", "2026-02-30", "yesterday", "½d", "999999999w"] {
            assert!(parse_since(bad).is_err(), "{bad}");
        }
    }
}
