//! One-liners of other languages, filters and archives, run in their images.

use containers::container::{Container, Spec};
use containers::images::{Resolved, Roots, resolve};
use containers::machine::{Outcome, PlainHost};

/// What a command prints in an image, and its exit code.
fn run(image: &str, words: &[&str]) -> (String, i32) {
    let Resolved::Known { image, reference } = resolve(image) else { panic!("{image}") };
    let mut host = PlainHost { now: clock::Time::EPOCH, ..PlainHost::default() };
    let spec = Spec {
        command: Some(words.iter().map(|w| (*w).to_string()).collect()),
        hostname: "host".into(),
        ..Spec::default()
    };
    let started = Container::start(Some(image), &reference.tag, &spec, &mut Roots::default(), &mut host);
    let Ok(mut inside) = started else { return ("did not start".into(), 128) };
    for _ in 0..500 {
        match inside.run(2_000, &mut host) {
            Outcome::Exited(_) | Outcome::Blocked { until: None } => break,
            Outcome::Blocked { until: Some(t) } => host.now = t,
            Outcome::Running => {}
        }
    }
    let text: String = inside.log().0.iter().map(|l| format!("{}\n", l.text)).collect();
    (text, inside.exit_code().unwrap_or(-1))
}

#[test]
fn one_liners_print_what_they_should() {
    for (image, words, want) in [
        ("python:3.12", ["python", "-c", "print('hello'); print(1+2)"], "hello\n3\n"),
        (
            "python:3.12",
            ["python3", "-c", "for i in range(2):\n    print(f'step {i}', flush=True)\nprint('done')"],
            "step 0\nstep 1\ndone\n",
        ),
        (
            "python:3.12",
            ["python", "-c", "import socket; x = 'on ' + socket.gethostname(); print(x, end='!\\n')"],
            "on host!\n",
        ),
        ("node:20", ["node", "-e", "console.log('hello', 6*7)"], "hello 42\n"),
        ("node:20", ["node", "-p", "process.env.HOSTNAME"], "host\n"),
        ("php:8.3-cli", ["php", "-r", "echo 'Hello ' . 'you', PHP_EOL;"], "Hello you\n"),
    ] {
        assert_eq!(run(image, &words), (want.to_string(), 0), "{words:?}");
    }
    assert_eq!(run("python:3", &["python", "-c", "import sys; sys.exit(3)"]).1, 3);
    assert_eq!(run("python:3", &["python", "-c", "class A: pass"]).1, 1);
}

#[test]
fn filters_and_archives_agree_with_the_real_ones() {
    for (line, want) in [
        (
            "mkdir -p d/e && echo x > d/e/f && tar cf a.tar d && rm -r d && tar tf a.tar && tar xf a.tar && cat d/e/f",
            "d/\nd/e/\nd/e/f\nx\n",
        ),
        ("echo hi > f && tar -czf a.tgz f && mkdir o && tar -xzvf a.tgz -C o && cat o/f", "f\nhi\n"),
        (
            "mkdir s && echo 1 > s/a && echo 2 > s/b && tar cf - -C s . | (mkdir t && cd t && tar xf - && cat a b)",
            "1\n2\n",
        ),
        ("echo hi > f && gzip f && ls && zcat f.gz && gunzip f.gz && cat f", "f.gz\nhi\nhi\n"),
        ("echo text | gzip | gunzip", "text\n"),
        ("printf '1\\n2\\n3\\n' | paste -sd,", "1,2,3\n"),
        ("printf 'abcdef\\n' | fold -w 4", "abcd\nef\n"),
        ("printf 'a\\n\\nb\\n' | nl", "     1\ta\n       \n     2\tb\n"),
        ("printf 'a\\nb\\n' > x; printf 'b\\nc\\n' > y; comm x y; comm -12 x y", "a\n\t\tb\n\tc\nb\n"),
        ("echo abc > x; echo abd > y; cmp x y; echo $?", "x y differ: char 3, line 1\n1\n"),
        ("echo hello | cksum", "3015617425 6\n"),
        ("printf 'hi\\n' | od -c", "0000000   h   i  \\n\n0000003\n"),
        ("printf 'hi\\n' | od -An -tx1", " 68 69 0a\n"),
        (
            "printf 'hi\\n' | hexdump -C",
            "00000000  68 69 0a                                          |hi.|\n00000003\n",
        ),
        ("sleep 9 & sleep 9 & pgrep sleep | wc -l; killall sleep; pidof sleep || echo none", "2\nnone\n"),
        ("nice -n 5 echo nice; setsid echo sid", "nice\nsid\n"),
        ("factor 12", "12: 2 2 3\n"),
        ("adduser -D -u 1234 ann && tail -n 1 /etc/passwd", "ann:x:1234:1234::/home/ann:/bin/sh\n"),
        ("[[ -n a && ab == a* ]] && echo both", "both\n"),
        ("timeout 2.5 watch -n 1 -t echo tick", "tick\ntick\ntick\n"),
    ] {
        let (text, _) = run("busybox:1.36", &["sh", "-c", &format!("cd /tmp; {line}")]);
        assert_eq!(text, want, "{line}");
    }
}

#[test]
fn a_machine_tells_what_it_is() {
    let text = |line: &str| run("busybox:1.36", &["sh", "-c", line]).0;
    assert!(text("free -m").contains("Mem:           4096"), "{}", text("free -m"));
    assert!(text("cat /sys/fs/cgroup/memory.max").starts_with("max"));
    assert!(text("mount").starts_with("overlay on / type overlay (rw,relatime)\n"));
    assert!(text("top -bn1").contains("top -bn1"));
    assert!(text("uptime").contains("up 0 min"));
}
