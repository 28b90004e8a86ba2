//! Which calls run: the decision, told as a person would ask for it.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::approval::{Approval, Grant};
use super::rule::{Condition, Rule};
use super::{CallFacts, Decision, Folders, ToolPattern};

fn rule(decision: Decision, tool: &str) -> Rule {
    Rule { decision, tool: ToolPattern::parse(tool).unwrap(), when: Vec::new(), is_read_only: false, place: None }
}

fn grant(tool: &str) -> Grant {
    Grant { tool: ToolPattern::parse(tool).unwrap() }
}

fn arguments() -> Map<String, Value> {
    json!({"path": "/tmp/a"}).as_object().unwrap().clone()
}

/// A tool of somebody else.
fn external<'a>(name: &'a str, arguments: &'a Map<String, Value>) -> CallFacts<'a> {
    let (server, tool) = name.split_once('/').unwrap();
    CallFacts { server, tool, arguments, is_builtin: false, is_read_only: false, reaches_network: true }
}

fn own<'a>(
    name: &'a str,
    is_read_only: bool,
    reaches_network: bool,
    arguments: &'a Map<String, Value>,
) -> CallFacts<'a> {
    CallFacts { is_builtin: true, is_read_only, reaches_network, ..external(name, arguments) }
}

#[test]
fn without_rules_only_our_own_pure_tools_run() {
    let (approval, arguments) = (Approval::default(), arguments());
    let decision = |call: CallFacts<'_>| approval.judge(&call).decision;
    assert_eq!(decision(own("time/now", true, false, &arguments)), Decision::Allow);
    assert_eq!(decision(own("files/write", false, false, &arguments)), Decision::Ask);
    assert_eq!(decision(own("fetch/fetch", true, true, &arguments)), Decision::Ask);
    assert_eq!(decision(external("time/now", &arguments)), Decision::Ask);
    // What a server says of itself is not believed.
    let liar = CallFacts { is_read_only: true, reaches_network: false, ..external("x/y", &arguments) };
    assert_eq!(decision(liar), Decision::Ask);
}

#[test]
fn a_denial_wins_over_everything() {
    let arguments = arguments();
    let mut approval = Approval::new(
        vec![rule(Decision::Deny, "shell/*"), rule(Decision::Allow, "shell/run"), rule(Decision::Ask, "*/*")],
        vec![grant("shell/run")],
    );
    let call = own("shell/run", false, true, &arguments);
    approval.always_allow(&call);
    let verdict = approval.judge(&call);
    assert_eq!(
        (verdict.decision, verdict.by, verdict.reason.as_str()),
        (Decision::Deny, "policy", "the rule \"deny: shell/*\"")
    );
}

#[test]
fn a_question_wins_over_a_permission_and_is_answered_by_options_and_answers() {
    let arguments = arguments();
    let rules = vec![rule(Decision::Allow, "a/*"), rule(Decision::Ask, "a/b")];
    let call = external("a/b", &arguments);
    let mut approval = Approval::new(rules.clone(), Vec::new());
    assert_eq!(approval.judge(&call).reason, "the rule \"ask: a/b\"");
    approval.always_allow(&call);
    assert_eq!((approval.judge(&call).decision, approval.judge(&call).by), (Decision::Allow, "person"));
    assert_eq!(approval.judge(&external("a/c", &arguments)).by, "policy");
    let granted = Approval::new(rules, vec![grant("a/b")]).judge(&call);
    assert_eq!((granted.decision, granted.by, granted.reason.as_str()), (Decision::Allow, "option", "--allow a/b"));
    assert_eq!(approval.judge(&external("z/b", &arguments)).reason, "no rule allows it");
}

#[test]
fn the_words_of_others_take_back_what_writes_or_reaches_the_network() {
    let arguments = arguments();
    let mut vouched = rule(Decision::Allow, "notes/read");
    vouched.is_read_only = true;
    let mut approval = Approval::new(
        vec![rule(Decision::Allow, "fetch/*"), rule(Decision::Allow, "notes/*"), vouched],
        vec![grant("shell/*"), grant("mail/send")],
    );
    let calls = [
        own("fetch/fetch", true, true, &arguments),
        external("notes/write", &arguments),
        own("shell/run", false, true, &arguments),
        external("notes/read", &arguments),
        external("mail/send", &arguments),
        own("files/read", true, false, &arguments),
    ];
    let decisions = |approval: &Approval| calls.map(|call| approval.judge(&call).decision);
    assert_eq!(decisions(&approval), [Decision::Allow; 6]);
    approval.taint();
    let (yes, ask) = (Decision::Allow, Decision::Ask);
    // `--allow mail/send` names the tool itself; `shell/*` does not.
    assert_eq!(decisions(&approval), [ask, ask, ask, yes, yes, yes]);
    let told = approval.judge(&calls[0]).reason;
    assert!(told.contains("words of others") && told.contains("the rule \"allow: fetch/*\""), "{told}");
    approval.clear_taint();
    assert_eq!(decisions(&approval), [Decision::Allow; 6]);
}

#[test]
fn always_goes_for_the_tool_before_and_for_the_very_call_after_the_words_of_others() {
    let (here, there) = (arguments(), Map::new());
    let mut approval = Approval::default();
    approval.always_allow(&external("a/b", &here));
    assert_eq!(approval.judge(&external("a/b", &there)).decision, Decision::Allow);
    approval.taint();
    assert_eq!(approval.judge(&external("a/b", &here)).decision, Decision::Ask);
    assert!(approval.is_narrow(&external("a/b", &here)));
    approval.always_allow(&external("a/b", &here));
    assert_eq!(approval.judge(&external("a/b", &here)).decision, Decision::Allow);
    assert_eq!(approval.judge(&external("a/b", &there)).decision, Decision::Ask);
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let decision = prop::sample::select(vec![Decision::Allow, Decision::Ask, Decision::Deny]);
    let tool = prop::sample::select(vec!["*/*", "a/*", "a/b", "b/*", "*/b"]);
    (decision, tool, any::<bool>(), any::<bool>()).prop_map(|(decision, tool, has_condition, is_read_only)| {
        let condition = Condition { pointer: "/path".into(), pattern: "/tmp/*".into() };
        Rule { when: has_condition.then_some(condition).into_iter().collect(), is_read_only, ..rule(decision, tool) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_strongest_rule_decides_in_any_order(
        rules in prop::collection::vec(any_rule(), 0..6),
        grants in prop::collection::vec(prop::sample::select(vec!["a/*", "a/b", "b/*"]), 0..2),
        name in prop::sample::select(vec!["a/b", "a/c", "b/b"]),
        is_own in any::<bool>(), reads in any::<bool>(), reaches in any::<bool>(),
        is_tainted in any::<bool>(), said_always in any::<bool>(),
    ) {
        let arguments = arguments();
        let call = CallFacts { is_builtin: is_own, is_read_only: reads, reaches_network: reaches, ..external(name, &arguments) };
        let grants: Vec<Grant> = grants.into_iter().map(grant).collect();
        let decide = |rules: Vec<Rule>| {
            let mut approval = Approval::new(rules, grants.clone());
            if said_always {
                approval.always_allow(&call);
            }
            if is_tainted {
                approval.taint();
            }
            approval.judge(&call).decision
        };
        let decision = decide(rules.clone());
        let mut turned = rules.clone();
        turned.reverse();
        prop_assert_eq!(decision, decide(turned));
        let strongest = rules.iter().filter(|rule| rule.fits(&call, &Folders::default())).map(|rule| rule.decision).max();
        if strongest == Some(Decision::Deny) {
            prop_assert_eq!(decision, Decision::Deny);
        } else {
            prop_assert_ne!(decision, Decision::Deny);
        }
        // Nothing runs unasked that nobody allowed.
        let somebody_allowed = strongest == Some(Decision::Allow)
            || (strongest.is_none() && call.is_pure())
            || said_always
            || grants.iter().any(|grant| grant.tool.fits(call.server, call.tool));
        prop_assert!(decision != Decision::Allow || somebody_allowed);
        let denied = decide([rules.clone(), vec![rule(Decision::Deny, "*/*")]].concat());
        prop_assert_eq!(denied, Decision::Deny);
        let vouched = rules.iter().any(|rule| rule.is_read_only && rule.fits(&call, &Folders::default()));
        let is_named = grants.iter().any(|grant| grant.tool.is_exact() && grant.tool.fits(call.server, call.tool));
        if is_tainted && !call.is_pure() && !vouched && !is_named {
            prop_assert_ne!(decision, Decision::Allow);
        }
    }
}
