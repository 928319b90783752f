//! The program in a terminal, against its own simulated endpoints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![cfg(unix)]

#[path = "common/rehearsed.rs"]
mod rehearsed;
#[path = "common/same_world.rs"]
mod same_world;
#[path = "common/watched.rs"]
mod watched;

use std::{
    io::{Read, Write},
    process::Command,
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// No step of a rehearsal takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);

/// A terminal of 80 columns and 24 rows with the program in it.
struct Screen {
    seen: Arc<(Mutex<vt100::Parser>, Condvar)>,
    keyboard: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    program: Box<dyn Child + Send + Sync>,
    _home: tempfile::TempDir,
}

impl Screen {
    fn of(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_landfall"));
        command.args(arguments);
        Self::running(command, environment)
    }

    /// Runs any command in it.
    fn running(mut command: CommandBuilder, environment: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        command.env_clear();
        for name in ["PATH", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        for (name, value) in [
            ("HOME", home.path().to_str().unwrap()),
            ("LC_ALL", "C.UTF-8"),
            ("TERM", "xterm-256color"),
            ("USER", "sam"),
        ] {
            command.env(name, value);
        }
        for (name, value) in environment {
            command.env(name, value);
        }
        command.cwd(home.path());
        let program = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let seen = Arc::new((Mutex::new(vt100::Parser::new(24, 80, 0)), Condvar::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let shared = seen.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                shared.0.lock().unwrap().process(&bytes[..read]);
                shared.1.notify_all();
            }
            shared.1.notify_all();
        });
        let keyboard = pair.master.take_writer().unwrap();
        Self { seen, keyboard, master: pair.master, program, _home: home }
    }

    /// Waits until the terminal is as wanted.
    fn until(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut parser = self.seen.0.lock().unwrap();
        while !wanted(parser.screen()) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{what} was not seen:\n{}", parser.screen().contents());
            parser = self.seen.1.wait_timeout(parser, left).unwrap().0;
        }
    }

    fn shows(&self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Its exit code, once it ends.
    fn end(&mut self) -> u32 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.program.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < until, "it did not end");
            std::thread::yield_now();
        }
    }

    /// From a proven target to the begun install, with the answers a scenario brings.
    fn agrees_to_the_plan(&mut self) {
        self.press("n");
        self.until("all answers", |screen| all_of_it(screen, "answered"));
        self.press("n");
        self.shows("Secrets 4/9");
        self.until("all secrets", |screen| all_of_it(screen, "entered"));
        self.press("n");
        self.until("every check", |screen| all_of_it(screen, "looked at"));
        self.press("\r");
        self.shows("a agree and begin");
        self.until("the plan", |screen| screen.contents().contains(" steps, "));
        self.press("a");
        self.shows("Install 7/9");
    }

    /// From the end of the install to the end of the program.
    fn sees_it_verified(&mut self) {
        self.shows("Enter goes on");
        self.press("\r");
        self.shows("Verify 8/9");
        self.until("every verification", |screen| all_of_it(screen, "looked at"));
        self.press("\r");
        self.shows("As printed, this guide would have failed here");
        self.press("\r");
        assert_eq!(self.end(), 0);
    }

    fn kill(&self, signal: &str) {
        let pid = self.program.process_id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.program.kill();
    }
}

#[test]
fn from_the_first_frame_to_the_summary_by_keyboard_alone() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("left.json");
    let mut screen =
        Screen::of(&["rehearse", "arthur-shield", "--speed", "200", "--snapshot", left.to_str().unwrap()], &[]);
    screen.shows("REHEARSAL │ Arthur Shield │ 123456789012");
    screen.until("a proven target", |screen| screen.contents().contains("Target 2/9, next Inputs │ proved"));
    // What nobody can look up is answered for by the answers in the moment it was looked at: nothing is in the way.
    screen.agrees_to_the_plan();
    screen.sees_it_verified();

    let alone = rehearsed::rehearse("smooth");
    alone.said.ends_with(0);
    same_world::is_the_same(&same_world::left(&left), &alone.left);
}

/// Whether the header counts all of it, e.g. `9 of 9 looked at`.
fn all_of_it(screen: &vt100::Screen, word: &str) -> bool {
    let text = screen.contents();
    let word = format!(" {word}");
    let counted = text.split("│ ").find_map(|part| part.split_once(&word)).map(|(count, _)| count.to_owned());
    counted.is_some_and(|count| count.split_once(" of ").is_some_and(|(one, all)| one == all))
}

#[test]
fn the_inference_guide_is_walked_by_keyboard_alone() {
    is_walked("inference-model-manager", "Inference Model Manager");
}

#[test]
fn the_deeploy_guide_is_walked_by_keyboard_alone() {
    is_walked("deeploy-aws", "Deeploy on AWS");
}

#[test]
fn the_platform_guide_is_walked_by_keyboard_alone() {
    is_walked("arthur-platform", "Arthur platform");
}

/// From the first frame to the end of the summary, with the answers a scenario brings.
fn is_walked(guide: &str, title: &str) {
    let mut screen = Screen::of(&["rehearse", guide, "--speed", "200"], &[]);
    screen.shows(&format!("REHEARSAL │ {title}"));
    screen.until("a proven target", |screen| screen.contents().contains("Target 2/9, next Inputs │ proved"));
    screen.agrees_to_the_plan();
    screen.sees_it_verified();
}

#[test]
fn the_gateway_guide_is_walked_by_keyboard_alone_and_its_plan_agreed_to_by_typing() {
    let arguments = ["rehearse", "apheris-gateway", "--scenario", "plan-to-read", "--speed", "200"];
    let mut screen = Screen::of(&arguments, &[]);
    screen.shows("REHEARSAL │ Apheris Compute Gateway");
    screen.until("a proven target", |screen| screen.contents().contains("Target 2/9, next Inputs │ proved"));
    screen.shows("gateway is not in us-east-2 yet: it is made");
    screen.agrees_to_the_plan();
    screen.shows("terraform would do this: 7 to add, 0 to change, 0 to destroy.");
    // The whole list is read before it is answered.
    screen.shows("module.gateway.module.vpc.aws_vpc.this: add");
    screen.press("\r");
    screen.shows("▶ stop here; nothing is applied");
    screen.press("\x1b[B");
    screen.shows("▶ apply exactly this");
    screen.press("\r");
    screen.shows("type apply to choose this");
    screen.press("yes\r");
    screen.shows("▶ apply exactly this");
    screen.press("\x7f\x7f\x7fapply\r");
    screen.shows("module.gateway.module.eks.aws_eks_cluster.this: Still creating");
    let counts = |screen: &vt100::Screen| (1..7).any(|done| screen.contents().contains(&format!("{done} of 7")));
    screen.until("how many of the seven are made", counts);
    screen.sees_it_verified();
}

#[test]
fn leaving_gives_the_terminal_back() {
    let mut screen = Screen::of(&[], &[]);
    screen.shows("Guide 1/9");
    screen.until("the alternate screen", vt100::Screen::alternate_screen);
    screen.press("\x03");
    screen.shows("Leave?");
    screen.press("\x1b");
    screen.until("the guides again", |screen| !screen.contents().contains("Leave?"));
    screen.press("\x03");
    screen.shows("Leave?");
    screen.press("\x03");
    assert_eq!(screen.end(), 0);
    screen.until("the ordinary screen", |screen| {
        !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
    });
}

#[test]
fn ctrl_z_gives_the_terminal_back_until_it_is_continued() {
    // Only a shell with job control can be given the terminal back: without one, stopping is ignored.
    let mut shell = CommandBuilder::new("/bin/sh");
    shell.args(["-c", r#"set -m; "$0"; echo the shell again; read -r _; fg"#, env!("CARGO_BIN_EXE_landfall")]);
    let mut screen = Screen::running(shell, &[]);
    screen.shows("Guide 1/9");
    screen.press("\x1a");
    screen.until("the ordinary screen", |screen| {
        !screen.alternate_screen() && screen.contents().contains("the shell again")
    });
    screen.press("\r");
    screen.until("the screen again", |screen| screen.alternate_screen() && screen.contents().contains("Guide 1/9"));
    screen.press("?");
    screen.shows("move, or scroll");
}

#[test]
fn without_colours_the_selection_is_still_seen() {
    let screen = Screen::of(&[], &[("NO_COLOR", "1")]);
    screen.shows(" ▶ ");
    let parser = screen.seen.0.lock().unwrap();
    let screen = parser.screen();
    let cells = (0..24).flat_map(|row| (0..80).filter_map(move |column| screen.cell(row, column)));
    assert!(
        cells.clone().all(|cell| cell.fgcolor() == vt100::Color::Default && cell.bgcolor() == vt100::Color::Default)
    );
    assert!(cells.clone().any(vt100::Cell::bold));
}

#[test]
fn a_terminal_that_hangs_up_ends_the_program() {
    let mut screen = Screen::of(&[], &[]);
    screen.shows("Guide 1/9");
    // What the kernel sends when the other end of the terminal closes.
    screen.kill("-HUP");
    screen.end();
}

#[test]
fn a_terminal_that_shrinks_says_so_and_grows_back() {
    let mut screen = Screen::of(&[], &[]);
    screen.shows("Guide 1/9");
    let resize = |screen: &mut Screen, rows: u16, cols: u16| {
        screen.seen.0.lock().unwrap().screen_mut().set_size(rows, cols);
        screen.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    };
    resize(&mut screen, 12, 50);
    screen.shows("too small");
    resize(&mut screen, 24, 80);
    screen.shows("Guide 1/9");
}

#[test]
fn an_install_is_watched_pod_by_pod() {
    let served = rehearsed::Served::start("smooth");
    watched::begun(&served);
    let cluster = watched::Cluster::of(&served);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut screen = Screen::of(&["status", watched::INSTALL, "--watch"], &served.settings());
    screen.shows("Status of 3fa9c1d2");
    screen.until("the step it stands at", |screen| screen.contents().contains("begun, no result"));
    screen.press("3");
    screen.shows("waiting for the namespace");
    screen.shows("REHEARSAL │ Arthur Shield");
    runtime.block_on(cluster.namespace());
    runtime.block_on(cluster.deployment("arthur-auth", 1));
    screen.until("a ready pod", |screen| screen.contents().contains("Running            1/1"));
    screen.press("l");
    screen.shows("Listening on: http://0.0.0.0:8080");
    screen.shows("only P-");
    screen.press("?");
    screen.shows("read it out over the phone");
    // A terminal sends Escape and a letter that come at once as it sends one key with Alt.
    screen.press("\x1b");
    screen.until("the help to be gone", |screen| !screen.contents().contains("read it out over the phone"));
    screen.press("q");
    assert_eq!(screen.end(), 0);
    screen.until("the ordinary screen", |screen| !screen.alternate_screen());
}

#[test]
fn undo_asks_before_anything_goes_and_for_data_by_its_name() {
    let served = rehearsed::Served::start("smooth");
    served.landfall(&["install", "arthur-shield", "--yes", "--output", "ndjson"]).ends_with(0);
    let mut screen = Screen::of(&["undo", "arthur-shield"], &served.settings());
    screen.shows("away?");
    screen.press("\r");
    assert_eq!(screen.end(), 5);
    assert!(!served.journal().contains(r#""record":"undoing""#), "nothing was agreed to");

    let mut screen = Screen::of(&["undo", "arthur-shield"], &served.settings());
    screen.shows("away?");
    screen.press("y\r");
    screen.shows("Type namespace to lose it");
    assert!(!served.journal().contains(r#""record":"undoing""#), "it was not all asked yet");
    screen.press("namespace\r");
    assert_eq!(screen.end(), 0);
    assert!(served.journal().contains(r#""record":"undone","path":"steps/namespace""#));
}

#[test]
fn a_kubeconfig_is_built_from_eks_where_no_context_is_the_cluster() {
    let served = rehearsed::Served::start("no-context");
    let mut settings = served.settings();
    settings.retain(|(name, _)| *name != "LANDFALL_ANSWERS");
    let mut screen = Screen::of(&["install", "arthur-shield"], &settings);
    screen.shows("K8S-OTHER-CLUSTER");
    // Tables are there before any target is confirmed; a selected field says how much there is to choose from.
    for table in ["EC2 DescribeRegions", "EKS ListClusters"] {
        screen.press("\x1b[B");
        screen.shows(table);
    }
    assert!(!screen.seen.0.lock().unwrap().screen().contents().contains("GUIDE-BROKEN"));
    screen.press("k");
    screen.shows("a kubeconfig of its own, built from EKS");
    screen.shows("cluster/pay-1 is pay-1: same");
    // Where the context leads is asked of nobody who does not answer: the namespaces come from the cluster itself.
    screen.press("\x1b[B\x1b[B");
    screen.shows("(Kubernetes)");
    screen.press("k");
    screen.shows("K8S-OTHER-CLUSTER");
    screen.until("one reason, not two", |screen| !screen.contents().contains("UNREACHABLE"));
    screen.press("k");
    screen.shows("cluster/pay-1 is pay-1: same");
    screen.press("n");
    screen.shows("Inputs 3/9");
}

#[test]
fn whoever_leaves_at_the_inputs_goes_on_with_all_that_was_brought() {
    let served = rehearsed::Served::start("smooth");
    let mut screen = Screen::of(&["install", "arthur-shield"], &served.settings());
    screen.until("a proven target", |screen| screen.contents().contains("Target 2/9, next Inputs │ proved"));
    screen.press("n");
    screen.until("all answers", |screen| all_of_it(screen, "answered"));
    let answered = |screen: &vt100::Screen| {
        let text = screen.contents();
        text.split("│ ").find_map(|part| part.split_once(" answered")).map(|(count, _)| count.to_owned())
    };
    let before = answered(screen.seen.0.lock().unwrap().screen());
    screen.press("\x03");
    screen.shows("Leave?");
    screen.press("\x03");
    assert_eq!(screen.end(), 0);

    let mut settings = served.settings();
    settings.retain(|(name, _)| *name != "LANDFALL_ANSWERS");
    let mut screen = Screen::of(&[], &settings);
    screen.shows("to go on; nothing was touched yet");
    screen.press("\r");
    screen.shows("Secrets 4/9");
    screen.until("all secrets", |screen| all_of_it(screen, "entered"));
    screen.press("\x1b");
    screen.until("the same answers", |screen| answered(screen) == before);
    screen.press("n");
    screen.shows("Secrets 4/9");
    screen.until("all secrets", |screen| all_of_it(screen, "entered"));
    screen.press("n");
    // What the answers say of a check is known still, too: nothing is in the way.
    screen.until("every check", |screen| all_of_it(screen, "looked at"));
    screen.press("\r");
    screen.shows("Plan 6/9");
}
