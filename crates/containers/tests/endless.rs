//! Inputs without end: every program that reads them does a bounded piece of work at a time, keeps a bounded amount of
//! it, and can be stopped.

use containers::container::{Container, Spec};
use containers::images::{Resolved, Roots, resolve};
use containers::machine::{Outcome, PlainHost};

/// Enough for a hoard to show: it grows with time.
const SLICES: u32 = 60;
const SLICE_STEPS: u32 = 300;

/// How a line behaves that reads without end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// Goes on until it is stopped.
    Never,
    /// Ends by itself with this code.
    Code(i32),
    /// Takes more and more memory: its container or the kernel ends it.
    Hoards,
}
use End::{Code, Hoards, Never};

fn start(image: &str, line: &str, host: &mut PlainHost) -> Container {
    let Resolved::Known { image, reference } = resolve(image) else { panic!("{image}") };
    let spec = Spec {
        command: Some(["sh", "-c", line].map(String::from).into()),
        hostname: "host".into(),
        ..Spec::default()
    };
    let started = Container::start(Some(image), &reference.tag, &spec, &mut Roots::default(), host);
    started.unwrap_or_else(|e| panic!("{}", e.message))
}

/// What becomes of a line within some slices, the memory it seems to take at most, and its output.
fn run(image: &str, line: &str) -> (End, u64, String) {
    let mut host = PlainHost { now: clock::Time::EPOCH, ..PlainHost::default() };
    let mut inside = start(image, line, &mut host);
    let mut most = 0;
    let mut end = Never;
    for _ in 0..SLICES {
        let outcome = inside.run(SLICE_STEPS, &mut host);
        most = most.max(inside.usage(host.now).memory_bytes);
        match outcome {
            Outcome::Exited(code) => {
                end = Code(code);
                break;
            }
            Outcome::Running => host.now = host.now + inside.slice_ms(),
            Outcome::Blocked { until: Some(t) } => host.now = t,
            Outcome::Blocked { until: None } => break,
        }
        // Whoever reads its output takes it.
        assert!(inside.log().0.len() <= 20_000, "{line}");
    }
    if end == Never && most > 100 << 20 {
        end = Hoards;
    }
    if !matches!(end, Code(_)) {
        inside.kill(&mut host);
        assert_eq!(inside.exit_code(), Some(137), "{line}");
    }
    (end, most, inside.log().0.iter().map(|l| format!("{}\n", l.text)).collect())
}

#[test]
fn what_has_no_end_is_read_piece_by_piece_and_stopped() {
    let mut bad = Vec::new();
    for (line, want) in [
        ("tail -c 5 /dev/zero", Never),
        ("tail /dev/zero", Hoards),
        ("tail -n 3 /dev/urandom", Never),
        ("tail -c 100000000 /dev/zero", Never),
        ("tail -n +5 /dev/zero | wc -c", Never),
        ("seq 10 | tail -n +9", Code(0)),
        ("tail -f /dev/zero", Hoards),
        ("yes | tail -n 1", Never),
        ("head -n 3 /dev/zero > /dev/null", Never),
        ("head -n -3 /dev/urandom > /dev/null", Never),
        ("head -c -3 /dev/zero > /dev/null", Never),
        ("head -c 10G /dev/zero > /dev/null", Never),
        ("head -c 300K /dev/zero | wc -c", Code(0)),
        ("head -c 5 /dev/urandom | wc -c", Code(0)),
        ("cat /dev/zero > /dev/null", Never),
        ("cat -n /dev/urandom > /dev/null", Never),
        ("cat -n /dev/zero", Hoards),
        ("rev /dev/zero", Hoards),
        ("wc /dev/zero", Never),
        ("wc -l < /dev/urandom", Never),
        ("yes | wc -l", Never),
        ("sort /dev/zero", Hoards),
        ("yes | sort", Never),
        ("sort -u /dev/urandom", Never),
        ("tac /dev/zero", Hoards),
        ("uniq /dev/zero", Hoards),
        ("yes | uniq -c", Never),
        ("uniq /dev/urandom > /dev/null", Never),
        ("grep x /dev/zero", Hoards),
        ("grep -c . /dev/urandom", Never),
        ("yes | grep -q y", Code(0)),
        ("yes | grep -m 3 y", Code(0)),
        ("yes | grep n", Never),
        ("sed s/a/b/ /dev/zero", Hoards),
        ("sed -n p /dev/urandom > /dev/null", Never),
        ("yes | sed 5q", Code(0)),
        ("awk 1 /dev/zero", Hoards),
        ("awk '{n++}' /dev/urandom", Never),
        ("yes | awk 'NR == 3 {print; exit}'", Code(0)),
        ("tr a b < /dev/zero > /dev/null", Never),
        ("tr -dc 0-9 < /dev/urandom > /dev/null", Never),
        ("tr -dc a-z < /dev/urandom | head -c 8 | wc -c", Code(0)),
        ("cut -c1 /dev/zero", Hoards),
        ("cut -c1 /dev/urandom > /dev/null", Never),
        ("od /dev/zero", Never),
        ("od -An -N4 -tu4 /dev/urandom | wc -l", Code(0)),
        ("hexdump -n 16 /dev/urandom > /dev/null", Code(0)),
        ("hexdump -C /dev/zero", Never),
        ("xxd /dev/urandom > /dev/null", Never),
        ("xxd -p -l 8 /dev/urandom | wc -c", Code(0)),
        ("strings /dev/urandom | head -n 2 | wc -l", Code(0)),
        ("strings /dev/zero", Never),
        ("nl /dev/urandom > /dev/null", Never),
        ("fold -w 10 /dev/zero > /dev/null", Never),
        ("tr -dc a-z < /dev/urandom | fold -w 8 | head -n 2 | wc -c", Code(0)),
        ("expand /dev/zero > /dev/null", Never),
        ("paste /dev/zero", Code(1)),
        ("comm /dev/zero /dev/zero", Code(1)),
        ("shuf /dev/zero", Code(1)),
        ("cksum /dev/zero", Code(1)),
        ("cmp /dev/zero /dev/zero", Code(1)),
        ("diff /dev/zero /dev/zero", Code(0)),
        ("base64 /dev/zero > /dev/null", Never),
        ("base64 /dev/urandom | head -c 12 | wc -c", Code(0)),
        ("base64 -d /dev/zero", Code(1)),
        ("md5sum /dev/zero", Never),
        ("sha1sum /dev/zero", Never),
        ("sha256sum < /dev/urandom", Never),
        ("gzip -c /dev/zero > /dev/null", Never),
        ("cat /dev/urandom | gzip > /dev/null", Never),
        ("gunzip < /dev/zero", Code(1)),
        ("tar xf /dev/zero", Code(1)),
        ("tar cf - /dev/zero | wc -c", Code(0)),
        ("dd if=/dev/zero of=/dev/null", Never),
        ("dd if=/dev/urandom of=/dev/null bs=1M", Never),
        ("dd if=/dev/zero of=/dev/null bs=1M count=10", Code(0)),
        ("dd if=/dev/urandom of=/f", Never),
        ("tee /f < /dev/urandom > /dev/null", Never),
        ("tee < /dev/zero > /dev/null", Never),
        ("xargs echo < /dev/zero", Hoards),
        ("yes | xargs -n 1 true", Never),
        ("yes | xargs -n 1 false", Never),
        ("yes | xargs echo > /dev/null", Never),
        ("yes | xargs -I {} true {}", Never),
        ("read x < /dev/zero", Never),
        ("read -n 100000000 x < /dev/zero", Never),
        ("while read x; do :; done < /dev/urandom", Never),
        ("yes | while read x; do :; done", Never),
        ("x=$(cat /dev/zero)", Code(2)),
        ("x=$(yes)", Code(2)),
        ("sh < /dev/zero", Never),
        (". /dev/zero", Code(0)),
        ("sh /dev/urandom", Code(0)),
        ("nc 10.0.0.1 80 < /dev/zero", Never),
        ("wget -qO- --post-file=/dev/zero http://10.0.0.1/", Never),
        ("vi /dev/zero < /dev/null > /dev/null", Never),
        ("cp /dev/zero /f", Code(1)),
        ("cp /dev/null /etc/hostname; wc -c < /etc/hostname", Code(0)),
        ("seq 1 1000000000 > /dev/null", Never),
        ("yes > /f", Never),
        ("while :; do echo x; done > /f", Never),
        ("truncate -s 50G f; wc -c f", Never),
        ("truncate -s 50G f; sort f", Hoards),
        ("for i in $(seq 1 300); do :; done", Code(0)),
        ("printf '%1000000000d' 1 | wc -c", Code(0)),
        ("printf '%s' $(yes | head -n 10000) | wc -c", Code(0)),
        ("timeout 0.2 cat /dev/zero > /dev/null", Code(143)),
        ("httpd -p 8080 --; sleep 1; [ $(ps | awk '/[h]ttpd -f/{print $1}') -lt 50 ]", Code(0)),
    ] {
        let (end, most, text) = run("busybox:1.36", line);
        let told: String = text.chars().take(200).collect();
        if end != want {
            bad.push(format!("{line}: {end:?} instead of {want:?}: {told}"));
        }
        assert!(most < 8 << 30, "{line}");
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn what_is_fed_at_once_arrives_whole() {
    let mut host = PlainHost { now: clock::Time::EPOCH, ..PlainHost::default() };
    let mut inside = start("busybox:1.36", "sleep 100", &mut host);
    inside.run(SLICE_STEPS, &mut host);
    let argv = ["wc", "-c"].map(String::from);
    let wc = inside.exec(&argv, true, false, &mut host).expect("wc starts");
    inside.exec_input(wc, Some(&[b'x'; 200_000]));
    inside.exec_input(wc, None);
    let mut out = Vec::new();
    for _ in 0..SLICES {
        inside.run(SLICE_STEPS, &mut host);
        out.extend(inside.exec_output(wc).into_iter().flat_map(|(_, bytes)| bytes));
    }
    assert_eq!(String::from_utf8_lossy(&out).trim(), "200000");
}
