//! The approval model: rules, options and answers to a verdict on one call. Pure.
//!
//! A denial is stronger than a question, a question stronger than a permission. Without a rule, our
//! own tools that change nothing and tell nobody are allowed, and everything else asks. An option or
//! an earlier answer says yes to a question; nothing says yes to a denial. Once the words of others
//! have come in, what writes or reaches the network asks again, whoever allowed it.

use serde_json::{Map, Value};

use super::{CallFacts, Decision, Folders, Rule, ToolPattern, Verdict};

/// `--allow SERVER/TOOL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub tool: ToolPattern,
}

/// A call that the person said "always" to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Always {
    server: String,
    tool: String,
    /// `None`: whatever the arguments.
    arguments: Option<Map<String, Value>>,
}

/// Answers that are kept; the oldest goes.
const ALWAYS_MAX: usize = 1000;

/// All that decides, and what has happened so far.
#[derive(Clone, Debug, Default)]
pub struct Approval {
    rules: Vec<Rule>,
    folders: Folders,
    grants: Vec<Grant>,
    always: Vec<Always>,
    is_tainted: bool,
}

impl Approval {
    #[must_use]
    pub fn new(rules: Vec<Rule>, grants: Vec<Grant>) -> Self {
        Self { rules, grants, ..Self::default() }
    }

    /// With the folders that paths can be meant from.
    #[must_use]
    pub fn among(self, folders: Folders) -> Self {
        Self { folders, ..self }
    }

    #[must_use]
    pub fn judge(&self, call: &CallFacts<'_>) -> Verdict {
        let by_rules = self.by_rules(call);
        let verdict = match by_rules.decision {
            Decision::Deny => return by_rules,
            Decision::Allow => by_rules,
            Decision::Ask => self.answered(call).unwrap_or(by_rules),
        };
        if verdict.decision == Decision::Allow && self.asks_again(call) {
            let reason = format!(
                "words of others have come into the conversation, so what writes or reaches the network asks again \
                 (before, {} allowed it)",
                verdict.reason
            );
            return Verdict { decision: Decision::Ask, by: "policy", reason };
        }
        verdict
    }

    /// The strongest rule that fits, or the default.
    fn by_rules(&self, call: &CallFacts<'_>) -> Verdict {
        let strongest =
            self.rules.iter().filter(|rule| rule.fits(call, &self.folders)).max_by_key(|rule| rule.decision);
        let (decision, reason) = match strongest {
            Some(rule) => (rule.decision, rule.described()),
            None if call.is_pure() => (Decision::Allow, "the default for tools of our own that only read".to_owned()),
            None => (Decision::Ask, "no rule allows it".to_owned()),
        };
        Verdict { decision, by: "policy", reason }
    }

    /// The rules, the options and the answers that count, one a line.
    #[must_use]
    pub fn permissions(&self) -> Vec<String> {
        let rules = self.rules.iter().map(Rule::described);
        let grants = self.grants.iter().map(|grant| format!("--allow {}", grant.tool));
        let always = self.always.iter().map(|always| match &always.arguments {
            None => format!("\"always\" for {}/{}", always.server, always.tool),
            Some(_) => format!("\"always\" for one very call of {}/{}", always.server, always.tool),
        });
        rules.chain(grants).chain(always).collect()
    }

    /// What says yes to a question beforehand.
    fn answered(&self, call: &CallFacts<'_>) -> Option<Verdict> {
        let yes = |by, reason| Some(Verdict { decision: Decision::Allow, by, reason });
        if let Some(grant) = self.grants.iter().find(|grant| grant.tool.fits(call.server, call.tool)) {
            return yes("option", format!("--allow {}", grant.tool));
        }
        let always = self.always.iter().find(|always| always.fits(call))?;
        yes("person", if always.arguments.is_some() { "\"always\" to this very call" } else { "\"always\"" }.to_owned())
    }

    /// Whether a permission is not enough any more.
    fn asks_again(&self, call: &CallFacts<'_>) -> bool {
        let is_this_very_call = || self.always.iter().any(|always| always.arguments.is_some() && always.fits(call));
        // Whoever names a tool exactly for one run knows what it can be made to do; who writes `*` has not looked.
        let is_named =
            || self.grants.iter().any(|grant| grant.tool.is_exact() && grant.tool.fits(call.server, call.tool));
        self.is_tainted && !call.is_pure() && !self.is_vouched_for(call) && !is_named() && !is_this_very_call()
    }

    /// Whether a rule says that it changes nothing and tells nobody.
    #[must_use]
    pub fn is_vouched_for(&self, call: &CallFacts<'_>) -> bool {
        let vouches = |rule: &&Rule| rule.is_read_only && rule.decision == Decision::Allow;
        self.rules.iter().filter(vouches).any(|rule| rule.fits(call, &self.folders))
    }

    /// The person said "always". Before the words of others came in, it goes for the tool; after, for
    /// this very call, because what comes next may be their wish.
    pub fn always_allow(&mut self, call: &CallFacts<'_>) {
        if self.always.len() == ALWAYS_MAX {
            self.always.remove(0);
        }
        let arguments = self.is_narrow(call).then(|| call.arguments.clone());
        self.always.push(Always { server: call.server.to_owned(), tool: call.tool.to_owned(), arguments });
    }

    /// Whether "always" would go for this very call only.
    #[must_use]
    pub fn is_narrow(&self, call: &CallFacts<'_>) -> bool {
        self.is_tainted && !call.is_pure()
    }

    /// The words of others have come in.
    pub fn taint(&mut self) {
        self.is_tainted = true;
    }

    /// Another conversation begins, with nothing of the words of this one.
    pub fn clear_taint(&mut self) {
        self.is_tainted = false;
    }
}

impl Always {
    fn fits(&self, call: &CallFacts<'_>) -> bool {
        self.server == call.server
            && self.tool == call.tool
            && self.arguments.as_ref().is_none_or(|arguments| arguments == call.arguments)
    }
}
