//! What it costs to show a piece of the answer, into a device that takes everything.
//!
//! Each iteration shows [`TOKENS`] pieces, so microseconds in the output are nanoseconds per piece.
//! `each_flushed` is a network that brings one at a time: a poll and a write for every piece.

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use sayso::testing::{
    ColorChoice, Frontend, JsonFormat, JsonView, MarkdownSettings, OutputSettings, PlainView, ReplyView, Screen,
    TurnEvent, ViewSettings, null_screen, null_screen_with,
};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const TOKENS: usize = 1000;

fn main() {
    divan::main();
}

const VIEWS: [&str; 4] = ["plain", "reply", "markdown", "jsonl"];

fn view<'s>(name: &str, screen: &'s mut Screen) -> Box<dyn Frontend + 's> {
    let settings = ViewSettings::default();
    match name {
        "plain" => Box::new(PlainView::new(screen, settings)),
        "reply" => Box::new(ReplyView::new(screen, settings)),
        "markdown" => Box::new(ReplyView::new(screen, rendered())),
        _ => Box::new(JsonView::new(screen, JsonFormat::Jsonl, settings)),
    }
}

/// With a width, as the device that takes everything has none.
fn rendered() -> ViewSettings {
    let markdown = MarkdownSettings { width: Some(80), ..MarkdownSettings::default() };
    ViewSettings { markdown: Some(markdown), ..ViewSettings::default() }
}

#[divan::bench(args = VIEWS)]
fn each_flushed(bencher: Bencher<'_, '_>, name: &str) {
    bench(bencher, name, 1);
}

/// Ten pieces of one read from the network go out with one write.
#[divan::bench(args = VIEWS)]
fn flushed_by_tens(bencher: Bencher<'_, '_>, name: &str) {
    bench(bencher, name, 10);
}

fn bench(bencher: Bencher<'_, '_>, name: &str, tokens_per_flush: usize) {
    let mut screen = null_screen().expect("a device that takes everything");
    let mut view = view(name, &mut screen);
    bencher.counter(ItemsCount::new(TOKENS)).bench_local(|| {
        for _ in 0..TOKENS / tokens_per_flush {
            for _ in 0..tokens_per_flush {
                view.show(&TurnEvent::Text(black_box(" and")));
            }
            view.flush().expect("it takes everything");
        }
    });
}

/// Lines of a block of code, one piece each, highlighted; the language is loaded before the clock starts.
#[divan::bench(args = ["rust", "python", "klingon"])]
fn lines_of_code(bencher: Bencher<'_, '_>, language: &str) {
    let settings = OutputSettings { color: ColorChoice::Always, ..OutputSettings::default() };
    let mut screen = null_screen_with(settings).expect("a device that takes everything");
    let mut view = ReplyView::new(&mut screen, rendered());
    view.show(&TurnEvent::Text(&format!("```{language}\nlet first = 1;\n")));
    std::thread::sleep(std::time::Duration::from_secs(2));
    bencher.counter(ItemsCount::new(TOKENS)).bench_local(|| {
        for _ in 0..TOKENS {
            view.show(&TurnEvent::Text(black_box("    let x = foo(\"a\", 12); // and so on\n")));
        }
        view.flush().expect("it takes everything");
    });
}
