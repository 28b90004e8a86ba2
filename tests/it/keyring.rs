//! Keys in the keyring of the system: with the feature, a real one; without it, a way out.

use crate::support::{ModelServer, Reply, Sandbox};

/// What the file of a provider says whose key is in the keyring.
const MARK: &str = "in the keyring of the system\n";

#[cfg(not(feature = "keyring"))]
mod not_built {
    use super::*;

    #[test]
    fn without_the_feature_the_flag_names_a_way_out_before_it_asks_for_a_key() {
        let sandbox = Sandbox::new();
        let set = sandbox.sayso(["keys", "set", "openrouter", "--keyring"]).open_stdin().run().assert_exit(2);
        set.assert_stderr_has(&["was built without the keyring", "without --keyring", "--features keyring"]);
        assert!(!sandbox.path("data/sayso/keys").exists());
    }

    #[test]
    fn a_key_that_another_build_put_there_is_told_of_replaced_and_forgotten() {
        let server = ModelServer::always(Reply::answer(&["Hello"]));
        let sandbox = Sandbox::for_server(&server);
        let file = sandbox.path("data/sayso/keys/test");
        let mark = || {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, MARK).unwrap();
        };
        mark();
        let asked = sandbox.ask_once(["hi"]).without_env("TEST_KEY").run().assert_exit(4);
        asked.assert_stderr_has(&["no key for test: keyring: this sayso was built without", "`sayso keys set test`"]);
        assert_eq!(server.requests().len(), 0);
        let set = sandbox.sayso(["keys", "set", "test"]).without_env("TEST_KEY").stdin(crate::support::TEST_KEY).run();
        set.assert_exit(0)
            .assert_stderr_has(&["the old key stays in the keyring, under service `sayso` and name `test`"]);
        sandbox.ask_once(["hi"]).without_env("TEST_KEY").run().assert_exit(0);
        mark();
        let removed = sandbox.sayso(["keys", "rm", "test"]).run().assert_exit(0);
        removed.assert_stderr_has(&["the old key stays in the keyring", "the key of test is forgotten"]);
        assert!(!file.exists());
    }
}

#[cfg(feature = "keyring")]
mod built {
    use std::io::Write as _;
    use std::process::{Child, Command, Stdio};

    use super::*;
    use crate::support::{Run, TEST_KEY, needs, wait_until};

    const LOGIN: &str = "/org/freedesktop/secrets/collection/login";

    /// A bus, and the keyring of GNOME on it, unlocked.
    struct Keyring {
        sandbox: Sandbox,
        address: String,
        processes: Vec<Child>,
    }

    impl Keyring {
        /// Nothing where none can be had.
        fn start(sandbox: Sandbox) -> Option<Self> {
            if !needs("dbus-daemon") || !needs("gnome-keyring-daemon") {
                return None;
            }
            let address = format!("unix:path={}", sandbox.path("bus").display());
            let mut keyring = Self { sandbox, address, processes: Vec::new() };
            let place = format!("--address={}", keyring.address);
            keyring.add("dbus-daemon", &["--session", "--nofork", &place], "");
            wait_until("the bus", || keyring.names().contains("org.freedesktop.DBus"));
            let daemon = ["--foreground", "--unlock", "--components=secrets"];
            keyring.add("gnome-keyring-daemon", &daemon, "the password of the keyring");
            let is_locked = ["string:org.freedesktop.Secret.Collection", "string:Locked"];
            // Whoever speaks to it before it is there lets the bus start another one, which is locked.
            wait_until("the keyring", || keyring.names().contains("org.freedesktop.secrets"));
            wait_until("the keyring to be unlocked", || {
                keyring.says("DBus.Properties.Get", LOGIN, &is_locked).contains("boolean false")
            });
            Some(keyring)
        }

        fn command(&self, program: &str, arguments: &[&str]) -> Command {
            let mut command = Command::new(program);
            command.args(arguments).env_clear().envs(self.sandbox.environment());
            command.env("DBUS_SESSION_BUS_ADDRESS", &self.address).stderr(Stdio::null());
            command
        }

        fn add(&mut self, program: &str, arguments: &[&str], input: &str) {
            let mut command = self.command(program, arguments);
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            self.processes.push(child);
        }

        /// Who is on the bus.
        fn names(&self) -> String {
            self.said(&["--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.ListNames"])
        }

        /// What the service answers to a method.
        fn says(&self, method: &str, path: &str, arguments: &[&str]) -> String {
            let method = format!("org.freedesktop.{method}");
            self.said(&[&["--dest=org.freedesktop.secrets", path, &method], arguments].concat())
        }

        fn said(&self, arguments: &[&str]) -> String {
            let output = self.command("dbus-send", &[&["--session", "--print-reply"], arguments].concat()).output();
            String::from_utf8_lossy(&output.unwrap().stdout).into_owned()
        }

        fn entries(&self) -> usize {
            let found = "dict:string:string:service,sayso,username,test";
            let said = self.says("Secret.Service.SearchItems", "/org/freedesktop/secrets", &[found]);
            said.matches("object path \"").count()
        }

        fn sayso<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Run {
            self.sandbox.sayso(arguments).env("DBUS_SESSION_BUS_ADDRESS", &self.address).without_env("TEST_KEY")
        }

        fn ask(&self) -> Run {
            self.sayso(["ask", "--retries", "0", "hi"])
        }
    }

    impl Drop for Keyring {
        fn drop(&mut self) {
            for process in self.processes.iter_mut().rev() {
                let _ = process.kill();
                let _ = process.wait();
            }
        }
    }

    #[test]
    fn a_key_is_kept_in_the_keyring_used_listed_and_forgotten() {
        let server = ModelServer::always(Reply::answer(&["Hello"]));
        let Some(keyring) = Keyring::start(Sandbox::for_server(&server)) else { return };
        let set = keyring.sayso(["keys", "set", "test", "--keyring"]).stdin(TEST_KEY).run().assert_exit(0);
        set.assert_stderr_has(&["the key of test is kept in the keyring"]);
        let file = keyring.sandbox.path("data/sayso/keys/test");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), MARK);
        assert_eq!(keyring.entries(), 1);
        // The server takes this key alone.
        keyring.ask().run().assert_exit(0).assert_stdout("Hello\n");
        let listed = keyring.sayso(["keys", "list"]).run().assert_exit(0).stdout();
        assert!(listed.contains("keyring (not asked)"), "{listed}");
        let told = keyring.sayso(["doctor"]).run().stdout();
        assert!(told.contains("keyring (not asked)"), "{told}");

        keyring.sayso(["keys", "rm", "test"]).run().assert_exit(0);
        assert_eq!((keyring.entries(), file.exists()), (0, false));
        let listed = keyring.sayso(["keys", "list"]).run().assert_exit(0).stdout();
        assert!(listed.contains("missing"), "{listed}");
    }

    #[test]
    fn a_key_is_in_one_place_and_the_environment_comes_before_it() {
        let (answer, refusal) = (|| Reply::answer(&["Hello"]), Reply::error(401, "no"));
        let server = ModelServer::start([answer(), refusal, answer(), answer()]);
        let Some(keyring) = Keyring::start(Sandbox::for_server(&server)) else { return };
        let set = |flags: &[&str], key: &str| {
            let arguments = [&["keys", "set", "test"], flags].concat();
            keyring.sayso(arguments).stdin(key).run().assert_exit(0)
        };
        set(&["--keyring"], "sk-another-key");
        // The server takes TEST_KEY alone.
        keyring.ask().env("TEST_KEY", TEST_KEY).run().assert_exit(0);
        set(&["--keyring"], TEST_KEY);
        assert_eq!(keyring.entries(), 1, "the second key has taken the place of the first");
        keyring.ask().run().assert_exit(4).assert_stderr_has(&["keyring, ends in"]);
        keyring.ask().run().assert_exit(0);
        set(&[], TEST_KEY);
        assert_eq!(keyring.entries(), 0, "a file has the key, and nothing is left behind");
        keyring.ask().run().assert_exit(0);
    }

    #[test]
    fn a_keyring_that_is_locked_empty_or_away_says_so_and_what_to_do() {
        let server = ModelServer::always(Reply::answer(&["Hello"]));
        let Some(mut keyring) = Keyring::start(Sandbox::for_server(&server)) else { return };
        keyring.sayso(["keys", "set", "test", "--keyring"]).stdin(TEST_KEY).run().assert_exit(0);
        let told = |keyring: &Keyring, parts: &[&str]| {
            let asked = keyring.ask().run().assert_exit(4);
            asked.assert_stderr_has(parts).assert_stderr_has(&["`sayso keys set test` keeps the key in a file"]);
        };
        let paths = format!("array:objpath:{LOGIN}");
        keyring.says("Secret.Service.Lock", "/org/freedesktop/secrets", &[&paths]);
        told(&keyring, &["no key for test: keyring: the keyring is locked"]);
        for process in &mut keyring.processes {
            process.kill().unwrap();
        }
        told(&keyring, &["no key for test: keyring: the keyring of the system cannot be used"]);
        let set = keyring.sayso(["keys", "set", "test", "--keyring"]).stdin("sk-new").run().assert_exit(3);
        set.assert_stderr_has(&["the key is not kept", "`sayso keys set test` without --keyring"]);
        let removed = keyring.sayso(["keys", "rm", "test"]).run().assert_exit(0);
        removed.assert_stderr_has(&["the old key stays in the keyring"]);
        assert_eq!(server.requests().len(), 0);
    }
}
