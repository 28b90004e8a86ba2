//! Times and counts of one reply, taken without allocating.

use std::time::{Duration, Instant};

use crate::history::{TurnMetrics, WriteCounts};

/// Eight buckets for every doubling of a microsecond count: a percentile is off by 12 % at most.
const BUCKETS_PER_DOUBLING: u32 = 8;
const BUCKET_COUNT: usize = 40 * BUCKETS_PER_DOUBLING as usize;

/// Measures a reply from its request to its end.
pub struct Stopwatch {
    started: Instant,
    first_reasoning: Option<Instant>,
    first_text: Option<Instant>,
    last_text: Option<Instant>,
    chunks: u64,
    gaps: [u32; BUCKET_COUNT],
    gap_count: u64,
    before: WriteCounts,
    pub retries: u32,
}

impl Stopwatch {
    /// `before`: what the journal had written before this reply.
    #[must_use]
    pub fn start(now: Instant, before: WriteCounts) -> Self {
        Self {
            started: now,
            first_reasoning: None,
            first_text: None,
            last_text: None,
            chunks: 0,
            gaps: [0; BUCKET_COUNT],
            gap_count: 0,
            before,
            retries: 0,
        }
    }

    /// The model shows its thoughts.
    pub fn reasoning_arrived(&mut self, now: Instant) {
        self.first_reasoning.get_or_insert(now);
    }

    /// `count` pieces of the answer came with one read from the network.
    pub fn text_arrived(&mut self, now: Instant, count: u64) {
        self.chunks += count;
        self.first_text.get_or_insert(now);
        if let Some(last) = self.last_text.replace(now) {
            let bucket = bucket_of(now.saturating_duration_since(last));
            self.gaps[bucket] = self.gaps[bucket].saturating_add(1);
            self.gap_count += 1;
        }
    }

    /// The metrics at `now`, with the provider's count of output tokens where it gave one.
    #[must_use]
    pub fn read(&self, now: Instant, output_tokens: Option<u64>, counts: WriteCounts) -> TurnMetrics {
        TurnMetrics {
            first_token_ms: self.first_text.map(|first| milliseconds(first - self.started)),
            first_reasoning_ms: self.first_reasoning.map(|first| milliseconds(first - self.started)),
            total_ms: milliseconds(now - self.started),
            gap_p50_ms: self.gap_percentile(0.5),
            gap_p99_ms: self.gap_percentile(0.99),
            tokens_per_second: self.rate(output_tokens.unwrap_or(self.chunks)),
            chunks: self.chunks,
            flushes: counts.flushes - self.before.flushes,
            commits: counts.delta_commits - self.before.delta_commits,
            bytes_written: counts.bytes_written - self.before.bytes_written,
            delta_buffer_peak_bytes: counts.delta_buffer_peak_bytes,
            retries: self.retries,
        }
    }

    fn rate(&self, tokens: u64) -> Option<f64> {
        let seconds = (self.last_text? - self.first_text?).as_secs_f64();
        (seconds > 0.0).then(|| tokens as f64 / seconds)
    }

    fn gap_percentile(&self, share: f64) -> Option<f64> {
        let rank = (self.gap_count as f64 * share).ceil() as u64;
        let mut seen = 0;
        self.gaps
            .iter()
            .position(|count| {
                seen += u64::from(*count);
                rank > 0 && seen >= rank
            })
            .map(middle_of_bucket_ms)
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn bucket_of(gap: Duration) -> usize {
    let microseconds = gap.as_micros().max(1) as f64;
    ((microseconds.log2() * f64::from(BUCKETS_PER_DOUBLING)) as usize).min(BUCKET_COUNT - 1)
}

fn middle_of_bucket_ms(bucket: usize) -> f64 {
    ((bucket as f64 + 0.5) / f64::from(BUCKETS_PER_DOUBLING)).exp2() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, Stopwatch, WriteCounts};

    #[test]
    fn percentiles_are_within_an_eighth_of_a_doubling() {
        let start = Instant::now();
        let mut watch = Stopwatch::start(start, WriteCounts::default());
        let mut now = start;
        watch.text_arrived(now, 1);
        for step in 0..100 {
            now += Duration::from_millis(if step < 98 { 10 } else { 400 });
            watch.text_arrived(now, 1);
        }
        let read = watch.read(now, Some(1780), WriteCounts::default());
        let near = |value: Option<f64>, wanted: f64| (value.unwrap() / wanted - 1.0).abs() < 0.1;
        assert!(near(read.gap_p50_ms, 10.0), "{read:?}");
        assert!(near(read.gap_p99_ms, 400.0), "{read:?}");
        assert!(near(read.tokens_per_second, 1000.0), "{read:?}");
        assert_eq!((read.chunks, read.first_token_ms), (101, Some(0.0)));
    }

    #[test]
    fn one_piece_of_text_has_no_gap_and_no_rate() {
        let mut watch = Stopwatch::start(Instant::now(), WriteCounts::default());
        watch.text_arrived(Instant::now(), 1);
        let read = watch.read(Instant::now(), None, WriteCounts::default());
        assert_eq!((read.gap_p50_ms, read.gap_p99_ms, read.tokens_per_second), (None, None, None));
    }
}
