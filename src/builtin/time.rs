//! The server `time`: what time it is, here and elsewhere, and sums with dates.

use std::sync::Arc;

use jiff::civil::{DateTime, Time as ClockTime};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Unit, ZonedDateTime};
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::{schemars, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::builtin::any_server::ToolServer;
use crate::conversation::now_ms;

/// No time, zone or duration is longer.
const TEXT_BYTES_MAX: usize = 200;

static PARSER: DateTimeParser = DateTimeParser::new();

#[derive(Clone)]
pub struct Time {
    tool_router: Arc<ToolRouter<Self>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct NowParameters {
    /// An IANA name as in `Europe/Berlin`, or an offset as in `+02:00`. Left out: the zone of this machine.
    timezone: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct ConvertParameters {
    /// `now`, a time of day as in `15:30`, or a date with or without a time and zone, as in `2026-03-29T15:30`.
    time: String,
    /// The zone that `time` is meant in where it names none. Left out: the zone of this machine.
    from: Option<String>,
    /// The zone to convert to.
    to: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct DifferenceParameters {
    /// The earlier time: `now`, a time of day, or a date with or without a time and zone.
    from: String,
    /// The later time, in the same forms.
    to: String,
    /// The zone for times that name none. Left out: the zone of this machine.
    timezone: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct AddParameters {
    /// `now`, a time of day, or a date with or without a time and zone.
    time: String,
    /// What to add, as in `2 weeks 3 days`, `-90 minutes` or `P1M`. A minus at the front, or `ago` at the end, subtracts.
    duration: String,
    /// The zone for a time that names none. Left out: the zone of this machine.
    timezone: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Moment {
    /// With its offset, as in `2026-03-29T15:30:00+02:00`.
    time: String,
    timezone: String,
    weekday: String,
    /// The week of the year by ISO 8601, as in `2026-W13`.
    week: String,
    utc: String,
    unix_seconds: i64,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// In calendar units, as in `1y 2mo 3d 4h`; negative where `to` is before `from`.
    difference: String,
    /// Days of the calendar, rounded towards zero.
    days: i64,
    seconds: i64,
}

#[must_use]
pub fn new() -> Time {
    Time { tool_router: Arc::new(Time::tool_router()) }
}

#[tool_router]
impl Time {
    /// The current date and time, in a time zone or in that of this machine.
    #[tool(annotations(
        title = "Current time",
        read_only_hint = true,
        destructive_hint = false,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    fn now(&self, Parameters(wanted): Parameters<NowParameters>) -> Result<Json<Moment>, String> {
        let zone = zone(wanted.timezone.as_deref())?;
        Ok(Json(moment(&now().to_zoned_datetime(zone))))
    }

    /// What a time in one time zone is in another; daylight saving is taken care of.
    #[tool(annotations(
        title = "Convert between time zones",
        read_only_hint = true,
        destructive_hint = false,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    fn convert(&self, Parameters(wanted): Parameters<ConvertParameters>) -> Result<Json<Moment>, String> {
        let to = zone(Some(&wanted.to))?;
        let time = read(&wanted.time, wanted.from.as_deref(), now())?;
        Ok(Json(moment(&time.with_time_zone(to))))
    }

    /// How much time lies between two dates or times.
    #[tool(annotations(
        title = "Time between",
        read_only_hint = true,
        destructive_hint = false,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    fn difference(&self, Parameters(wanted): Parameters<DifferenceParameters>) -> Result<Json<Difference>, String> {
        let now = now();
        let from = read(&wanted.from, wanted.timezone.as_deref(), now)?;
        let to = read(&wanted.to, wanted.timezone.as_deref(), now)?;
        difference(&from, &to).map(Json)
    }

    /// A date or time with a duration added or taken away, by the calendar: a month after 31 January is the end of February.
    #[tool(annotations(
        title = "Add to a time",
        read_only_hint = true,
        destructive_hint = false,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    fn add(&self, Parameters(wanted): Parameters<AddParameters>) -> Result<Json<Moment>, String> {
        let time = read(&wanted.time, wanted.timezone.as_deref(), now())?;
        let sum = time.checked_add(span(&wanted.duration)?).map_err(|_| "the result is out of range".to_owned())?;
        Ok(Json(moment(&sum)))
    }
}

impl ToolServer for Time {
    const NAME: &str = "sayso-time";

    fn instructions(&self) -> String {
        "The clock and the calendar of this machine.".to_owned()
    }

    fn router(&self) -> &ToolRouter<Self> {
        &self.tool_router
    }
}

fn now() -> Timestamp {
    Timestamp::from_millisecond(now_ms()).unwrap_or_default()
}

fn zone(name: Option<&str>) -> Result<TimeZone, String> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else { return Ok(TimeZone::system()) };
    if name.eq_ignore_ascii_case("utc") || name.eq_ignore_ascii_case("z") {
        return Ok(TimeZone::UTC);
    }
    let known = if name.len() > TEXT_BYTES_MAX { None } else { PARSER.parse_time_zone(name).ok() };
    known.ok_or_else(|| {
        if jiff::tz::db().available().next().is_none() {
            return "this machine has no time zone data (the package is usually called tzdata); offsets as in `+02:00` work"
                .to_owned();
        }
        format!(
            "no time zone is named {:?}; names are as in `Europe/Berlin`, offsets as in `+02:00`",
            shown(name)
        )
    })
}

/// Reads a time as people write it. Without a zone of its own it is meant in `zone_name`.
fn read(text: &str, zone_name: Option<&str>, now: Timestamp) -> Result<ZonedDateTime, String> {
    let zone = zone(zone_name)?;
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("now") {
        return Ok(now.to_zoned_datetime(zone));
    }
    let unknown = || {
        format!(
            "{:?} is no time; it can be `now`, `15:30`, `2026-03-29` or `2026-03-29T15:30`, the last with an offset or a zone \
             as in `2026-03-29T15:30+02:00` or `2026-03-29T15:30[Europe/Berlin]`",
            shown(text)
        )
    };
    if text.len() > TEXT_BYTES_MAX {
        return Err(unknown());
    }
    if let Ok(zoned) = text.parse::<ZonedDateTime>() {
        return Ok(zoned);
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant.to_zoned_datetime(zone));
    }
    let local = match (text.parse::<DateTime>(), text.parse::<ClockTime>()) {
        (Ok(local), _) => local,
        (Err(_), Ok(clock)) => now.to_zoned_datetime(zone.clone()).date().to_datetime(clock),
        (Err(_), Err(_)) => return Err(unknown()),
    };
    local.to_zoned_datetime(zone).map_err(|_| "the time is out of range".to_owned())
}

fn span(text: &str) -> Result<Span, String> {
    let parsed = if text.len() > TEXT_BYTES_MAX { None } else { text.trim().parse().ok() };
    parsed.ok_or_else(|| {
        format!("{:?} is no duration; write it as in `2 weeks 3 days`, `-90 minutes` or `P1M`", shown(text))
    })
}

fn moment(time: &ZonedDateTime) -> Moment {
    let week = time.iso_week_date();
    Moment {
        time: time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        timezone: time.time_zone().iana_name().map_or_else(|| time.strftime("%:z").to_string(), str::to_owned),
        weekday: time.strftime("%A").to_string(),
        week: format!("{}-W{:02}", week.year(), week.week()),
        utc: time.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        unix_seconds: time.timestamp().as_second(),
    }
}

fn difference(from: &ZonedDateTime, to: &ZonedDateTime) -> Result<Difference, String> {
    let out_of_range = |_| "the difference is out of range".to_owned();
    // Calendar units need one calendar: that of the first time.
    let to = &to.with_time_zone(from.time_zone().clone());
    let difference = from.until((Unit::Year, to)).map_err(out_of_range)?;
    let days = from.until((Unit::Day, to)).map_err(out_of_range)?;
    Ok(Difference {
        difference: difference.to_friendly(),
        days: days.get_days().into(),
        seconds: from.duration_until(to).as_secs(),
    })
}

/// The beginning of what was asked, for a message.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Daylight saving began in Europe on this day.
    fn spring() -> Timestamp {
        "2026-03-29T12:00:00Z".parse().unwrap()
    }

    fn utc(text: &str, zone: &str) -> Result<String, String> {
        read(text, Some(zone), spring()).map(|time| moment(&time).utc)
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, zone, expected) in [
            ("now", "UTC", "2026-03-29T12:00:00Z"),
            ("15:30", "Europe/Berlin", "2026-03-29T13:30:00Z"),
            ("2026-01-15 08:00", "America/New_York", "2026-01-15T13:00:00Z"),
            ("2026-01-15", "+02:00", "2026-01-14T22:00:00Z"),
            ("2026-01-15T08:00Z", "Europe/Berlin", "2026-01-15T08:00:00Z"),
            ("2026-01-15T08:00-03:00", "Europe/Berlin", "2026-01-15T11:00:00Z"),
            ("2026-01-15T08:00[Asia/Tokyo]", "utc", "2026-01-14T23:00:00Z"),
            // In the gap: the clock has moved on.
            ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00Z"),
        ] {
            assert_eq!(utc(text, zone).as_deref(), Ok(expected), "{text} {zone}");
        }
    }

    #[test]
    fn what_is_no_time_is_said() {
        assert!(utc("tomorrow", "UTC").unwrap_err().starts_with("\"tomorrow\" is no time; it can be `now`"));
        assert!(utc("12:00", "Mars/Olympus").unwrap_err().starts_with("no time zone is named \"Mars/Olympus\""));
        assert!(span("soon").unwrap_err().starts_with("\"soon\" is no duration"));
        assert!(utc(&"9".repeat(1_000_000), "UTC").unwrap_err().len() < 300);
    }

    #[test]
    fn a_moment_says_all_of_it() {
        let time = read("2026-03-29T15:30", Some("Europe/Berlin"), spring()).unwrap();
        let expected = Moment {
            time: "2026-03-29T15:30:00+02:00".into(),
            timezone: "Europe/Berlin".into(),
            weekday: "Sunday".into(),
            week: "2026-W13".into(),
            utc: "2026-03-29T13:30:00Z".into(),
            unix_seconds: 1_774_791_000,
        };
        assert_eq!(moment(&time), expected);
    }

    #[test]
    fn sums_follow_the_calendar() {
        let add = |time: &str, duration: &str| {
            let time = read(time, Some("Europe/Berlin"), spring()).unwrap();
            time.checked_add(span(duration).unwrap()).map(|sum| moment(&sum).time)
        };
        assert_eq!(add("2026-01-31", "1 month").unwrap(), "2026-02-28T00:00:00+01:00");
        assert_eq!(add("2026-03-28T12:00", "1 day").unwrap(), "2026-03-29T12:00:00+02:00");
        assert_eq!(add("2026-03-28T12:00", "24 hours").unwrap(), "2026-03-29T13:00:00+02:00");
        assert_eq!(add("2026-03-28T12:00", "90 minutes ago").unwrap(), "2026-03-28T10:30:00+01:00");
        assert!(add("2026-03-28T12:00", "19000 years").is_err());
        let between = |from: &str, to: &str| {
            let read = |text| read(text, Some("Europe/Berlin"), spring()).unwrap();
            difference(&read(from), &read(to)).unwrap()
        };
        let whole_day = Difference { difference: "1d".into(), days: 1, seconds: 23 * 3600 };
        assert_eq!(between("2026-03-29", "2026-03-30"), whole_day);
        assert_eq!(between("2026-01-01", "2024-11-30").difference, "1y 1mo 1d ago");
    }
}
