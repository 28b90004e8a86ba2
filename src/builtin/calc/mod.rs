//! The server `calc`: arithmetic that a model would only guess, exact where numbers can be.

use crate::builtin::any_server::ToolServer;
mod expression;
mod functions;
mod number;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::{schemars, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone)]
pub struct Calc {
    tool_router: Arc<ToolRouter<Self>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub struct EvaluateParameters {
    /// As in `2^10 + sqrt(2) / 3!`. Operators: + - * / // (rounded down) % (remainder, with the sign of the divisor)
    /// ^ ! and brackets; numbers as in 1_000, 2.5e3, 0xff; pi, tau, e; functions: sqrt, root, exp, ln, log, log2, sin,
    /// cos, tan, asin, acos, atan, atan2, sinh, cosh, tanh, radians, degrees, abs, sign, floor, ceil, round, trunc, min,
    /// max, sum, mean, median, gcd, lcm, mod, factorial, choose. Angles are in radians.
    expression: String,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Evaluated {
    /// The value in decimal digits.
    value: String,
    /// Whether these are all of its digits; otherwise it is rounded to 15.
    exact: bool,
    /// The exact value as a fraction, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    fraction: Option<String>,
}

#[must_use]
pub fn new() -> Calc {
    Calc { tool_router: Arc::new(Calc::tool_router()) }
}

#[tool_router]
impl Calc {
    /// Works out an arithmetic expression. Whole numbers and fractions stay exact up to 38 digits.
    #[tool(annotations(
        title = "Calculate",
        read_only_hint = true,
        destructive_hint = false,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    fn evaluate(&self, Parameters(wanted): Parameters<EvaluateParameters>) -> Result<Json<Evaluated>, String> {
        let result = expression::evaluate(&wanted.expression)?;
        let (value, exact) = result.show();
        Ok(Json(Evaluated { value, exact, fraction: result.fraction() }))
    }
}

impl ToolServer for Calc {
    const NAME: &str = "sayso-calc";

    fn instructions(&self) -> String {
        "Exact arithmetic.".to_owned()
    }

    fn router(&self) -> &ToolRouter<Self> {
        &self.tool_router
    }
}
