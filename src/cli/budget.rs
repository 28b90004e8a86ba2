//! The options that limit what a command may spend.

use clap::Args;

/// The headings of `--help` stay those of the command this is flattened into.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq)]
pub struct BudgetOptions {
    /// Spend no more than this; ends with exit 6
    #[arg(long, value_name = "USD", value_parser = parse_usd)]
    pub max_cost: Option<f64>,

    /// Use no more than this many tokens, input and output together; ends with exit 6
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_tokens_total: Option<u64>,
}

fn parse_usd(text: &str) -> Result<f64, String> {
    let amount = text.strip_prefix('$').unwrap_or(text).parse::<f64>().ok();
    amount.filter(|usd| usd.is_finite() && *usd > 0.0).ok_or_else(|| "write it as 0.50 or 2".to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse_usd;

    #[test]
    fn an_amount_is_more_than_nothing() {
        assert_eq!((parse_usd("0.5"), parse_usd("$2")), (Ok(0.5), Ok(2.0)));
        for bad in ["", "0", "-1", "NaN", "inf", "1,5", "2 USD"] {
            assert!(parse_usd(bad).is_err(), "{bad}");
        }
    }
}
