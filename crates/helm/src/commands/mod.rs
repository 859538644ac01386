//! helm's commands: which one a line means, its flags, what it prints.

mod get;
mod install;
mod list;
mod local;
mod uninstall;
mod upgrade;

use std::rc::Rc;

use client::Handle;
use clock::Time;
use kubectl::flags::{self, Args, Flag, Kind, flag, short};
use kubectl::{Io, Kubectl};
use objects::Value;

use crate::release::{self, Release};

const GLOBAL: &[Flag] = &[
    flag("kube-context", Kind::Text, "", ""),
    flag("kubeconfig", Kind::Text, "", ""),
    short('n', "namespace", Kind::Text, "", ""),
    flag("debug", Kind::Bool, "false", ""),
];

const VALUES: &[Flag] = &[
    short('f', "values", Kind::Words, "", ""),
    flag("set", Kind::Texts, "", ""),
    flag("set-string", Kind::Texts, "", ""),
    flag("set-file", Kind::Texts, "", ""),
    flag("set-json", Kind::Texts, "", ""),
];

const ACTION: &[Flag] = &[
    flag("create-namespace", Kind::Bool, "false", ""),
    flag("dry-run", Kind::Optional("client"), "", ""),
    short('g', "generate-name", Kind::Bool, "false", ""),
    flag("no-hooks", Kind::Bool, "false", ""),
    flag("wait", Kind::Optional("true"), "false", ""),
    flag("wait-for-jobs", Kind::Bool, "false", ""),
    flag("timeout", Kind::Duration, "5m0s", ""),
    flag("description", Kind::Text, "", ""),
    flag("skip-crds", Kind::Bool, "false", ""),
    flag("version", Kind::Text, "", ""),
    flag("replace", Kind::Bool, "false", ""),
    short('i', "install", Kind::Bool, "false", ""),
    flag("reuse-values", Kind::Bool, "false", ""),
    flag("reset-values", Kind::Bool, "false", ""),
    flag("history-max", Kind::Int, "10", ""),
    short('s', "show-only", Kind::Texts, "", ""),
    short('a', "api-versions", Kind::Words, "", ""),
    flag("include-crds", Kind::Bool, "false", ""),
    flag("is-upgrade", Kind::Bool, "false", ""),
    flag("cleanup-on-fail", Kind::Bool, "false", ""),
    flag("force", Kind::Bool, "false", ""),
];

const LIST: &[Flag] = &[
    short('A', "all-namespaces", Kind::Bool, "false", ""),
    short('a', "all", Kind::Bool, "false", ""),
    short('q', "short", Kind::Bool, "false", ""),
    short('o', "output", Kind::Text, "table", ""),
    flag("filter", Kind::Text, "", ""),
    short('f', "filters", Kind::Text, "", ""),
    flag("max", Kind::Int, "256", ""),
    flag("deployed", Kind::Bool, "false", ""),
    flag("failed", Kind::Bool, "false", ""),
    flag("pending", Kind::Bool, "false", ""),
    flag("uninstalled", Kind::Bool, "false", ""),
];

const SHOW: &[Flag] = &[
    short('a', "all", Kind::Bool, "false", ""),
    short('o', "output", Kind::Text, "table", ""),
    flag("revision", Kind::Int, "0", ""),
    flag("show-desc", Kind::Bool, "false", ""),
    flag("short", Kind::Bool, "false", ""),
    flag("max", Kind::Int, "256", ""),
    flag("client", Kind::Bool, "false", ""),
    short('l', "versions", Kind::Bool, "false", ""),
];

const UNINSTALL: &[Flag] = &[
    flag("keep-history", Kind::Bool, "false", ""),
    flag("dry-run", Kind::Bool, "false", ""),
    flag("no-hooks", Kind::Bool, "false", ""),
    flag("ignore-not-found", Kind::Bool, "false", ""),
    flag("wait", Kind::Bool, "false", ""),
    flag("timeout", Kind::Duration, "5m0s", ""),
    flag("description", Kind::Text, "", ""),
];

/// What a command works with.
pub(crate) struct Helm {
    pub(crate) k: Kubectl,
    pub(crate) args: Args,
    pub(crate) io: Rc<dyn Io>,
    pub(crate) namespace: String,
}

type Done = Result<(), String>;

pub(crate) async fn dispatch(argv: &[String], io: &Rc<dyn Io>, client: Handle) -> Done {
    let word = argv.iter().find(|w| !w.starts_with('-')).cloned().unwrap_or_default();
    let korean = kubectl::help::speaks_korean(io.as_ref());
    if word.is_empty() || word == "help" {
        io.out(help(korean).as_bytes());
        return Ok(());
    }
    let command = match word.as_str() {
        "ls" => "list",
        "del" | "delete" | "un" => "uninstall",
        "hist" => "history",
        "inspect" => "show",
        w => w,
    };
    let own: &[&[Flag]] = match command {
        "install" | "upgrade" | "template" | "rollback" | "lint" | "test" => &[VALUES, ACTION, GLOBAL],
        "list" => &[LIST, GLOBAL],
        "uninstall" => &[UNINSTALL, GLOBAL],
        "get" | "history" | "status" | "show" | "search" | "repo" | "version" | "create" => &[SHOW, GLOBAL],
        _ => return Err(format!("unknown command \"{word}\" for \"helm\"\nRun 'helm --help' for usage.")),
    };
    let at = argv.iter().position(|w| *w == word).unwrap_or(0);
    let mut rest = argv.to_vec();
    rest.remove(at);
    let args = flags::parse(&format!("helm {command}"), &rest, own)?;
    if args.is("help") {
        io.out(help(korean).as_bytes());
        return Ok(());
    }
    let k = Kubectl::new(io.clone(), client, &args).map_err(|e| e.message())?;
    let namespace = k.namespace.to_string();
    let helm = Helm { k, args, io: io.clone(), namespace };
    match command {
        "install" => install::run(&helm).await,
        "template" => install::template(&helm).await,
        "lint" => install::lint(&helm),
        "upgrade" => upgrade::run(&helm).await,
        "rollback" => upgrade::rollback(&helm).await,
        "test" => upgrade::test(&helm).await,
        "uninstall" => uninstall::run(&helm).await,
        "list" => list::run(&helm).await,
        "history" => list::history(&helm).await,
        "status" => get::status(&helm).await,
        "get" => get::run(&helm).await,
        _ => local::run(&helm, command),
    }
}

fn help(korean: bool) -> String {
    let head = if korean {
        "helm: 차트를 클러스터에 설치하고 관리합니다\n\n사용법: helm 명령 [플래그]\n\n"
    } else {
        "helm: installs charts into the cluster and looks after them\n\nUsage: helm COMMAND [flags]\n\n"
    };
    let rows: [(&str, &str, &str); 14] = [
        ("create NAME", "make a folder with a new chart", "새 차트 폴더 만들기"),
        ("template [NAME] CHART", "print what a chart would make", "차트가 만들 매니페스트 출력"),
        ("lint CHART", "look a chart over", "차트 점검"),
        ("install NAME CHART", "make a release of a chart", "차트로 릴리스 설치"),
        ("upgrade NAME CHART", "bring a release to a new state", "릴리스를 새 상태로 올리기"),
        ("rollback NAME [REVISION]", "go back to an earlier revision", "이전 리비전으로 되돌리기"),
        ("uninstall NAME", "remove a release", "릴리스 제거"),
        ("list", "releases of the namespace (-A: all)", "네임스페이스의 릴리스 목록 (-A: 전체)"),
        ("history NAME", "revisions of a release", "릴리스의 리비전 목록"),
        ("status NAME", "how a release is", "릴리스 상태"),
        ("get values|manifest|notes|hooks|all NAME", "what a release consists of", "릴리스 내용 보기"),
        ("show chart|values|readme|all CHART", "what a chart says of itself", "차트 정보 보기"),
        ("search repo [WORD]", "the charts that are at hand", "사용할 수 있는 차트 찾기"),
        ("version", "the version of helm", "helm 버전"),
    ];
    let mut out = head.to_owned();
    for (usage, en, ko) in rows {
        out.push_str(&format!("  {usage:<42} {}\n", if korean { ko } else { en }));
    }
    out
}

impl Helm {
    pub(crate) fn out(&self, text: &str) {
        self.io.out(text.as_bytes());
    }

    pub(crate) fn now(&self) -> Time {
        self.k.client.now()
    }

    /// As many arguments as the command takes.
    pub(crate) fn expects(&self, n: usize, usage: &str) -> Done {
        let (path, given) = (&self.args.path, self.args.args.len());
        if given == n {
            return Ok(());
        }
        let s = if n == 1 { "" } else { "s" };
        Err(format!("\"{path}\" requires {n} argument{s}\n\nUsage:  {path} {usage}"))
    }

    pub(crate) async fn history_of(&self, name: &str) -> Result<Vec<Release>, String> {
        release::history(&self.k, &self.namespace, name).await
    }

    /// A revision of a release (0: the latest).
    pub(crate) async fn release(&self, name: &str, revision: i64) -> Result<Release, String> {
        let mut all = self.history_of(name).await?;
        let found = if revision == 0 { all.pop() } else { all.into_iter().find(|r| r.version() == revision) };
        found.ok_or_else(|| "release: not found".to_owned())
    }
}

/// A release's name must be a DNS name of at most 53 characters.
pub(crate) fn check_name(name: &str) -> Done {
    if name.len() <= 53 && objects::names::dns1123_subdomain(name).is_empty() {
        return Ok(());
    }
    Err("release name is invalid: invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53".to_owned())
}

/// `Sat Nov 21 06:35:56 2026`
pub(crate) fn ansic(at: Time) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day, hour, minute, second) = at.civil();
    let weekday = DAYS[at.weekday() as usize % 7];
    let month = MONTHS[(month.max(1) as usize - 1) % 12];
    format!("{weekday} {month} {day:>2} {hour:02}:{minute:02}:{second:02} {year}")
}

/// Rows with columns padded and a tab between them.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|t| t.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(t, w)| format!("{t}{}", " ".repeat(w - t.chars().count())))
            .collect();
        out.push_str(&cells.join("\t"));
        out.push('\n');
    }
    out
}

/// `-o json` or `-o yaml`; None for a table.
pub(crate) fn encoded(helm: &Helm, value: &Value) -> Option<String> {
    match helm.args.text("output") {
        "json" => Some(format!("{}\n", objects::json::to_string(value))),
        "yaml" => Some(objects::yaml::emit(value)),
        _ => None,
    }
}
