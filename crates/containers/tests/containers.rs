//! Containers from images: what they run, log, answer and say when they cannot start.

use clock::Time;
use containers::container::{Container, MountSpec, Spec};
use containers::fs::{Tree, VolumeId};
use containers::images::{Resolved, Roots, catalogue, resolve};
use containers::machine::{Outcome, PlainHost, Signal};
use containers::net::{HttpRequest, NetAnswer, NetError, NetRequest};

fn host() -> PlainHost {
    PlainHost { now: Time::EPOCH, ..PlainHost::default() }
}

fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(|s| (*s).to_string()).collect()
}

fn start(image: &str, spec: &Spec, host: &mut PlainHost) -> Result<Container, String> {
    let spec = Spec { hostname: "web".into(), ..spec.clone() };
    let mut roots = Roots::default();
    match resolve(image) {
        Resolved::Known { image, reference } => {
            Container::start(Some(image), &reference.tag, &spec, &mut roots, host)
        }
        Resolved::PlainServer { reference } => {
            Container::start(None, &reference.tag, &spec, &mut roots, host)
        }
        other => panic!("{other:?}"),
    }
    .map_err(|e| e.message)
}

/// Runs until it exits or waits for something other than time, at most an hour of it.
fn settle(c: &mut Container, host: &mut PlainHost) -> Outcome {
    let end = host.now + 3_600_000;
    for _ in 0..10_000 {
        match c.run(1000, host) {
            Outcome::Running => {}
            Outcome::Blocked { until: Some(t) } if t <= end => host.now = t,
            outcome => return outcome,
        }
    }
    Outcome::Running
}

fn command(script: &str) -> Spec {
    Spec { command: Some(words(&["sh", "-c", script])), ..Spec::default() }
}

fn log(c: &Container) -> String {
    c.log().0.iter().map(|l| format!("{}\n", l.text)).collect()
}

#[test]
fn nginx_answers_from_its_files_logs_and_ends_on_term() {
    let mut h = host();
    let mut c = start("nginx:1.25", &Spec::default(), &mut h).expect("starts");
    assert_eq!(settle(&mut c, &mut h), Outcome::Blocked { until: None });
    assert_eq!(c.ports(), [80]);
    let answer = c.serve(&mut h, 80, &HttpRequest::get("/")).expect("listens");
    assert!(String::from_utf8_lossy(&answer.body).contains("<title>Welcome to nginx!</title>"));
    assert!(c.serve(&mut h, 81, &HttpRequest::get("/")).is_none());
    assert_eq!(c.serve(&mut h, 80, &HttpRequest::get("/nope")).map(|r| r.status), Some(404));
    let edit = words(&["sh", "-c", "echo hi > /usr/share/nginx/html/index.html"]);
    assert_eq!(c.exec_now(&edit, 1000, &mut h), Ok(Some((0, String::new()))));
    assert_eq!(c.serve(&mut h, 80, &HttpRequest::get("/")).map(|r| r.body), Some(b"hi\n".to_vec()));
    assert!(log(&c).contains("\"GET /nope HTTP/1.1\" 404"), "{}", log(&c));
    let name = words(&["cat", "/etc/hostname"]);
    assert_eq!(c.exec_now(&name, 1000, &mut h), Ok(Some((0, "web\n".into()))));
    assert_eq!(c.signal(Signal::Term, &mut h), Outcome::Exited(0));
}

#[test]
fn scripts_log_and_exit_with_their_code() {
    for (image, script, want_log, code) in [
        ("busybox:1.36", "echo starting; echo cannot connect >&2; exit 1", "starting\ncannot connect\n", 1),
        ("busybox", "sleep 1; echo done", "done\n", 0),
        ("busybox", "nosuch", "sh: nosuch: not found\n", 127),
        ("debian", "nosuch", "sh: 1: nosuch: not found\n", 127),
        ("alpine", "echo $((6*7)) > /tmp/x; cat /tmp/x", "42\n", 0),
        (
            "busybox",
            "dd if=/dev/zero of=/big bs=1M count=64; ls -l /big | awk '{print $5}'",
            "64+0 records in\n64+0 records out\n67108864 bytes (64.0MB) copied, 0.010000 seconds\n67108864\n",
            0,
        ),
    ] {
        let mut h = host();
        let mut c = start(image, &command(script), &mut h).expect("starts");
        assert_eq!(settle(&mut c, &mut h), Outcome::Exited(code), "{script}: {}", log(&c));
        assert_eq!(log(&c), want_log, "{script}");
    }
}

#[test]
fn the_pi_job_prints_pi() {
    let mut h = host();
    let spec =
        Spec { command: Some(words(&["perl", "-Mbignum=bpi", "-wle", "print bpi(100)"])), ..Spec::default() };
    let mut c = start("perl:5.34", &spec, &mut h).expect("starts");
    assert_eq!(settle(&mut c, &mut h), Outcome::Exited(0));
    assert!(log(&c).starts_with("3.14159265358979"), "{}", log(&c));
}

#[test]
fn what_cannot_start_says_so_as_runc_does() {
    let mut h = host();
    for (command, want) in [
        ("/bin/nosuch", "exec: \"/bin/nosuch\": stat /bin/nosuch: no such file or directory: unknown"),
        ("nosuch", "exec: \"nosuch\": executable file not found in $PATH: unknown"),
        ("/etc/passwd", "exec: \"/etc/passwd\": permission denied: unknown"),
    ] {
        let spec = Spec { command: Some(words(&[command])), ..Spec::default() };
        let error = start("busybox:1.36", &spec, &mut h).err().unwrap_or_default();
        assert!(error.ends_with(want), "{error}");
    }
    let mut c = start("busybox", &command("sleep 100"), &mut h).expect("starts");
    assert_eq!(
        c.exec(&words(&["nosuch"]), false, false, &mut h).err().as_deref(),
        Some(
            "OCI runtime exec failed: exec failed: unable to start container process: exec: \"nosuch\": executable file not found in $PATH: unknown"
        )
    );
}

#[test]
fn sleep_as_process_one_ignores_term_and_kill_ends_it() {
    let mut h = host();
    let mut c = start("busybox", &command("sleep 3600"), &mut h).expect("starts");
    c.run(1000, &mut h);
    assert!(matches!(c.signal(Signal::Term, &mut h), Outcome::Blocked { .. }));
    c.kill(&mut h);
    assert_eq!(c.exit_code(), Some(137));
    let mut c =
        start("busybox", &command("trap 'echo bye; exit 0' TERM; while true; do sleep 1; done"), &mut h)
            .expect("starts");
    c.run(1000, &mut h);
    c.signal(Signal::Term, &mut h);
    assert_eq!(settle(&mut c, &mut h), Outcome::Exited(0));
    assert_eq!(log(&c), "bye\n");
}

#[test]
fn a_volume_is_shared_by_two_containers() {
    let mut h = host();
    h.volumes.trees.insert(VolumeId(7), Tree::default());
    let mount = |path: &str| {
        vec![MountSpec {
            path: path.into(),
            volume: VolumeId(7),
            sub_path: String::new(),
            read_only: false,
            file: false,
        }]
    };
    let mut writer = start(
        "busybox",
        &Spec { mounts: mount("/pod"), ..command("echo from writer > /pod/msg; sleep 3600") },
        &mut h,
    )
    .expect("starts");
    writer.run(1000, &mut h);
    let mut reader =
        start("busybox", &Spec { mounts: mount("/in"), ..command("sleep 3600") }, &mut h).expect("starts");
    assert_eq!(
        reader.exec_now(&words(&["cat", "/in/msg"]), 1000, &mut h),
        Ok(Some((0, "from writer\n".into())))
    );
}

#[test]
fn limits_and_permissions_hold() {
    for (spec, want) in [
        (
            Spec { read_only_root: true, ..command("echo x > /f") },
            "sh: can't create /f: Read-only file system\n",
        ),
        (Spec { user: Some(1000), ..command("echo x > /f") }, "sh: can't create /f: Permission denied\n"),
        (
            Spec { storage_limit: Some(1000), ..command("head -c 2000 /dev/random > /f") },
            "head: write error: No space left on device\n",
        ),
        (Spec { user: Some(1000), ..command("id -u; cd /tmp && touch ok && ls") }, "1000\nok\n"),
    ] {
        let mut h = host();
        let mut c = start("busybox", &spec, &mut h).expect("starts");
        settle(&mut c, &mut h);
        assert_eq!(log(&c), want);
    }
}

#[test]
fn databases_ask_for_a_password() {
    let mut h = host();
    let mut c = start("mysql:8", &Spec::default(), &mut h).expect("starts");
    assert_eq!(settle(&mut c, &mut h), Outcome::Exited(1));
    assert!(log(&c).contains("- MYSQL_ROOT_PASSWORD"));
    let spec = Spec { env: vec![("MYSQL_ROOT_PASSWORD".into(), "x".into())], ..Spec::default() };
    let mut c = start("mysql:8", &spec, &mut h).expect("starts");
    assert_eq!(settle(&mut c, &mut h), Outcome::Blocked { until: None });
    assert_eq!(c.ports(), [3306, 33060]);
}

#[test]
fn wget_asks_the_network_and_reports_the_hop_that_refused() {
    let mut h = host();
    let mut c = start("busybox", &command("wget -qO- http://10.107.51.255/"), &mut h).expect("starts");
    c.run(1000, &mut h);
    let requests = c.take_net_requests();
    let [(id, NetRequest::Http { host: name, port: 80, .. })] = requests.as_slice() else {
        panic!("{requests:?}")
    };
    c.answer_net(*id, NetAnswer::Failed { address: Some(name.clone()), error: NetError::Refused });
    assert_eq!(settle(&mut c, &mut h), Outcome::Exited(1));
    assert_eq!(log(&c), "wget: can't connect to remote host (10.107.51.255): Connection refused\n");
}

#[test]
fn bombs_are_bounded_and_can_be_stopped() {
    for script in [
        ":(){ :|:& };:",
        "while true; do :; done",
        "yes | tr -d '\\n' | cat > /f",
        "x=a; while :; do x=$x$x; done",
        "f() { f; }; f",
        "yes > /dev/null & yes | cat > /dev/null",
        "while true; do sleep 1000 & done",
        "awk 'BEGIN{while(1);}'",
    ] {
        let mut h = host();
        let mut c = start("busybox", &command(script), &mut h).expect("starts");
        for _ in 0..200 {
            if let Outcome::Blocked { until: Some(t) } = c.run(200, &mut h) {
                h.now = t;
            }
            assert!(c.machine().processes().count() <= 200, "{script}");
        }
        c.kill(&mut h);
        assert!(c.exit_code().is_some(), "{script}");
    }
}

#[test]
fn a_snapshot_runs_on_by_itself() {
    let mut h = host();
    let mut c = start(
        "busybox",
        &command("i=0; while [ $i -lt 5 ]; do echo $i; i=$((i+1)); sleep 1; done | tail -n 2"),
        &mut h,
    )
    .expect("starts");
    c.run(150, &mut h);
    let mut copy = c.clone();
    let mut h2 = h.clone();
    assert_eq!(settle(&mut c, &mut h), settle(&mut copy, &mut h2));
    assert_eq!((log(&c), log(&copy)), ("3\n4\n".into(), "3\n4\n".into()));
}

#[test]
fn every_image_starts_with_what_it_runs_by_default() {
    for image in catalogue() {
        let mut h = host();
        let tag = image.tags[0];
        let spec = Spec {
            env: ["MYSQL_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD", "POSTGRES_PASSWORD", "ECHO_TEXT"]
                .map(|n| (n.to_string(), "x".to_string()))
                .into(),
            hostname: "h".into(),
            ..Spec::default()
        };
        let mut c = Container::start(Some(image), tag, &spec, &mut Roots::default(), &mut h)
            .unwrap_or_else(|e| panic!("{}: {}", image.name, e.message));
        let outcome = settle(&mut c, &mut h);
        assert!(!matches!(outcome, Outcome::Exited(126 | 127)), "{}: {}", image.name, log(&c));
        if !image.ports.is_empty() {
            let listening = c.ports();
            // agnhost does nothing unless it is told what.
            let idle = image.cmd == ["pause"];
            assert!(
                idle && listening.is_empty() || image.ports.iter().any(|p| listening.contains(p)),
                "{} listens on {listening:?}: {}",
                image.name,
                log(&c)
            );
        }
        assert!(image.has_tag(tag), "{}", image.name);
    }
}

#[test]
fn machines_of_one_process_namespace_see_signal_and_read_each_other() {
    let mut h = PlainHost::default();
    let mut server = start("nginx", &Spec { first_pid: 8, ..Spec::default() }, &mut h).expect("starts");
    let mut shell =
        start("busybox", &Spec { first_pid: 30, ..command("sleep 3600") }, &mut h).expect("starts");
    for _ in 0..20 {
        if let Outcome::Blocked { until: Some(t) } = server.run(1000, &mut h) {
            h.now = t;
        }
    }
    let mut asked = |script: &str, server: &mut Container, h: &mut PlainHost| {
        let words: Vec<String> = ["sh", "-c", script].map(String::from).to_vec();
        shell.machine_mut().meet(vec![server.machine().fellow(0)]);
        let (code, text) = shell.exec_now(&words, 10_000, h).expect("a shell").expect("ends at once");
        let parting = shell.machine_mut().part();
        for (_, root) in parting.written {
            server.machine_mut().fs.tree.root = root;
        }
        for (pid, signal) in parting.signals {
            server.machine_mut().signal(pid, signal);
        }
        server.run(1000, h);
        (code, text)
    };
    let (_, list) = asked("ps | grep -c nginx:", &mut server, &mut h);
    let workers = list.trim().parse::<usize>().unwrap_or(0);
    assert!(workers > 2, "{list}");
    assert_eq!(
        asked("head -n 2 /proc/8/root/etc/nginx/nginx.conf", &mut server, &mut h).1,
        "\nuser  nginx;\n"
    );
    assert_eq!(asked("echo hi > /proc/8/root/tmp/x; kill -HUP 8", &mut server, &mut h).0, 0);
    assert_eq!(server.machine().fs.tree.file("/tmp/x"), Some(&b"hi\n"[..]));
    let (log, _) = server.log();
    assert!(log.iter().any(|l| l.text.ends_with("signal 1 (SIGHUP) received, reconfiguring")), "{log:?}");
    // It is not process 1: what it does not catch ends it.
    assert_eq!(asked("kill -9 8; kill 4711", &mut server, &mut h).0, 1);
    assert_eq!(server.exit_code(), Some(137));
    assert_eq!(asked("ls /proc", &mut server, &mut h).1.lines().filter(|l| *l == "8").count(), 1);
    assert!(shell.machine().fs.tree.node(&containers::fs::split("/proc/8")).is_none());
}
