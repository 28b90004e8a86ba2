//! Whether a failed request is tried again, and after how long. Pure: the caller waits.

use std::time::{Duration, SystemTime};

/// What is known of the request that failed.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// 1 for the first request.
    pub number: u32,
    /// What the server asked for.
    pub retry_after: Option<Duration>,
    /// The server's `x-should-retry`; it wins over the class of the error.
    pub should_retry: Option<bool>,
    /// Whether this class of error can pass by itself.
    pub is_transient: bool,
    /// A random number in 0.0..1.0, for the jitter.
    pub jitter: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Wait(Duration),
    Stop,
    /// The server asks for a longer wait than [`RetryPolicy::RETRY_AFTER_MAX`].
    TooLong(Duration),
}

#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Requests after the first one.
    pub retries_max: u32,
}

impl RetryPolicy {
    /// A server that wants more patience than this gets none: the user decides.
    pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
    const BACKOFF_FIRST: Duration = Duration::from_millis(500);
    const BACKOFF_MAX: Duration = Duration::from_secs(30);
    /// Spreads clients that were all told the same second.
    const RETRY_AFTER_JITTER: Duration = Duration::from_millis(250);

    #[must_use]
    pub fn verdict(&self, attempt: &Attempt) -> Verdict {
        let helps = attempt.should_retry.unwrap_or(attempt.is_transient);
        if !helps || attempt.number > self.retries_max {
            return Verdict::Stop;
        }
        let jitter = attempt.jitter.clamp(0.0, 1.0);
        match attempt.retry_after {
            Some(asked) if asked > Self::RETRY_AFTER_MAX => Verdict::TooLong(asked),
            Some(asked) => Verdict::Wait(asked + Self::RETRY_AFTER_JITTER.mul_f64(jitter)),
            None => Verdict::Wait(Self::backoff_max(attempt.number).mul_f64(jitter)),
        }
    }

    /// The upper bound of the wait; the wait itself is anywhere below it ("full jitter").
    fn backoff_max(number: u32) -> Duration {
        let doublings = number.saturating_sub(1).min(16);
        (Self::BACKOFF_FIRST * (1 << doublings)).min(Self::BACKOFF_MAX)
    }
}

/// The wait that the headers `retry-after-ms` and `Retry-After` (seconds or a date) ask for.
/// `None` for what is garbage, zero or past: then the caller's own backoff is the better guess.
#[must_use]
pub fn parse_retry_after(millis: Option<&str>, seconds_or_date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let from_number = |text: &str, unit_seconds: f64| {
        let number: f64 = text.trim().parse().ok()?;
        Duration::try_from_secs_f64(number * unit_seconds).ok().filter(|wait| !wait.is_zero())
    };
    let from_date = |text: &str| {
        let wait = httpdate::parse_http_date(text.trim()).ok()?.duration_since(now).ok()?;
        Some(wait).filter(|wait| !wait.is_zero())
    };
    millis
        .and_then(|text| from_number(text, 0.001))
        .or_else(|| seconds_or_date.and_then(|text| from_number(text, 1.0).or_else(|| from_date(text))))
}

/// The wait that the words of an error ask for, as in `Please try again in 6m0.5s` or `retry in 20ms`.
#[must_use]
pub fn wait_in_words(text: &str) -> Option<Duration> {
    let text = text.to_lowercase();
    let asked = ["try again in ", "retry in ", "retry after "];
    let rest = asked.iter().find_map(|phrase| text.split_once(phrase).map(|(_, rest)| rest))?;
    let mut rest = rest.trim_start();
    let mut seconds = 0.0;
    let mut has_unit = false;
    while rest.starts_with(|letter: char| letter.is_ascii_digit()) {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].trim_end_matches('.').parse().ok()?;
        rest = rest[end..].trim_start();
        let letters = rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ms" => 0.001,
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            _ => break,
        };
        has_unit = true;
        seconds += number * unit;
        rest = &rest[letters..];
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|wait| has_unit && !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{Attempt, RetryPolicy, Verdict, parse_retry_after, wait_in_words};

    #[test]
    fn words_say_it_too() {
        for (text, expected_ms) in [
            ("Rate limit reached. Please try again in 1.898s. Visit", Some(1898)),
            ("Please try again in 6m0.5s.", Some(360_500)),
            ("try again in 20ms", Some(20)),
            ("Please retry in 48.2 seconds.", Some(48_200)),
            ("please retry after 2 minutes", Some(120_000)),
            ("try again in a while", None),
            ("try again in 5 apples", None),
            ("please retry shortly", None),
            ("try again in 99999999999999999999999h", None),
        ] {
            assert_eq!(wait_in_words(text), expected_ms.map(Duration::from_millis), "{text}");
        }
    }

    const POLICY: RetryPolicy = RetryPolicy { retries_max: 3 };
    const FIRST: Attempt =
        Attempt { number: 1, retry_after: None, should_retry: None, is_transient: true, jitter: 1.0 };

    fn wait_ms(ms: u64) -> Verdict {
        Verdict::Wait(Duration::from_millis(ms))
    }

    #[test]
    fn the_wait_doubles_up_to_a_limit_and_is_spread_below_it() {
        let patient = RetryPolicy { retries_max: u32::MAX };
        let waits = [1, 2, 3, 7, 1_000].map(|number| patient.verdict(&Attempt { number, ..FIRST }));
        assert_eq!(waits, [wait_ms(500), wait_ms(1_000), wait_ms(2_000), wait_ms(30_000), wait_ms(30_000)]);
        assert_eq!(POLICY.verdict(&Attempt { jitter: 0.5, ..FIRST }), wait_ms(250));
        assert_eq!(POLICY.verdict(&Attempt { jitter: 0.0, ..FIRST }), wait_ms(0));
    }

    #[test]
    fn the_tries_are_counted() {
        assert_eq!(POLICY.verdict(&Attempt { number: 3, ..FIRST }), wait_ms(2_000));
        assert_eq!(POLICY.verdict(&Attempt { number: 4, ..FIRST }), Verdict::Stop);
        assert_eq!(RetryPolicy { retries_max: 0 }.verdict(&FIRST), Verdict::Stop);
    }

    #[test]
    fn the_server_decides_about_the_wait_and_the_retry() {
        let asked = |seconds| Attempt { retry_after: Some(Duration::from_secs(seconds)), jitter: 0.0, ..FIRST };
        assert_eq!(POLICY.verdict(&asked(2)), wait_ms(2_000));
        assert_eq!(POLICY.verdict(&Attempt { jitter: 1.0, ..asked(2) }), wait_ms(2_250));
        assert_eq!(POLICY.verdict(&asked(60)), wait_ms(60_000));
        assert_eq!(POLICY.verdict(&asked(61)), Verdict::TooLong(Duration::from_secs(61)));
        assert_eq!(POLICY.verdict(&Attempt { should_retry: Some(false), ..FIRST }), Verdict::Stop);
        let stubborn = Attempt { is_transient: false, ..FIRST };
        assert_eq!(POLICY.verdict(&stubborn), Verdict::Stop);
        assert_eq!(POLICY.verdict(&Attempt { should_retry: Some(true), ..stubborn }), wait_ms(500));
    }

    #[test]
    fn headers_say_it_in_three_ways_or_not_at_all() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let parse = |millis, other| parse_retry_after(millis, other, now);
        let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
        assert_eq!(parse(Some("1500"), Some("9")), seconds(1.5));
        assert_eq!(parse(Some("0"), Some("1")), seconds(1.0));
        assert_eq!(parse(None, Some(" 2.5 ")), seconds(2.5));
        assert_eq!(parse(None, Some("Sun, 06 Nov 1994 08:50:07 GMT")), seconds(30.0));
        for garbage in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sat, 05 Nov 1994 08:49:37 GMT", "soon", "-1", "0", "NaN", "1e99"]
        {
            assert_eq!(parse(None, Some(garbage)), None, "{garbage}");
        }
    }
}
