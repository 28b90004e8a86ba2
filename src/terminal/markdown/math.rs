//! Formulas as far as Unicode goes: letters, signs, small superscripts and subscripts, simple fractions and roots.
//! What is not known is left as it was written.

/// Commands that are one sign.
const SIGNS: &[(&str, &str)] = &[
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ε"),
    ("varepsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("iota", "ι"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("upsilon", "υ"),
    ("phi", "φ"),
    ("varphi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
    ("Gamma", "Γ"),
    ("Delta", "Δ"),
    ("Theta", "Θ"),
    ("Lambda", "Λ"),
    ("Xi", "Ξ"),
    ("Pi", "Π"),
    ("Sigma", "Σ"),
    ("Phi", "Φ"),
    ("Psi", "Ψ"),
    ("Omega", "Ω"),
    ("times", "×"),
    ("cdot", "·"),
    ("div", "÷"),
    ("pm", "±"),
    ("mp", "∓"),
    ("ast", "∗"),
    ("circ", "∘"),
    ("bullet", "•"),
    ("oplus", "⊕"),
    ("otimes", "⊗"),
    ("le", "≤"),
    ("leq", "≤"),
    ("ge", "≥"),
    ("geq", "≥"),
    ("ne", "≠"),
    ("neq", "≠"),
    ("approx", "≈"),
    ("equiv", "≡"),
    ("sim", "∼"),
    ("cong", "≅"),
    ("propto", "∝"),
    ("ll", "≪"),
    ("gg", "≫"),
    ("in", "∈"),
    ("notin", "∉"),
    ("ni", "∋"),
    ("subset", "⊂"),
    ("subseteq", "⊆"),
    ("supset", "⊃"),
    ("supseteq", "⊇"),
    ("cup", "∪"),
    ("cap", "∩"),
    ("setminus", "∖"),
    ("emptyset", "∅"),
    ("varnothing", "∅"),
    ("forall", "∀"),
    ("exists", "∃"),
    ("neg", "¬"),
    ("lnot", "¬"),
    ("land", "∧"),
    ("wedge", "∧"),
    ("lor", "∨"),
    ("vee", "∨"),
    ("to", "→"),
    ("rightarrow", "→"),
    ("leftarrow", "←"),
    ("leftrightarrow", "↔"),
    ("Rightarrow", "⇒"),
    ("Leftarrow", "⇐"),
    ("Leftrightarrow", "⇔"),
    ("implies", "⇒"),
    ("iff", "⇔"),
    ("mapsto", "↦"),
    ("infty", "∞"),
    ("partial", "∂"),
    ("nabla", "∇"),
    ("sum", "∑"),
    ("prod", "∏"),
    ("int", "∫"),
    ("oint", "∮"),
    ("angle", "∠"),
    ("perp", "⊥"),
    ("parallel", "∥"),
    ("mid", "|"),
    ("ldots", "…"),
    ("cdots", "⋯"),
    ("dots", "…"),
    ("prime", "′"),
    ("hbar", "ℏ"),
    ("ell", "ℓ"),
    ("Re", "ℜ"),
    ("Im", "ℑ"),
    ("aleph", "ℵ"),
    ("degree", "°"),
    ("therefore", "∴"),
    ("because", "∵"),
    ("langle", "⟨"),
    ("rangle", "⟩"),
    ("lfloor", "⌊"),
    ("rfloor", "⌋"),
    ("lceil", "⌈"),
    ("rceil", "⌉"),
    ("log", "log"),
    ("ln", "ln"),
    ("exp", "exp"),
    ("sin", "sin"),
    ("cos", "cos"),
    ("tan", "tan"),
    ("lim", "lim"),
    ("max", "max"),
    ("min", "min"),
    ("sup", "sup"),
    ("inf", "inf"),
    ("det", "det"),
    ("gcd", "gcd"),
    ("Pr", "Pr"),
    ("dim", "dim"),
    ("ker", "ker"),
    ("arg", "arg"),
    ("quad", " "),
    ("qquad", "  "),
    ("left", ""),
    ("right", ""),
    ("big", ""),
    ("Big", ""),
    ("displaystyle", ""),
    ("limits", ""),
    ("vert", "|"),
    ("lvert", "|"),
    ("rvert", "|"),
    ("colon", ":"),
    ("bmod", "mod"),
    ("star", "⋆"),
];

/// Commands whose argument stands for itself.
const WRAPPERS: [&str; 10] =
    ["text", "mathrm", "mathbf", "mathit", "mathsf", "mathcal", "operatorname", "textbf", "boldsymbol", "boxed"];

const SUPERSCRIPTS: (&str, &str) =
    ("0123456789+-=()niabcdefghjklmoprstuvwxyz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻ");
const SUBSCRIPTS: (&str, &str) = ("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ");
const DOUBLE_STRUCK: (&str, &str) = ("CHNPQRZ", "ℂℍℕℙℚℝℤ");

/// Deeper nesting than a line of text can show.
const DEPTH_MAX: usize = 6;

/// The formula in Unicode; `None` where something in it has no form there.
#[must_use]
pub fn to_unicode(source: &str) -> Option<String> {
    let mut reader = Reader { rest: source.trim() };
    let text = reader.until_end(0)?;
    reader.rest.is_empty().then(|| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Whether text between two `$` is meant as a formula, and not an amount or a variable of a shell.
#[must_use]
pub fn looks_like_formula(text: &str) -> bool {
    let mut letters = text.chars();
    let is_letter = letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none();
    is_letter || (text.contains(['\\', '^', '_', '=', '<', '>', '+']) && !text.contains("://"))
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<char> {
        let char = self.rest.chars().next()?;
        self.rest = &self.rest[char.len_utf8()..];
        Some(char)
    }

    /// Up to the end, or to a closing brace that is left to the caller.
    fn until_end(&mut self, depth: usize) -> Option<String> {
        let mut out = String::new();
        while !self.rest.is_empty() && !self.rest.starts_with('}') {
            let part = self.part(depth)?;
            out.push_str(&part);
        }
        Some(out)
    }

    /// One sign, command or group.
    fn part(&mut self, depth: usize) -> Option<String> {
        if depth > DEPTH_MAX {
            return None;
        }
        Some(match self.next()? {
            '\\' => self.command(depth)?,
            '{' => self.group(depth)?,
            '^' => self.script('^', SUPERSCRIPTS, depth)?,
            '_' => self.script('_', SUBSCRIPTS, depth)?,
            '~' => " ".to_owned(),
            '&' | '$' | '}' => return None,
            '\'' => "′".to_owned(),
            other => other.to_string(),
        })
    }

    fn group(&mut self, depth: usize) -> Option<String> {
        let text = self.until_end(depth + 1)?;
        (self.next() == Some('}')).then_some(text)
    }

    fn argument(&mut self, depth: usize) -> Option<String> {
        self.rest = self.rest.trim_start();
        self.part(depth + 1)
    }

    fn command(&mut self, depth: usize) -> Option<String> {
        let letters = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        if letters == 0 {
            return Some(match self.next()? {
                ',' | ';' | ':' | ' ' => " ".to_owned(),
                '!' => String::new(),
                '|' => "‖".to_owned(),
                escaped @ ('{' | '}' | '%' | '$' | '&' | '#' | '_') => escaped.to_string(),
                _ => return None,
            });
        }
        let name: &'a str = &self.rest[..letters];
        self.rest = &self.rest[letters..];
        if let Some((_, sign)) = SIGNS.iter().find(|(known, _)| *known == name) {
            return Some((*sign).to_owned());
        }
        match name {
            "frac" | "dfrac" | "tfrac" => {
                let (above, below) = (self.argument(depth)?, self.argument(depth)?);
                Some(format!("{}/{}", bracketed(&above), bracketed(&below)))
            }
            "sqrt" if !self.rest.starts_with('[') => Some(format!("√{}", bracketed(&self.argument(depth)?))),
            "mathbb" => translated(&self.argument(depth)?, DOUBLE_STRUCK),
            "vec" => Some(format!("{}\u{20D7}", single(&self.argument(depth)?)?)),
            "hat" => Some(format!("{}\u{302}", single(&self.argument(depth)?)?)),
            "bar" | "overline" => Some(format!("{}\u{304}", single(&self.argument(depth)?)?)),
            "dot" => Some(format!("{}\u{307}", single(&self.argument(depth)?)?)),
            "tilde" => Some(format!("{}\u{303}", single(&self.argument(depth)?)?)),
            _ if WRAPPERS.contains(&name) => self.argument(depth),
            _ => None,
        }
    }

    /// Raised or lowered where all of it can be, else with its sign and brackets.
    fn script(&mut self, sign: char, table: (&str, &str), depth: usize) -> Option<String> {
        let text = self.argument(depth)?;
        Some(match translated(&text, table) {
            Some(small) => small,
            None if text.chars().count() == 1 => format!("{sign}{text}"),
            None => format!("{sign}({text})"),
        })
    }
}

fn single(text: &str) -> Option<&str> {
    (text.chars().count() == 1).then_some(text)
}

fn bracketed(text: &str) -> String {
    let is_simple = text.chars().all(char::is_alphanumeric) || text.chars().count() == 1;
    if is_simple { text.to_owned() } else { format!("({text})") }
}

fn translated(text: &str, (from, to): (&str, &str)) -> Option<String> {
    let text = text.replace(' ', "").replace('−', "-");
    text.chars().map(|char| from.chars().zip(to.chars()).find(|(known, _)| *known == char).map(|(_, to)| to)).collect()
}

#[cfg(test)]
mod tests {
    use super::{SUBSCRIPTS, SUPERSCRIPTS, looks_like_formula, to_unicode};

    #[test]
    fn formulas_become_text() {
        for (source, expected) in [
            ("x^2", "x²"),
            ("x_{n+1} = x_n - \\frac{f(x_n)}{f'(x_n)}", "xₙ₊₁ = xₙ - (f(xₙ))/(f′(xₙ))"),
            ("\\frac{a}{b}", "a/b"),
            ("e^{i\\pi} + 1 = 0", "e^(iπ) + 1 = 0"),
            ("\\sqrt{2}", "√2"),
            ("\\forall \\epsilon > 0", "∀ ε > 0"),
            ("\\mathbb{R}^n", "ℝⁿ"),
            ("\\sum_{i=1}^{n} i", "∑ᵢ₌₁ⁿ i"),
            ("O(n \\log n)", "O(n log n)"),
            ("\\left( a \\right)", "( a )"),
            ("P(A \\mid B)", "P(A | B)"),
        ] {
            assert_eq!(to_unicode(source).as_deref(), Some(expected), "{source}");
        }
    }

    #[test]
    fn what_has_no_form_is_left_alone() {
        for source in ["\\begin{matrix}a&b\\end{matrix}", "\\unknown", "{x", "x}", "\\", "", &"{".repeat(10_000)] {
            assert_eq!(to_unicode(source), None, "{source:.20}");
        }
    }

    #[test]
    fn amounts_and_variables_are_no_formulas() {
        assert!(["x", "x^2", "a = b", "\\alpha"].into_iter().all(looks_like_formula));
        assert!(!["5 and ", "HOME", "10", ""].into_iter().any(looks_like_formula));
    }

    #[test]
    fn the_tables_fit() {
        for (from, to) in [SUPERSCRIPTS, SUBSCRIPTS] {
            assert_eq!(from.chars().count(), to.chars().count());
        }
    }
}
