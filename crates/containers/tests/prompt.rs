//! The learner's prompt: lines, continuation, commands the embedder provides, Ctrl-C.

use containers::fs::{Cred, Fs, Volumes};
use containers::images::base::workstation;
use containers::machine::{Env, Flavor, Got, Host, Machine, Outcome, Pid, SinkId, Stdio};
use containers::shell::{Dialect, ParseError};

/// A host that provides `kubectl`, which answers with its arguments and its input.
#[derive(Default)]
struct World {
    now: clock::Time,
    volumes: Volumes,
}

impl Host for World {
    fn now(&self) -> clock::Time {
        self.now
    }
    fn volumes(&mut self) -> &mut Volumes {
        &mut self.volumes
    }
    fn provides(&self, name: &str) -> bool {
        name == "kubectl"
    }
}

struct Prompt {
    machine: Machine,
    world: World,
    sink: SinkId,
    shell: Pid,
}

impl Prompt {
    fn new() -> Self {
        let mut world = World::default();
        let mut machine = Machine::new(Fs::new(workstation("/home/me").root), "desk", 1, world.now());
        machine.flavor = Flavor::Gnu;
        let sink = machine.sink();
        let input = machine.input();
        let env = Env::new(
            [("PATH", "/usr/bin:/bin"), ("HOME", "/home/me")].map(|(k, v)| (k.into(), v.into())).into(),
        );
        let stdio = Stdio { input: Some(input), sink, tty: true };
        let shell = machine.prompt(Dialect::Bash, env, "/home/me", Cred::default(), stdio).expect("a shell");
        machine.step(10, &mut world);
        Self { machine, world, sink, shell }
    }

    fn submit(&mut self, line: &str) -> Result<bool, ParseError> {
        self.machine.shell_mut(self.shell).expect("a shell").submit(line)
    }

    /// Plays the embedder for one kubectl: it reads all input when it was asked to (`-f -`), then answers.
    fn drive(&mut self) -> bool {
        let mut moved = false;
        for call in self.machine.externals() {
            let mut text = format!("{}\n", call.argv[1..].join(" "));
            if call.argv.last().is_some_and(|a| a == "-") {
                match self.machine.external_read(&mut self.world, call.pid, 4096) {
                    Got::Data(data) => text = String::from_utf8_lossy(&data).into_owned(),
                    Got::Wait => continue,
                    _ => {}
                }
            }
            if call.argv.get(1).is_some_and(|a| a == "watch") {
                continue;
            }
            if call.argv.get(1).is_some_and(|a| a == "names") {
                text = "pod/web-1\npod/web-2\npod/db-0\n".into();
            }
            if let Some(var) = call.env.get("WHO") {
                text.push_str(&format!("for {var}\n"));
            }
            self.machine.external_write(&mut self.world, call.pid, 1, text.as_bytes());
            self.machine.external_exit(call.pid, i32::from(call.argv.iter().any(|a| a == "fail")));
            moved = true;
        }
        moved
    }

    fn run(&mut self, line: &str) -> (String, i32) {
        self.submit(line).expect("a whole line");
        for _ in 0..200 {
            match self.machine.step(500, &mut self.world) {
                Outcome::Blocked { until: None } if !self.drive() => break,
                Outcome::Blocked { until: Some(t) } => self.world.now = t,
                _ => {}
            }
        }
        let output =
            self.machine.take_output(self.sink).into_iter().flat_map(|(_, d)| d).collect::<Vec<u8>>();
        (
            String::from_utf8_lossy(&output).into_owned(),
            self.machine.shell(self.shell).map_or(-1, |s| s.status()),
        )
    }
}

#[test]
fn commands_of_the_embedder_join_pipes_and_substitutions() {
    let mut p = Prompt::new();
    for (line, want, code) in [
        ("kubectl get pods", "get pods\n", 0),
        ("kubectl names | grep web | wc -l", "2\n", 0),
        ("echo \"<$(kubectl get svc x -o jsonpath='{.spec}')>\"", "<get svc x -o jsonpath={.spec}>\n", 0),
        ("kubectl apply -f - <<EOF\nkind: Pod\nEOF", "kind: Pod\n", 0),
        ("echo 'image: a:1' > f.yaml; sed 's/a:1/a:2/' f.yaml | kubectl apply -f -", "image: a:2\n", 0),
        ("for i in 1 2; do kubectl scale --replicas=$i; done", "scale --replicas=1\nscale --replicas=2\n", 0),
        ("WHO=me kubectl x", "x\nfor me\n", 0),
        ("kubectl fail || echo failed $?", "fail\nfailed 1\n", 0),
        ("alias k=kubectl", "", 0),
        ("k get po", "get po\n", 0),
        ("kubectl names | head -1; echo ${PIPESTATUS[1]}", "pod/web-1\n0\n", 0),
        ("nosuch", "bash: nosuch: command not found\n", 127),
        ("cd /nope", "bash: cd: /nope: No such file or directory\n", 1),
        ("cd /tmp; pwd; cd; pwd", "/tmp\n/home/me\n", 0),
        ("x=5", "", 0),
        ("echo $x; x=$((x+1)); echo $x", "5\n6\n", 0),
        ("cat nofile", "cat: nofile: No such file or directory\n", 1),
        ("sleep 2; echo slept", "slept\n", 0),
        ("kubectl names | while read l; do echo \"- $l\"; done | tail -n 1", "- pod/db-0\n", 0),
        ("kubectl names > out.txt; wc -l < out.txt", "3\n", 0),
        ("kubectl names | xargs -n1 echo got | tail -1", "got pod/db-0\n", 0),
        ("kubectl names | sort | awk -F/ '{print $2}' | tr '\\n' ' '", "db-0 web-1 web-2 ", 0),
        ("echo c2VjcmV0 | base64 -d", "secret", 0),
        ("${x", "", -2),
    ] {
        if code == -2 {
            assert!(p.submit(line).is_err(), "{line}");
            continue;
        }
        assert_eq!(p.run(line), (want.to_string(), code), "{line}");
    }
}

#[test]
fn unfinished_lines_ask_for_more_and_broken_ones_say_why() {
    let mut p = Prompt::new();
    for line in [
        "echo 'a",
        "echo \"a",
        "for i in 1 2",
        "if true; then",
        "cat <<EOF\nx",
        "echo $(date",
        "a |",
        "a &&",
        "f() {",
        "case x in",
        "echo a \\",
    ] {
        assert!(matches!(p.submit(line), Err(ParseError::Incomplete(_))), "{line}");
    }
    for (line, token) in [("fi", "fi"), ("echo )", ")"), ("a ;; b", ";;"), ("| a", "|"), ("for 1 in", "1")] {
        match p.submit(line) {
            Err(ParseError::Syntax { token: got, .. }) => assert_eq!(got, token, "{line}"),
            other => panic!("{line}: {other:?}"),
        }
    }
    assert_eq!(p.submit("# only a comment"), Ok(false));
}

#[test]
fn control_c_ends_the_foreground_and_the_rest_of_the_line() {
    let mut p = Prompt::new();
    for line in [
        "while true; do sleep 1; done; echo no",
        "kubectl watch | cat; echo no",
        "cat; echo no",
        "{ sleep 100; } > f; echo no",
    ] {
        p.submit(line).expect("a whole line");
        for _ in 0..20 {
            if let Outcome::Blocked { until: Some(t) } = p.machine.step(100, &mut p.world) {
                p.world.now = t.min(p.world.now + 1000);
            }
        }
        assert!(!p.machine.at_prompt(p.shell), "{line}");
        p.machine.interrupt(p.shell);
        p.machine.step(1000, &mut p.world);
        assert!(p.machine.at_prompt(p.shell), "{line}");
        assert_eq!(p.run("echo $?"), ("130\n".into(), 0), "{line}");
        assert!(p.machine.externals().is_empty());
    }
    assert_eq!(p.run("echo still here"), ("still here\n".into(), 0));
}

#[test]
fn the_command_lines_of_manifests_run() {
    let mut p = Prompt::new();
    for (line, want) in [
        ("for i in 1 2; do echo $(echo now) >> outfile; done; cat outfile", "now\nnow\n"),
        ("hostname > index.html; sleep $(($RANDOM % 5 + 5)); cat index.html", "desk\n"),
        ("bash -ec '[[ $(hostname) =~ -([0-9]+)$ ]] || echo no ordinal'", "no ordinal\n"),
        (
            "i=0; while [ $i -lt 2 ]; do echo \"$i: $(date -d @0 +%F)\"; i=$((i+1)); done",
            "0: 1970-01-01\n1: 1970-01-01\n",
        ),
        (
            "touch /tmp/healthy; [ -f /tmp/healthy ] && echo ok; rm -rf /tmp/healthy; cat /tmp/healthy || echo gone",
            "ok\ncat: /tmp/healthy: No such file or directory\ngone\n",
        ),
        ("mkdir -p /app && cp /etc/hostname /app 2>/dev/null; ls /app | wc -l", "0\n"),
        ("until false || true; do echo waiting; sleep 2; done; echo up", "up\n"),
    ] {
        assert_eq!(p.run(line).0, want, "{line}");
    }
}
