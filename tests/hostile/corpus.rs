//! What a hostile text tries on a terminal: the one list for the sanitiser and for all that it guards.

const OSC: &str = "0;title 1;icon 2;title 4;1;? 4;1;#ff0000 7;file://h/tmp 8;;http://evil.example 8;id=x; \
    9;7;\"calc.exe\" 9;4;1;50 10;? 11;#000000 12;? 50;? 52;c;ZXZpbA== 52;p;? 104 110 133;A 777;notify;a;b \
    1337;File=inline=1:AAAA 1337;SetUserVar=a=b ltitle Licon 3008;start=x";

const CSI: &str = "2J 3J J 1A 99B 99C 99D H 1;1H 2K K P X L M @ S T s u 6n 5n c >c =c 21t 20t 18t 8;99;99t ?1049h \
    ?1049l ?47h ?25l ?1000h ?1006h ?2004h ?2004l ?2026h ?1h 4h 20h 12l 31m 0m 8m 38;2;1;2;3m 1;2r ?6h ?7l 200~ 201~ \
    !p 3g ?5h >4;2m b I Z d G i 4i x \"p";

const DCS: &str = "$q\"p $qm +q544e =1s q#0;2;0;0;0~~ 1000p tmux;\x1b\x1b]52;c;eA==\x07 {\"a\":1}";

const ESC: &str = "c 7 8 D E M H N O Z = > #8 (0 %@ n ~ g l \\";

const UNSEEN: &str = "\u{202A} \u{202B} \u{202C} \u{202D} \u{202E} \u{2066} \u{2067} \u{2068} \u{2069} \u{200B} \
    \u{200E} \u{200F} \u{61C} \u{2060} \u{FEFF} \u{AD} \u{2028} \u{2029} \u{E0001} \u{E0041}\u{E007F} \u{FFF9} \
    \u{3164} \u{180E} \u{115F} \u{E0020}";

const MIXED: [&str; 10] = [
    "safe\rrm -rf",
    "yes\x08\x08\x08no ",
    "a\r\n\rb\r\r\n",
    "\x1b\x1b[31m",
    "\x1b[\x1b]0;x\x07",
    "\u{202E}\u{2066}a\u{202C}\u{2069}\n",
    "\u{c2}\u{9b}",
    "\x0e\x0f",
    "\x05",
    "\x1b[0 q",
];

/// More than 300 sequences: each introducer with each way to end it, and what needs no introducer.
#[must_use]
pub fn corpus() -> Vec<String> {
    let mut all = Vec::new();
    for start in ["\x1b]", "\u{9d}"] {
        for end in ["\x07", "\x1b\\", "\u{9c}", ""] {
            all.extend(OSC.split(' ').map(|body| format!("{start}{body}{end}")));
        }
    }
    for start in ["\x1b[", "\u{9b}"] {
        all.extend(CSI.split(' ').map(|body| format!("{start}{body}")));
    }
    for start in ["\x1bP", "\u{90}", "\x1b_", "\u{9f}", "\x1b^", "\u{9e}", "\x1bX", "\u{98}"] {
        all.extend(DCS.split(' ').map(|body| format!("{start}{body}\x1b\\")));
    }
    all.extend(ESC.split(' ').map(|end| format!("\x1b{end}x")));
    all.extend((0..0x20).chain(0x7f..0xa0).map(|code| format!("a{}b", char::from(code))));
    all.extend(UNSEEN.split(' ').map(|unseen| format!("rm {unseen}-rf /{unseen}\n{unseen}")));
    all.extend(MIXED.map(str::to_owned));
    all
}
