//! Real shells on a terminal: a key that writes a command, a key that explains one, and names at Tab.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::{FakeMcp, ModelServer, Pty, Reply, Run, Sandbox, needs, variable};

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];
const ALT_K: &str = "\x1bk";
const ALT_J: &str = "\x1bj";
const CTRL_C: &str = "\x03";
const READY: &str = "ready>";

/// The shell with our snippet and completions, its own files left out.
fn shell(sandbox: &Sandbox, name: &str) -> Run {
    let home = sandbox.path("home");
    let printed = |args: [&str; 2]| sandbox.sayso(args).run().assert_exit(0).stdout();
    let script = printed(["shell-init", name]);
    let completions = printed(["completions", name]);
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_sayso")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), variable("PATH").unwrap());
    let run = match name {
        "bash" => {
            let rc = home.join("rc");
            fs::write(&rc, format!("PS1='{READY} '\n{completions}\n{script}")).unwrap();
            sandbox.program(std::path::Path::new("/bin/bash"), ["--noprofile", "--rcfile", rc.to_str().unwrap(), "-i"])
        }
        "zsh" => {
            fs::create_dir_all(home.join("functions")).unwrap();
            fs::write(home.join("functions/_sayso"), completions).unwrap();
            let rc = format!(
                "PS1='{READY} '\nfpath=($HOME/functions $fpath)\nautoload -Uz compinit && compinit -u -d $HOME/.zcompdump\nunsetopt prompt_sp\n{script}"
            );
            fs::write(home.join(".zshrc"), rc).unwrap();
            sandbox.program(std::path::Path::new("/usr/bin/env"), ["zsh", "-d", "-i"])
        }
        _ => {
            let folder = sandbox.path("config/fish");
            fs::create_dir_all(folder.join("completions")).unwrap();
            fs::write(folder.join("completions/sayso.fish"), completions).unwrap();
            fs::write(
                folder.join("config.fish"),
                format!("set fish_greeting\nfunction fish_prompt; echo '{READY} '; end\n{script}"),
            )
            .unwrap();
            sandbox.program(std::path::Path::new("/usr/bin/env"), ["fish", "-i"])
        }
    };
    run.env("PATH", &path).env("SHELL", &format!("/bin/{name}"))
}

fn started(sandbox: &Sandbox, name: &str) -> Pty {
    let pty = Pty::start(shell(sandbox, name), 24, 120).patient(Duration::from_secs(40));
    pty.wait_for_text(READY);
    pty
}

/// What stands behind the last prompt.
fn line(screen: &str) -> String {
    screen.rsplit(READY).next().unwrap_or_default().trim().to_owned()
}

#[track_caller]
fn wait_for_line(pty: &Pty, what: &str) {
    pty.wait_for_screen(&format!("the line {what:?}"), |screen| line(screen) == what);
}

#[test]
fn a_key_writes_a_command_and_never_runs_it() {
    for name in SHELLS.into_iter().filter(|name| needs(name)) {
        let server = ModelServer::always(Reply::answer(&["```\ntouch ", "made-by-model\n```"]));
        let sandbox = Sandbox::for_server(&server);
        let mut pty = started(&sandbox, name);
        pty.send("make a \"file\" for $me");
        wait_for_line(&pty, "make a \"file\" for $me");
        pty.send(ALT_K);
        wait_for_line(&pty, "touch made-by-model");
        let body = server.request().json();
        let messages = body["messages"].as_array().unwrap();
        assert_eq!(messages[1]["content"], "make a \"file\" for $me", "{name}");
        assert!(messages[0]["content"].as_str().unwrap().contains(&format!("for {name} on ")), "{name}");
        let file = sandbox.work_folder().join("made-by-model");
        assert!(!file.exists(), "{name} has run it");
        pty.send("\r");
        crate::support::wait_until("the command is run by Enter", || file.exists());
        assert_eq!(sandbox.conversation_count(), 0, "{name}: it is nobody's conversation");
    }
}

#[test]
fn ctrl_c_and_a_failure_leave_the_words() {
    for name in SHELLS.into_iter().filter(|name| needs(name)) {
        let server = ModelServer::start([Reply::sse().wait_for_client_close(), Reply::error(400, "no")]);
        let sandbox = Sandbox::for_server(&server);
        let mut pty = started(&sandbox, name);
        pty.send("list all files");
        wait_for_line(&pty, "list all files");
        pty.send(ALT_K);
        server.wait_for_request(1);
        pty.send(CTRL_C);
        server.wait_for_client_gone();
        wait_for_line(&pty, "list all files");
        pty.send(ALT_K);
        server.wait_for_request(2);
        pty.wait_for_text("error[rejected]");
        wait_for_line(&pty, "list all files");
        assert!(pty.screen().contains("error[rejected]"), "{name} has drawn over it: {}", pty.screen());
    }
}

#[test]
fn a_key_explains_the_command_that_failed() {
    for name in SHELLS.into_iter().filter(|name| needs(name)) {
        let server = ModelServer::always(Reply::answer(&["It is ", "not there."]));
        let sandbox = Sandbox::for_server(&server);
        let mut pty = started(&sandbox, name);
        pty.send(ALT_J);
        pty.wait_for_text("the last command did not fail");
        pty.send("sh -c 'exit 42'\r");
        pty.wait_for_screen("the next prompt", |screen| screen.matches(READY).count() >= 2 && line(screen).is_empty());
        pty.send(ALT_J);
        pty.wait_for_text("It is not there.");
        let body = server.request().json();
        let asked = body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
        assert_eq!(asked, format!("This command ended with exit code 42 in {name}: sh -c 'exit 42'"));
        wait_for_line(&pty, "");
        assert!(pty.screen().contains("It is not there."), "{name} has drawn over it: {}", pty.screen());
    }
}

/// Another one would be sent in its place.
#[test]
fn a_failed_command_that_is_not_in_the_history_is_told() {
    if !needs("bash") {
        return;
    }
    let server = ModelServer::always(Reply::answer(&["It is ", "not there."]));
    let sandbox = Sandbox::for_server(&server);
    let mut pty = started(&sandbox, "bash");
    let prompts = |pty: &Pty| pty.screen().matches(READY).count();
    let run = |pty: &mut Pty, command: &str| {
        let before = prompts(pty);
        pty.send(&format!("{command}\r"));
        pty.wait_for_screen(command, |screen| screen.matches(READY).count() > before && line(screen).is_empty());
    };
    let hidings = [("HISTCONTROL=ignoreboth", " (exit 41)"), ("set +o history", "(exit 42)")];
    for (already_told, (hides, hidden)) in hidings.into_iter().enumerate() {
        run(&mut pty, hides);
        run(&mut pty, hidden);
        // Enter alone changes nothing.
        run(&mut pty, "");
        pty.send(ALT_J);
        let told = "the last command is not in the history";
        pty.wait_for_screen(told, |screen| screen.matches(told).count() > already_told && line(screen).is_empty());
    }
    assert!(server.requests().is_empty());
    run(&mut pty, "set -o history");
    run(&mut pty, "(exit 43)");
    run(&mut pty, "");
    pty.send(ALT_J);
    pty.wait_for_text("It is not there.");
    let asked = server.request().json()["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    assert_eq!(asked, "This command ended with exit code 43 in bash: (exit 43)");
}

#[test]
fn alt_and_a_letter_is_free_in_the_vi_mode_of_fish() {
    if !needs("fish") {
        return;
    }
    let sandbox = Sandbox::new();
    let mut pty = started(&sandbox, "fish");
    let look =
        r"begin; bind \ek; bind \ej; end 2>/dev/null | string match -q '*_sayso_*'; echo bound-(math $status + 5)";
    for (mode, answer) in [
        ("fish_default_key_bindings", "bound-5"),
        ("fish_vi_key_bindings", "bound-6"),
        ("fish_default_key_bindings", "bound-5"),
    ] {
        pty.send(&format!("clear; {mode}; {look}\r"));
        pty.wait_for_screen(answer, |screen| screen.contains(answer) && line(screen).is_empty());
    }
}

#[test]
fn tab_offers_the_names_of_this_machine() {
    for name in SHELLS.into_iter().filter(|name| needs(name)) {
        let server = ModelServer::always(Reply::answer(&["Hello"]));
        let sandbox = Sandbox::for_server(&server);
        sandbox.ask_once(["--session", "trip-to-rome", "hi"]).run().assert_exit(0);
        fs::create_dir_all(sandbox.path("config/sayso/roles")).unwrap();
        fs::write(sandbox.path("config/sayso/roles/zebra.md"), "Stripes for {{ whom }}: {{ input }}").unwrap();
        let mut pty = started(&sandbox, name);
        for (typed, completed) in [
            ("sayso ask --session tri", "sayso ask --session trip-to-rome"),
            ("sayso history show tri", "sayso history show trip-to-rome"),
            ("sayso ask --role zeb", "sayso ask --role zebra"),
            ("sayso ask --role zebra wh", "sayso ask --role zebra whom="),
            ("sayso ask --model test:te", "sayso ask --model test:test-model"),
            ("sayso ask -m demo:ec", "sayso ask -m demo:echo"),
            ("sayso config get llm.act", "sayso config get llm.active"),
            ("sayso roles sho", "sayso roles show"),
            ("sayso ask --require-h", "sayso ask --require-history"),
        ] {
            assert_completes(&mut pty, typed, completed);
        }
    }
}

/// Tab makes `completed` of what was typed; afterwards the line is empty again.
#[track_caller]
fn assert_completes(pty: &mut Pty, typed: &str, completed: &str) {
    pty.send(typed);
    wait_for_line(pty, typed);
    pty.send("\t");
    wait_for_line(pty, completed);
    pty.send("\x15");
    wait_for_line(pty, "");
}

#[test]
fn tab_keeps_to_the_quotes_of_bash() {
    if !needs("bash") {
        return;
    }
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["--session", "my trip", "hi"]).run().assert_exit(0);
    let mut pty = started(&sandbox, "bash");
    for (typed, completed) in [
        ("sayso ask --session my", r"sayso ask --session my\ trip"),
        ("sayso ask --session \"my t", "sayso ask --session \"my trip\""),
        ("sayso ask --session 'my t", "sayso ask --session 'my trip'"),
        ("sayso ask -m \"demo:ec", "sayso ask -m \"demo:echo\""),
    ] {
        assert_completes(&mut pty, typed, completed);
    }
}

#[test]
fn tab_is_silent_in_zsh_where_nothing_fits() {
    if !needs("zsh") {
        return;
    }
    let sandbox = Sandbox::new();
    let mut pty = started(&sandbox, "zsh");
    pty.send("sayso ask -m xyz\tabc");
    wait_for_line(&pty, "sayso ask -m xyzabc");
    assert!(!pty.screen().contains("command not found"), "{}", pty.screen());
}

#[test]
fn tab_offers_what_servers_had_when_they_were_asked_last() {
    let fake = FakeMcp::new(&[]);
    fake.mcp(["resources"]).run().assert_exit(0);
    fake.mcp(["prompts"]).run().assert_exit(0);
    let asked = fake.log();
    for name in SHELLS.into_iter().filter(|name| needs(name)) {
        let mut pty = started(&fake.sandbox, name);
        for (typed, completed) in [
            ("sayso mcp read fake test://co", "sayso mcp read fake test://count"),
            ("sayso mcp read fak", "sayso mcp read fake"),
            ("sayso mcp prompt fake gr", "sayso mcp prompt fake greet"),
            ("sayso mcp prompt fake greet wh", "sayso mcp prompt fake greet who="),
            ("sayso mcp prompt fake greet --suggest wh", "sayso mcp prompt fake greet --suggest who"),
        ] {
            assert_completes(&mut pty, typed, completed);
        }
    }
    assert_eq!(fake.log(), asked, "no server is asked while somebody types");
}

/// They are in the program: nobody has to have asked for them before, whatever name they have in the configuration.
#[test]
fn tools_of_built_in_servers_complete() {
    let config = "mcp: { servers: { docs: { builtin: files }, calc: { builtin: calc, enabled: false } } }";
    let sandbox = Sandbox::new().config_text(config);
    let complete = |words: &[&str]| {
        let words: Vec<&str> = ["__complete", "zsh", "sayso"].iter().chain(words).copied().collect();
        sandbox.sayso(words).run().assert_exit(0).assert_quiet().stdout()
    };
    assert_eq!(complete(&["ask", "--allow", "shell/"]), "shell/run\nshell/run_in_shell\nshell/*\n");
    assert_eq!(complete(&["ask", "--allow", "docs/rea"]), "docs/read\n");
    assert_eq!(complete(&["ask", "--allow", "calc/"]), "calc/*\n");
    assert_eq!(complete(&["ask", "--tool-choice", "shell/"]), "shell/run\nshell/run_in_shell\n");
    assert_eq!(complete(&["ask", "--tool-choice", "re"]), "required\n");
    assert_eq!(complete(&["mcp", "call", "time", "n"]), "now\n");
    assert_eq!(complete(&["history", "list", "--tool", "fetch/"]), "fetch/get\nfetch/*\n");
}

#[test]
fn names_come_quickly_and_leave_nothing_behind() {
    let sandbox = Sandbox::new();
    let complete = |words: &[&str]| {
        let words: Vec<&str> = ["__complete", "zsh", "sayso"].iter().chain(words).copied().collect();
        sandbox.sayso(words).env("HTTPS_PROXY", "http://127.0.0.1:9").run().assert_exit(0).assert_quiet().stdout()
    };
    assert!(complete(&["ask", "-m", "demo:"]).contains("demo:tour\n"));
    assert_eq!(complete(&["ask", "--session", ""]), "");
    assert_eq!(complete(&["ask", "--role=ex"]), "--role=explain\n");
    assert_eq!(complete(&["no", "such", "thing"]), "");
    for folder in ["config", "data", "state", "cache"] {
        assert_eq!(fs::read_dir(sandbox.path(folder)).unwrap().count(), 0, "{folder}");
    }
    let sandbox = sandbox.config_text("llm: [\n");
    let complete = sandbox.sayso(["__complete", "fish", "sayso", "ask", "-m", "demo:"]);
    assert!(complete.run().assert_exit(0).assert_quiet().stdout().contains("demo:tour\n"));
}

/// More than are offered where nothing is typed: what was said long ago is found by its beginning.
#[test]
fn every_conversation_completes_by_its_beginning() {
    let sandbox = Sandbox::new();
    let talk = |number: usize| {
        let name = if number.is_multiple_of(2) { format!(r#""name":"talk-{number}","#) } else { String::new() };
        let message = format!(r#"{{"id":"M{number}","role":"user","text":"hi"}}"#);
        format!(r#"{{"id":"C{number:03}",{name}"messages":[{message}]}}"#) + "\n"
    };
    let import = sandbox.sayso(["history", "import", "-"]).stdin((0..200).map(talk).collect::<String>());
    import.run().assert_exit(0);
    let offered = |typed: &str| {
        let names = sandbox.sayso(["__complete", "fish", "sayso", "history", "show", typed]).run();
        let mut names: Vec<String> = names.assert_exit(0).stdout().lines().map(str::to_owned).collect();
        names.sort();
        names
    };
    assert_eq!(offered("").len(), 50);
    assert_eq!(offered("talk-1").len(), 55);
    assert_eq!(offered("talk-18"), ["talk-18", "talk-180", "talk-182", "talk-184", "talk-186", "talk-188"]);
    assert_eq!(offered("C00"), ["C001", "C003", "C005", "C007", "C009"]);
    assert_eq!(offered("nothing"), Vec::<String>::new());
}

#[test]
fn names_are_there_within_a_moment() {
    let server = ModelServer::always(Reply::answer(&["Hello"]));
    let sandbox = Sandbox::for_server(&server);
    sandbox.ask_once(["--session", "one", "hi"]).run().assert_exit(0);
    let times = (0..10).map(|_| {
        let start = Instant::now();
        let names = sandbox.sayso(["__complete", "zsh", "sayso", "ask", "--session", ""]).run();
        assert_eq!(names.assert_exit(0).stdout(), "one\n");
        start.elapsed()
    });
    // The best of ten: others use this machine too. A build with debug checks is several times slower.
    let best = times.min().unwrap();
    assert!(best < Duration::from_millis(250), "{best:?}");
}

#[test]
fn keys_can_be_chosen_and_wrong_ones_are_told() {
    let sandbox = Sandbox::new();
    let init = |args: &[&str]| sandbox.sayso(["shell-init"].iter().chain(args).copied().collect::<Vec<_>>()).run();
    let script = init(&["bash", "--key", "ctrl-g", "--explain-key", "f9"]).assert_exit(0).stdout();
    assert!(script.contains(r#"bind -m vi-insert -x '"\C-g": _sayso_write'"#), "{script}");
    assert!(script.contains(r#"'"\e[20~": _sayso_explain'"#), "{script}");
    init(&["bash", "--key", "ctrl-c"]).assert_exit(2).assert_stderr_has(&["is no key"]);
    init(&["zsh", "--key", "alt-j"]).assert_exit(2).assert_stderr_has(&["one key cannot do both"]);
    init(&["tcsh"]).assert_exit(2);
}

#[test]
fn a_shell_without_a_line_to_edit_takes_the_snippet_silently() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        if !needs(shell) {
            continue;
        }
        let script = sandbox.sayso(["shell-init", shell]).run().assert_exit(0).stdout();
        let path = sandbox.work_folder().join(shell);
        fs::write(&path, script).unwrap();
        let source = format!("source '{}'", path.display());
        let options: &[&str] = match shell {
            "bash" => &["--norc", "-eu"],
            "zsh" => &["-f", "-eu"],
            _ => &["--no-config"],
        };
        let args = options.iter().copied().chain(["-c", &source]).collect::<Vec<_>>();
        sandbox.program(std::path::Path::new(shell), args).run().assert_exit(0).assert_stdout("").assert_silent();
    }
}
