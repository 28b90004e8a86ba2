//! Answers as models write them.

pub const DOCUMENTS: [&str; 8] = [PROSE, CODE, TABLES, NESTED, MATH, SCRIPTS, LINKS, SLOPPY];

const PROSE: &str = "# Lifetimes in Rust

A **lifetime** says how long a reference stays *valid*. The compiler checks that no reference outlives what it points \
to; that is all a lifetime is. You rarely write one, because of *elision*: the compiler fills in the usual ones.

## When you need them

**When a function returns a reference and takes more than one, the compiler cannot know which of them the result comes from, and you have to say it.** \
Use a name such as `'a`. It does not change how long anything lives -- it only *describes* it, which is what \
people find ***really*** confusing at first.

---

> **Note:** a `struct` that holds a reference needs a lifetime, too.
> It is often simpler to own the data.

In short: ~~always add `'static`~~ own what you can, borrow what you must.
";

const CODE: &str = "Here is a small program that counts words:

```rust
use std::collections::HashMap;

/// Counts how often each word occurs.
fn count(text: &str) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word).or_insert(0) += 1; // a very long comment that goes on and on, far beyond the edge of any window
    }
    counts
}
```

Run it with:

```bash
cargo run --release < input.txt
```

1. Read the file:

   ```python
   with open(\"input.txt\") as f:
       text = f.read()
   ```

2. Count, and print `counts[\"the\"]`.

```
no language here
   indented
```

And a diff:

```diff
-old line
+new line
```
";

const TABLES: &str = "The three compared:

| Language | Typing | Garbage collector | Good for |
|:---------|:------:|:-----------------:|---------:|
| Rust | static, strong | no | systems, **command line** tools |
| Go | static, strong | yes | servers and tools in teams |
| Python | dynamic, strong | reference counting and a cycle collector | scripts, data, `numpy` |

All of them are fine. A small one:

| a | b |
|---|---|
| 1 | 2 |

| Setting | Type | Default | What it does and why you would ever want to change it |
|---|---|---|---|
| `timeout_seconds` | integer | 60 | How long a request may take before it is given up; 0 means for ever |
| `max_retries` | integer | 3 | How often a request that failed is made again |

| not a table
| just text with bars
";

const NESTED: &str = "What to do:

1. Prepare
   - get the tools
   - read the **manual**, all of it, including the part about safety that everybody skips
     1. first page
     2. second page
2. Work
   * with care
   * slowly

   A second paragraph of the item.
3. Clean up

- [x] done
- [ ] not done, and this text is long enough to be wrapped in most windows that people use
- plain

- loose

- list

> quoted
> > twice
> > and on
>
> - a list
> - in a quote
lazy line
";

const MATH: &str = "The quadratic formula for $ax^2 + bx + c = 0$ is

$$x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}$$

With \\(\\alpha = 1\\) and $\\beta \\to \\infty$ we get \\[ \\sum_{i=1}^{n} i = \\frac{n(n+1)}{2} \\]

$$
\\begin{aligned}
a &= b + c \\\\
d &= e^{i\\pi}
\\end{aligned}
$$

It costs $5 and $10, and `$HOME` is a variable. Euler[^1] knew.

[^1]: Leonhard Euler, 1748.
[^2]: Not used.
";

const SCRIPTS: &str = "# 你好，世界

这是一个很长的中文段落，没有空格，所以必须在字符之间换行。标点符号不能出现在行首。**粗体**也可以。

日本語の文章も同じように折り返されます。「かぎ括弧」は行末に来ません。

שלום עולם, זה טקסט בעברית. مرحبا بالعالم.

Emoji: 👩\u{200D}💻 🇩🇪 ☺\u{FE0F} and combining: e\u{301}a\u{308}. ภาษาไทยไม่มีช่องว่างระหว่างคำดังนั้นจึงยาวมาก

| 名前 | 値 |
|---|---|
| 東京 | 1 |
| e\u{301} | 👩\u{200D}💻 |
";

const LINKS: &str = "See [the book](https://doc.rust-lang.org/book/ \"The Book\") and <https://crates.io>, or write to <me@example.com>.

An image: ![a crab](https://rustacean.net/crab.png) and [![badge](https://img.example/b.svg)](https://ci.example/run).

A [relative link](docs/guide.md), a [bad one](javascript:alert(1)), [https://bank.example](https://evil.example/login).
An array: a[0] and b[i][j]; a checkbox [ ] in text; [not a link] at all. AT&amp;T &lt;b&gt; &copy; &unknown; a & b.

First line  
second line\\
third line<br>fourth. <details>
<summary>More</summary>

Inside **bold**.

</details>
";

const SLOPPY: &str = "###No heading
####### Seven
Setext
======
para
***
* star list
+ plus list
snake_case_name and 2*3*4 and **bold**text and __dunder__ and *args, **kwargs in prose
an unclosed **bold at the end of a paragraph

an unclosed `tick

```
unclosed fence
  * kept as is
";
