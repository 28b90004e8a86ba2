//! What servers have to be read: offered to the model, completed at the prompt, and never without a say-so.

use serde_json::{Value, json};

use crate::history_repl::enter;
use crate::repl::{start, wait_for_end};
use crate::roles::with_role;
use crate::support::{FakeMcp, ModelServer, Reply};

const LIST: &str = "fake__list_resources";
const READ: &str = "fake__read_resource";

fn read(id: &str, n: u64) -> Reply {
    // The same call three times would end the turn.
    Reply::call(id, READ, &json!({"uri": "test://count", "n": n}))
}

fn greetings(fake: &FakeMcp) -> usize {
    fake.log().lines().filter(|line| line.starts_with("initialize ")).count()
}

#[test]
fn a_model_lists_without_asking_and_reads_with_a_say_so() {
    let replies = [Reply::call("c1", LIST, &json!({})), read("c2", 1), Reply::answer(&["done"])];
    let model = ModelServer::start(replies.clone());
    let fake = FakeMcp::for_model(&model, &[]);
    let output = fake.sandbox.ask_once(["hi"]).run().assert_exit(10);
    output.assert_stderr_has(&["--allow fake/read_resource"]);
    let listed = model.told("c1");
    assert!(listed.contains("test://count  count, text/plain, 7 bytes"), "{listed}");
    assert!(listed.contains("test://{name}  any"), "{listed}");

    let model = ModelServer::start(replies);
    let fake = FakeMcp::for_model(&model, &[]);
    fake.sandbox.ask_once(["hi", "--allow", "fake/read_resource"]).run().assert_exit(0);
    assert_eq!(model.told("c2"), "[resource: test://count, text/plain]\nread 1");
}

#[test]
fn a_denial_of_a_server_holds_for_what_it_has_to_be_read() {
    let model = ModelServer::start([Reply::call("c1", LIST, &json!({})), Reply::answer(&["done"])]);
    let rules = json!([{"deny": "fake/*"}]);
    let fake = FakeMcp::for_model(&model, &[]).set("chat.service.tools.rules", rules);
    fake.sandbox.ask_once(["hi"]).run();
    assert!(model.told("c1").contains("denied"), "{}", model.told("c1"));
}

#[test]
fn words_that_were_read_make_what_tells_others_ask_again() {
    let call = Reply::call("c2", "fake__echo", &json!({}));
    let model = ModelServer::start([read("c1", 1), call, Reply::answer(&["done"])]);
    let rules = json!([{"allow": "fake/read_resource"}, {"allow": "fake/echo"}]);
    let fake = FakeMcp::for_model(&model, &[]).set("chat.service.tools.rules", rules);
    let output = fake.sandbox.ask_once(["hi"]).run().assert_exit(10);
    output.assert_stderr_has(&["fake/echo needs a say-so"]);
    assert!(model.told("c1").contains("read 1"), "{}", model.told("c1"));
}

#[test]
fn what_stays_fresh_is_read_once() {
    for (faults, reads) in [(&["fresh-resources"][..], "read 1"), (&[], "read 2")] {
        let model = ModelServer::start([read("c1", 1), read("c2", 2), Reply::answer(&["done"])]);
        // A server that tells of updates vouches for what it does not give a time for.
        let fake = FakeMcp::for_model(&model, faults);
        fake.sandbox.ask_once(["hi", "--allow", "fake/read_resource"]).run().assert_exit(0);
        assert!(model.told("c2").ends_with(reads), "{faults:?}: {}", model.told("c2"));
    }
}

#[test]
fn that_a_server_has_resources_is_remembered_and_one_without_gets_no_tools_for_them() {
    for (fault, expected) in [(&[][..], true), (&["no-resources"], false)] {
        let model = ModelServer::always(Reply::answer(&["hi"]));
        let fake = FakeMcp::for_model(&model, fault);
        for request in 0..2 {
            fake.sandbox.ask_once(["hi"]).run().assert_exit(0);
            let offered = model.offered(request);
            for name in [LIST, READ] {
                assert_eq!(offered.iter().any(|offered| offered == name), expected, "{request}: {offered:?}");
            }
        }
        assert_eq!(greetings(&fake), 1, "the second time nothing is connected to: {}", fake.log());
    }
}

#[test]
fn what_the_configuration_keeps_from_the_model_stays_away() {
    let model = ModelServer::always(Reply::answer(&["hi"]));
    let settings = json!({"tools": {"deny": ["read_resource"]}});
    let fake = FakeMcp::for_model_with(&model, &[], settings);
    fake.sandbox.ask_once(["hi"]).run().assert_exit(0);
    let offered = model.offered(0);
    assert!(offered.contains(&LIST.to_owned()) && !offered.contains(&READ.to_owned()), "{offered:?}");
}

#[test]
fn tab_asks_the_server_for_the_values_of_templates_and_prompts() {
    let model = ModelServer::always(Reply::answer(&["hi"]));
    let fake = FakeMcp::for_model(&model, &[]);
    let mut pty = start(fake.sandbox.sayso(["chat"]), "test>");
    // Connects to it, so that there is something to be offered at the next prompt.
    pty.send("/resource fake:test://count\r");
    wait_for_end(&pty, &["read 1", "test>"]);
    fake.wait_for_log("resources/templates/list");
    pty.send("/resource fake:test://ab");
    pty.press_tab_until("/resource fake:test://abx%20y");
    pty.send("\x15see @fake:test://q\t");
    pty.wait_for_text("see @fake:test://qx%20y ");
    pty.send("\x15/prompt greet who=\t\t");
    pty.wait_for_screen("both values", |screen| screen.contains("who=Ada") && screen.contains("who=Alan"));
    pty.send("\x15/prompt fake:greet tone=warm who=A\t");
    pty.wait_for_text("who=\"Ada Lovelace\"");
    assert!(fake.log().contains("completion/complete"), "{}", fake.log());
}

#[test]
fn a_prompt_needs_no_server_where_only_one_has_it() {
    let model = ModelServer::always(Reply::answer(&["hello"]));
    let fake = FakeMcp::for_model(&model, &[]);
    let mut pty = start(fake.sandbox.sayso(["chat"]), "test>");
    pty.send("/prompt greet who=Ada\r");
    pty.wait_for_text("hello");
    wait_for_end(&pty, &["test>"]);
    assert!(model.request().json()["messages"].to_string().contains("Greet Ada."), "{:?}", model.request().json());
    pty.send("/prompt nonsense\r");
    pty.wait_for_text("no server has a prompt nonsense");
}

#[test]
fn a_prompt_of_a_server_makes_what_tells_others_ask_again() {
    let call = Reply::call("c1", "fake__echo", &json!({"text": "told"}));
    let model = ModelServer::start([call, Reply::answer(&["done"])]);
    let rules = json!([{"allow": "fake/echo"}]);
    let fake = FakeMcp::for_model(&model, &[]).set("chat.service.tools.rules", rules);
    let mut pty = start(fake.sandbox.sayso(["chat"]), "test>");
    pty.send("/prompt greet who=Ada\r");
    pty.wait_for_text("run it? [y/n/a/e/?]");
    pty.send("n\r");
    pty.wait_for_text("done");
    assert!(model.told("c1").contains("denied"), "{}", model.told("c1"));
}

#[test]
fn a_resource_in_a_conversation_that_goes_on_makes_what_tells_others_ask_again() {
    let call = |id: &str| Reply::call(id, "fake__echo", &json!({"text": "told"}));
    let model = ModelServer::start([Reply::answer(&["seen"]), call("c1")]);
    let rules = json!([{"allow": "fake/echo"}]);
    let fake = FakeMcp::for_model(&model, &[]).set("chat.service.tools.rules", rules);
    let mut pty = start(fake.sandbox.sayso(["chat"]), "test>");
    pty.send("look at @fake:test://count\r");
    pty.wait_for_text("seen");
    wait_for_end(&pty, &["test>"]);
    pty.send("/exit\r");
    pty.wait_for_exit();
    assert!(model.request().json()["messages"].to_string().contains("read 1"), "{}", model.request().json());
    let output = fake.sandbox.ask_once(["-c", "go on"]).run().assert_exit(10);
    output.assert_stderr_has(&["fake/echo needs a say-so"]);
}

/// Its text is stored like any other: what tells whose it is has to be stored as well, and to outlive a scrub.
#[test]
fn a_prompt_of_a_server_in_a_conversation_that_goes_on_makes_what_tells_others_ask_again() {
    let call = Reply::call("c1", "fake__echo", &json!({"text": "told"}));
    let model = ModelServer::start([Reply::answer(&["seen"]), call]);
    let rules = json!([{"allow": "fake/echo"}]);
    let fake = FakeMcp::for_model(&model, &[]).set("chat.service.tools.rules", rules);
    with_role(&fake.sandbox, "kind", "---\narguments: { to: all }\n---\nBe kind to {{ to }}.");
    let mut pty = start(fake.sandbox.sayso(["chat", "--role", "kind", "to=scrubbed"]), "test>");
    pty.send("/prompt greet who=Ada\r");
    pty.wait_for_text("seen");
    wait_for_end(&pty, &["test>"]);
    pty.send("/exit\r");
    pty.wait_for_exit();
    fake.sandbox.sayso(["history", "scrub", "scrubbed"]).run().assert_exit(0);
    let output = fake.sandbox.ask_once(["-c", "go on"]).run().assert_exit(10);
    output.assert_stderr_has(&["fake/echo needs a say-so"]);
}

/// What servers have added comes anew, once and as theirs, when the line is sent again.
#[test]
fn what_was_typed_comes_back_without_what_servers_have_added() {
    let model = ModelServer::always(Reply::answer(&["hello"]));
    let fake = FakeMcp::for_model(&model, &[]);
    let mut pty = start(fake.sandbox.sayso(["chat"]), "test>");
    for line in ["/prompt greet who=Ada", "look at @fake:test://count"] {
        enter(&mut pty, line, "hello");
        pty.send("/undo\r");
        wait_for_end(&pty, &[&format!("test> {line}")]);
        pty.send("\x03");
        wait_for_end(&pty, &["test>"]);
    }
}

#[test]
fn a_prompt_that_two_servers_have_is_named_with_its_server() {
    let model = ModelServer::always(Reply::answer(&["hello"]));
    let fake = FakeMcp::for_model(&model, &[]);
    let second: Value = json!({"command": FakeMcp::program()});
    let fake = fake.set("mcp.servers.other", second);
    let mut pty = start(fake.sandbox.sayso(["chat"]), "test>");
    pty.send("/prompt greet who=Ada\r");
    pty.wait_for_text("several servers have it: fake:greet, other:greet");
    assert_eq!(model.requests().len(), 0);
}

/// What was sent last, in parts.
fn parts(model: &ModelServer) -> Vec<Value> {
    let body = model.requests().last().unwrap().json();
    body["messages"].as_array().unwrap().last().unwrap()["content"].as_array().unwrap().clone()
}

const DOT: &str = "data:image/gif;base64,R0lGODlhAQ==";

#[test]
fn images_of_a_prompt_and_of_a_resource_are_attached_shown_as_a_line_and_kept() {
    let model = ModelServer::always(Reply::answer(&["Seen"]));
    let fake = FakeMcp::for_model(&model, &["picture"]);
    let mut pty = start(fake.sandbox.sayso(["chat"]), "test>");
    pty.send("/prompt greet who=Ada\r");
    let screen =
        pty.wait_for_screen("the answer", |screen| screen.contains("3 out") && screen.trim_end().ends_with("test>"));
    assert!(screen.contains("\nuser: [attached: greet 1 (7 bytes), image/gif]\n"), "{screen}");
    let sent = parts(&model);
    let text = sent[0]["text"].as_str().unwrap();
    assert!(
        text.ends_with("user: [attached: dot.gif (7 bytes), image/gif]\n\nuser: [audio: audio/wav, 4 bytes]"),
        "{text}"
    );
    let images: Vec<_> = sent[1..].iter().map(|part| part["image_url"]["url"].as_str().unwrap()).collect();
    assert_eq!(images, [DOT, DOT]);
    pty.send("/resource fake:test://dot.gif\r");
    wait_for_end(&pty, &["[resource: test://dot.gif, image/gif, 7 bytes, not text]", "test>"]);
    pty.send("What is @fake:test://dot.gif then?\r");
    wait_for_end(&pty, &["attached: dot.gif (7 bytes)", "Seen", "usage: 7 in, 3 out", "", "test>"]);
    assert_eq!(parts(&model)[1]["image_url"]["url"], DOT);
    drop(pty);

    let asked = fake.sandbox.ask_once(["-c", "And @fake:test://dot.gif now?"]).run().assert_exit(0);
    assert!(!asked.stderr.contains("R0lG"), "{}", asked.stderr);
    assert_eq!(parts(&model)[1]["image_url"]["url"], DOT);
    let body = model.requests().last().unwrap().json().to_string();
    assert_eq!(body.matches(DOT).count(), 4, "those of earlier prompts go out again: {body}");
    let exported = fake.sandbox.sayso(["history", "export", "--format", "md"]).run().assert_exit(0).stdout();
    assert!(exported.contains(&format!("({DOT})")), "{exported}");
}

#[test]
fn a_model_that_sees_nothing_gets_a_note_in_place_of_an_image_of_a_resource() {
    let about = json!({"id": "blind", "architecture": {"input_modalities": ["text"]}});
    let model = ModelServer::always(Reply::answer(&["Seen"])).with_models(200, json!({"data": [about]}));
    let fake = FakeMcp::for_model(&model, &["picture"]);
    fake.sandbox.sayso(["models", "refresh"]).run().assert_exit(0);
    fake.sandbox.ask_once(["What is @fake:test://dot.gif ?"]).run().assert_exit(0);
    fake.sandbox.ask_once(["-c", "-m", "test:blind", "Go on"]).run().assert_exit(0);
    let body = model.requests().last().unwrap().json();
    let sent = body["messages"][0]["content"].as_str().unwrap();
    assert!(sent.ends_with("[image: dot.gif (7 bytes), image/gif: not sent, this model takes no images]"), "{sent}");
    fake.sandbox.ask_once(["-m", "test:blind", "What is @fake:test://dot.gif ?"]).run().assert_exit(0);
    let body = model.requests().last().unwrap().json();
    let sent = body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
    assert!(sent.ends_with("[resource: test://dot.gif, image/gif, 7 bytes, not text]\n"), "{sent}");
}
