//! How much is written for what is kept: bytes are counted at the system calls.

use crate::support::{ModelServer, Reply, Sandbox, Strace, TestConfig, Wire, needs};

const TEXT_BYTES: usize = 100_000;
const TOKEN_BYTES: usize = 100;

/// Words as they are in answers: few of them often, many of them seldom.
fn words(seed: u64) -> impl FnMut() -> String {
    let mut random = seed;
    let mut next = move |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    move || {
        let rank = next(4_000).min(next(4_000)).min(next(4_000));
        let mut word = String::new();
        let mut rest = rank * 7_919 + 11;
        while rest > 0 {
            word.push(char::from(b'a' + u8::try_from(rest % 23).unwrap()));
            rest /= 23;
        }
        word.push(' ');
        word
    }
}

/// An answer of 100 kB in tokens of 100 bytes, so slow that each kilobyte is handed over for itself.
fn long_answer(seed: u64) -> Reply {
    let mut word = words(seed);
    let mut text = String::new();
    while text.len() < TEXT_BYTES {
        text.push_str(&word());
    }
    text.truncate(TEXT_BYTES);
    let tokens = text.as_bytes().chunks(TOKEN_BYTES).map(|token| std::str::from_utf8(token).unwrap());
    tokens.fold(Reply::sse(), |reply, token| reply.text(token).sleep_ms(2)).finished()
}

#[test]
fn an_answer_saved_by_the_kilobyte_writes_at_most_eight_times_its_text() {
    if !needs("strace") {
        return;
    }
    let rounds = 4;
    let server = ModelServer::scripted(Wire::Plain, |_, number| Some(long_answer(number as u64 + 1)));
    let sandbox = Sandbox::new().config(&TestConfig::for_server(&server).persist(200, 1_024));
    let (mut written, mut flushes) = (0, 0);
    for _ in 0..rounds {
        let strace = Strace::new(&sandbox).trace("write,pwrite64").on_history(&sandbox);
        let run = sandbox.ask_once(["hi", "--format", "json"]).strace(&strace);
        let output = run.run().assert_exit(0);
        flushes += output.result()["timing"]["flushes"].as_u64().unwrap();
        written += strace.sum(&["write", "pwrite64"]);
    }
    let text = (rounds * TEXT_BYTES) as u64;
    // Else it would be no test of small hand-overs.
    assert!(flushes >= text / 2_048, "{flushes} hand-overs of {text} bytes");
    assert!(written >= text, "the text itself was not seen: {written} bytes");
    assert!(written <= 8 * text, "{written} bytes for {text} of text: {:.1} times", written as f64 / text as f64);
}
