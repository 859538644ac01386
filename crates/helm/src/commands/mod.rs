//! helm's commands: which one a line means, its flags, what several of them share.

mod dependency;
mod get;
mod help;
mod install;
mod lint;
mod list;
mod local;
mod test;
mod uninstall;
mod upgrade;

use std::rc::Rc;

use client::Handle;
use clock::Time;
use kubectl::flags::{self, Args, Flag, Kind, flag, short};
use kubectl::io::LocalFuture;
use kubectl::{Io, Kubectl};
use objects::Value;

use crate::release::{self, Release};

type Done = Result<(), String>;
type Run = for<'a> fn(&'a Helm) -> LocalFuture<'a, Done>;

/// One command, or one of a group: `get values`.
struct Command {
    name: &'static str,
    /// Other names of its last word.
    aliases: &'static [&'static str],
    usage: &'static str,
    /// How many arguments, at least and at most.
    args: (usize, usize),
    flags: &'static [&'static [Flag]],
    /// What it does, in English and in Korean.
    does: [&'static str; 2],
    run: Run,
}

const MANY: usize = usize::MAX;
const NOT_SIMULATED: &str = kubectl::command::NOT_SIMULATED;

const GLOBAL: &[Flag] = &[
    flag("kube-context", Kind::Text, "", "context of the kubeconfig to use"),
    flag("kube-apiserver", Kind::Text, "", "the server to ask, instead of the context's"),
    flag("kube-as-group", Kind::Texts, "", "group to act as, repeatable"),
    flag("kube-as-user", Kind::Text, "", "user to act as"),
    flag("kube-token", Kind::Text, "", "bearer token"),
    flag("kubeconfig", Kind::Text, "", "path of the kubeconfig"),
    short('n', "namespace", Kind::Text, "", "namespace of the request"),
    flag("debug", Kind::Bool, "false", "say more"),
];
const VALUES: &[Flag] = &[
    short('f', "values", Kind::Words, "", "file with values, repeatable"),
    flag("set", Kind::Texts, "", "value: a.b=1,c[0]=x, repeatable"),
    flag("set-string", Kind::Texts, "", "value that stays text, repeatable"),
    flag("set-file", Kind::Texts, "", "value from a file: a=path, repeatable"),
    flag("set-json", Kind::Texts, "", "value in JSON: a={\"b\":1}, repeatable"),
    flag("set-literal", Kind::Texts, "", "value taken to the letter, repeatable"),
];
const CHART: &[Flag] = &[
    flag("version", Kind::Text, "", "version of the chart"),
    flag("repo", Kind::Text, "", NOT_SIMULATED),
    flag("devel", Kind::Bool, "false", NOT_SIMULATED),
    flag("verify", Kind::Bool, "false", NOT_SIMULATED),
    flag("dependency-update", Kind::Bool, "false", "fetch missing dependencies first"),
];
const OUTPUT: &[Flag] = &[short('o', "output", Kind::Text, "table", "table, json or yaml")];
const REVISION: &[Flag] = &[flag("revision", Kind::Int, "0", "the revision; 0: the latest")];
const TIMEOUT: &[Flag] = &[flag("timeout", Kind::Duration, "5m0s", "how long to wait for one thing")];
const NO_HOOKS: &[Flag] = &[flag("no-hooks", Kind::Bool, "false", "run no hooks")];
const NOTES: &[Flag] = &[flag("hide-notes", Kind::Bool, "false", "leave the notes out")];
/// Of what brings objects into the cluster.
const ACTION: &[Flag] = &[
    flag("wait", Kind::Optional("true"), "false", "wait until all is ready"),
    flag("wait-for-jobs", Kind::Bool, "false", "with --wait: for jobs as well"),
    flag("cleanup-on-fail", Kind::Bool, "false", "take back what was made when it fails"),
    flag("force", Kind::Bool, "false", NOT_SIMULATED),
    flag("description", Kind::Text, "", "what the history says of it"),
];
/// Of what renders a chart.
const RENDER: &[Flag] = &[
    flag("create-namespace", Kind::Bool, "false", "make the namespace if there is none"),
    flag("dry-run", Kind::Optional("client"), "", "only show what would be made: client or server"),
    flag("skip-crds", Kind::Bool, "false", "leave the chart's CRDs out"),
    flag("skip-schema-validation", Kind::Bool, "false", NOT_SIMULATED),
    flag("disable-openapi-validation", Kind::Bool, "false", NOT_SIMULATED),
    flag("render-subchart-notes", Kind::Bool, "false", "show the notes of subcharts too"),
    flag("take-ownership", Kind::Bool, "false", "take over objects that are there"),
    flag("post-renderer", Kind::Text, "", NOT_SIMULATED),
    flag("atomic", Kind::Bool, "false", "undo it all when it fails; waits"),
    flag("rollback-on-failure", Kind::Bool, "false", "undo it all when it fails; waits"),
    short('l', "labels", Kind::Words, "", "labels of the release: a=b"),
];
const NAMING: &[Flag] = &[
    short('g', "generate-name", Kind::Bool, "false", "make up a name"),
    flag("name-template", Kind::Text, "", "template of the name"),
    flag("replace", Kind::Bool, "false", "use a name again that failed or is gone"),
];
const TEMPLATE: &[Flag] = &[
    short('s', "show-only", Kind::Texts, "", "only what this template makes, repeatable"),
    short('a', "api-versions", Kind::Words, "", "API versions that the chart finds besides"),
    flag("include-crds", Kind::Bool, "false", "show the chart's CRDs too"),
    flag("is-upgrade", Kind::Bool, "false", "render as for an upgrade"),
    flag("kube-version", Kind::Text, "", "version of Kubernetes that the chart meets"),
    flag("output-dir", Kind::Text, "", "directory to write files to"),
    flag("skip-tests", Kind::Bool, "false", "leave tests out"),
    flag("validate", Kind::Bool, "false", "ask the cluster as install does"),
];
const UPGRADE: &[Flag] = &[
    short('i', "install", Kind::Bool, "false", "install it if there is none"),
    flag("reuse-values", Kind::Bool, "false", "begin with the release's values"),
    flag("reset-values", Kind::Bool, "false", "begin with the chart's values"),
    flag(
        "reset-then-reuse-values",
        Kind::Bool,
        "false",
        "begin with the chart's values, then those given to the release",
    ),
    flag("history-max", Kind::Int, "10", "revisions to keep; 0: all"),
];
const ROLLBACK: &[Flag] = &[
    flag("dry-run", Kind::Bool, "false", "only say what would happen"),
    flag("history-max", Kind::Int, "10", "revisions to keep; 0: all"),
    flag("recreate-pods", Kind::Bool, "false", NOT_SIMULATED),
];
const UNINSTALL: &[Flag] = &[
    flag("keep-history", Kind::Bool, "false", "keep the revisions"),
    flag("dry-run", Kind::Bool, "false", "only say what would happen"),
    flag("ignore-not-found", Kind::Bool, "false", "no release is no mistake"),
    flag("wait", Kind::Bool, "false", "wait until all is gone"),
    flag("cascade", Kind::Text, "background", "background, foreground or orphan"),
    flag("description", Kind::Text, "", "what the history says of it"),
];
const LIST: &[Flag] = &[
    short('A', "all-namespaces", Kind::Bool, "false", "of all namespaces"),
    short('a', "all", Kind::Bool, "false", "in whatever state"),
    short('q', "short", Kind::Bool, "false", "only names"),
    short('d', "date", Kind::Bool, "false", "the oldest first"),
    short('r', "reverse", Kind::Bool, "false", "the other way round"),
    short('l', "selector", Kind::Text, "", "only with these labels"),
    short('f', "filter", Kind::Text, "", "only names that this pattern matches"),
    short('m', "max", Kind::Int, "256", "at most so many"),
    flag("offset", Kind::Int, "0", "leave so many out"),
    flag("no-headers", Kind::Bool, "false", "without the head"),
    flag("deployed", Kind::Bool, "false", "those that stand"),
    flag("failed", Kind::Bool, "false", "those that failed"),
    flag("pending", Kind::Bool, "false", "those under way"),
    flag("superseded", Kind::Bool, "false", "those replaced"),
    flag("uninstalled", Kind::Bool, "false", "those removed with their history kept"),
    flag("uninstalling", Kind::Bool, "false", "those being removed"),
];
const STATUS: &[Flag] = &[
    flag("show-desc", Kind::Bool, "false", "with what the history says"),
    flag("show-resources", Kind::Bool, "false", "with the objects"),
];
const HISTORY: &[Flag] = &[flag("max", Kind::Int, "256", "at most so many")];
const TEST: &[Flag] = &[
    flag("logs", Kind::Bool, "false", "show the logs of the tests"),
    flag("filter", Kind::Words, "", "only name=TEST, or !name=TEST for all others"),
];
const LINT: &[Flag] = &[
    flag("strict", Kind::Bool, "false", "a warning is a failure"),
    flag("quiet", Kind::Bool, "false", "only warnings and errors"),
    flag("with-subcharts", Kind::Bool, "false", "look subcharts over too"),
    flag("kube-version", Kind::Text, "", "version of Kubernetes that the chart meets"),
];
const GET_VALUES: &[Flag] = &[short('a', "all", Kind::Bool, "false", "the chart's values too")];
const VERSION: &[Flag] = &[
    flag("short", Kind::Bool, "false", "only the version"),
    flag("template", Kind::Text, "", "template to print by"),
    short('c', "client", Kind::Bool, "false", "accepted, as ever"),
];
const SEARCH: &[Flag] = &[
    short('l', "versions", Kind::Bool, "false", "every version"),
    flag("version", Kind::Text, "", "version of the chart"),
    flag("devel", Kind::Bool, "false", NOT_SIMULATED),
];

macro_rules! command {
    ($name:literal, $usage:literal, $args:expr, $flags:expr, $en:literal, $ko:literal, $run:path $(, $alias:literal)*) => {
        Command {
            name: $name,
            aliases: &[$($alias),*],
            usage: $usage,
            args: $args,
            flags: $flags,
            does: [$en, $ko],
            run: |helm| Box::pin(async move { $run(helm).await }),
        }
    };
}

#[rustfmt::skip]
static COMMANDS: &[Command] = &[
    command!("create", "NAME", (1, 1), &[], "make a folder with a new chart", "새 차트 폴더 만들기", local::create),
    command!("template", "[NAME] [CHART]", (1, 2), &[TEMPLATE, VALUES, CHART, RENDER, NO_HOOKS, NAMING, ACTION, TIMEOUT], "print what a chart would make", "차트가 만들 매니페스트 출력", install::template),
    command!("lint", "PATH", (0, MANY), &[LINT, VALUES], "look a chart over", "차트 점검", lint::run),
    command!("install", "[NAME] [CHART]", (1, 2), &[NAMING, VALUES, CHART, RENDER, ACTION, TIMEOUT, NO_HOOKS, NOTES, OUTPUT], "make a release of a chart", "차트로 릴리스 설치", install::run),
    command!("upgrade", "[RELEASE] [CHART]", (2, 2), &[UPGRADE, VALUES, CHART, RENDER, ACTION, TIMEOUT, NO_HOOKS, NOTES, OUTPUT], "bring a release to a new state", "릴리스를 새 상태로 올리기", upgrade::run),
    command!("rollback", "<RELEASE> [REVISION]", (1, 2), &[ROLLBACK, ACTION, TIMEOUT, NO_HOOKS], "go back to an earlier revision", "이전 리비전으로 되돌리기", upgrade::rollback),
    command!("uninstall", "RELEASE_NAME [...]", (1, MANY), &[UNINSTALL, TIMEOUT, NO_HOOKS], "remove a release", "릴리스 제거", uninstall::run, "del", "delete", "un"),
    command!("test", "[RELEASE]", (1, 1), &[TEST, TIMEOUT, NOTES], "run the tests of a release", "릴리스의 테스트 실행", test::run),
    command!("list", "", (0, 0), &[LIST, OUTPUT], "list releases of the namespace (-A: all)", "네임스페이스의 릴리스 목록 (-A: 전체)", list::run, "ls"),
    command!("history", "RELEASE_NAME", (1, 1), &[HISTORY, OUTPUT], "list the revisions of a release", "릴리스의 리비전 목록", list::history, "hist"),
    command!("status", "RELEASE_NAME", (1, 1), &[STATUS, REVISION, OUTPUT], "tell how a release is", "릴리스 상태", get::status),
    command!("get all", "RELEASE_NAME", (1, 1), &[REVISION], "show all that a release consists of", "릴리스의 모든 내용", get::all),
    command!("get hooks", "RELEASE_NAME", (1, 1), &[REVISION], "show the hooks of a release", "릴리스의 훅", get::hooks),
    command!("get manifest", "RELEASE_NAME", (1, 1), &[REVISION], "show the manifests of a release", "릴리스의 매니페스트", get::manifest),
    command!("get metadata", "RELEASE_NAME", (1, 1), &[REVISION, OUTPUT], "show what a release is", "릴리스의 메타데이터", get::metadata),
    command!("get notes", "RELEASE_NAME", (1, 1), &[REVISION], "show the notes of a release", "릴리스의 안내문", get::notes),
    command!("get values", "RELEASE_NAME", (1, 1), &[GET_VALUES, REVISION, OUTPUT], "show the values of a release", "릴리스의 값", get::values),
    command!("show all", "[CHART]", (1, 1), &[CHART], "show all that a chart says of itself", "차트의 모든 정보", local::show_all),
    command!("show chart", "[CHART]", (1, 1), &[CHART], "show what a chart is", "차트 정의", local::show_chart),
    command!("show crds", "[CHART]", (1, 1), &[CHART], "show the CRDs of a chart", "차트의 CRD", local::show_crds),
    command!("show readme", "[CHART]", (1, 1), &[CHART], "show the readme of a chart", "차트의 README", local::show_readme),
    command!("show values", "[CHART]", (1, 1), &[CHART], "show the values of a chart", "차트의 기본값", local::show_values),
    command!("dependency build", "CHART", (0, 1), &[], "fetch what a chart depends on", "차트가 의존하는 차트 가져오기", dependency::update),
    command!("dependency list", "CHART", (0, 1), &[], "list what a chart depends on", "차트의 의존 목록", dependency::list, "ls"),
    command!("dependency update", "CHART", (0, 1), &[], "fetch what a chart depends on", "차트가 의존하는 차트 가져오기", dependency::update, "up"),
    command!("repo add", "[NAME] [URL]", (2, 2), &[], "add a repository of charts", "차트 저장소 추가", local::repo_add),
    command!("repo list", "", (0, 0), &[OUTPUT], "list the repositories of charts", "차트 저장소 목록", local::repo_list, "ls"),
    command!("repo remove", "[REPO1 [REPO2 ...]]", (1, MANY), &[], "remove repositories of charts", "차트 저장소 제거", local::repo_remove, "rm"),
    command!("repo update", "[REPO1 [REPO2 ...]]", (0, MANY), &[], "look for new charts", "새 차트 확인", local::repo_update, "up"),
    command!("search hub", "[KEYWORD]", (0, MANY), &[SEARCH], "look for charts on the network", "네트워크에서 차트 찾기", local::search_hub),
    command!("search repo", "[keyword]", (0, MANY), &[SEARCH, OUTPUT], "look for charts that are at hand", "사용할 수 있는 차트 찾기", local::search_repo),
    command!("pull", "[chart URL | repo/chartname] [...]", (1, MANY), &[CHART], "fetch a chart as a file", "차트를 파일로 받기", local::not_here, "fetch"),
    command!("push", "[chart] [remote]", (2, 2), &[], "send a chart to a registry", "차트를 레지스트리로 보내기", local::not_here),
    command!("package", "[CHART_PATH] [...]", (1, MANY), &[], "pack a chart into a file", "차트를 파일로 묶기", local::not_here),
    command!("env", "", (0, MANY), &[], "show where helm keeps things", "helm이 쓰는 경로", local::env),
    command!("plugin list", "", (0, 0), &[], "list plugins", "플러그인 목록", local::plugins, "ls"),
    command!("version", "", (0, 0), &[VERSION], "tell the version of helm", "helm 버전", local::version),
];

/// What a command works with.
pub(crate) struct Helm {
    pub(crate) k: Kubectl,
    pub(crate) args: Args,
    pub(crate) io: Rc<dyn Io>,
    pub(crate) namespace: String,
    /// Why no cluster can be asked, where the kubeconfig leads to none: commands that ask one say so when they do.
    lost: Option<String>,
}

/// Other names of groups.
fn group(word: &str) -> &str {
    match word {
        "dep" | "dependencies" => "dependency",
        "inspect" => "show",
        w => w,
    }
}

/// The indexes of a line's first two words that are no flags nor their values.
fn places(argv: &[String]) -> Vec<usize> {
    let takes = |name: &str| {
        let of = |f: &&Flag| name.strip_prefix("--") == Some(f.name) && !matches!(f.kind, Kind::Bool);
        name == "-n" || GLOBAL.iter().any(|f| of(&f))
    };
    let mut out = Vec::new();
    let mut i = 0;
    while i < argv.len() && out.len() < 2 && argv[i] != "--" {
        if argv[i].starts_with('-') {
            i += usize::from(takes(&argv[i]));
        } else {
            out.push(i);
        }
        i += 1;
    }
    out
}

pub(crate) async fn dispatch(argv: &[String], io: &Rc<dyn Io>, client: Handle) -> Done {
    let korean = kubectl::help::speaks_korean(io.as_ref());
    let say = |text: String| -> Done {
        io.out(text.as_bytes());
        Ok(())
    };
    let mut argv = argv.to_vec();
    let asked = argv.first().is_some_and(|w| w == "help");
    if asked {
        argv.remove(0);
    }
    let at = places(&argv);
    let Some(word) = at.first().map(|i| group(&argv[*i]).to_owned()) else {
        return say(help::all("", korean));
    };
    let second = at.get(1).map(|i| argv[*i].clone()).unwrap_or_default();
    let known = |c: &&Command| match c.name.split_once(' ') {
        Some((group, name)) => group == word && (name == second || c.aliases.contains(&second.as_str())),
        None => c.name == word || c.aliases.contains(&word.as_str()),
    };
    let Some(command) = COMMANDS.iter().find(known) else {
        if COMMANDS.iter().any(|c| c.name.split_once(' ').is_some_and(|(group, _)| group == word)) {
            return say(help::all(&word, korean));
        }
        return Err(format!("unknown command \"{word}\" for \"helm\"\nRun 'helm --help' for usage."));
    };
    let words = 1 + usize::from(command.name.contains(' '));
    for i in at.iter().take(words).rev() {
        argv.remove(*i);
    }
    let sets: Vec<&[Flag]> = command.flags.iter().copied().chain([GLOBAL]).collect();
    let args = flags::parse(&format!("helm {}", command.name), &argv, &sets)?;
    if asked || args.is("help") {
        return say(help::page(command, korean));
    }
    expects(command, args.args.len())?;
    for f in sets.iter().copied().flatten().filter(|f| f.help == NOT_SIMULATED && args.changed(f.name)) {
        io.err(format!("Note: --{} is {NOT_SIMULATED}.\n", f.name).as_bytes());
    }
    let own = as_kubectl(&args)?;
    let (k, lost) = match Kubectl::new(io.clone(), client.clone(), &own) {
        Ok(k) => (k, None),
        Err(e) => {
            let nobody = flags::parse("helm", &[], &[kubectl::command::GLOBAL])?;
            let k = Kubectl::new(io.clone(), client, &nobody).map_err(unreachable)?;
            // helm reads a kubeconfig in another order than kubectl.
            let lost = match e.message().strip_prefix(NO_CONTEXT) {
                Some(context) if args.changed("kube-context") => {
                    format!("{UNREACHABLE}: context \"{context}\" does not exist")
                }
                _ => unreachable(e),
            };
            (k, Some(lost))
        }
    };
    let namespace = match args.text("namespace") {
        "" => k.namespace.to_string(),
        given => given.to_owned(),
    };
    let helm = Helm { k, args, io: io.clone(), namespace, lost };
    (command.run)(&helm).await
}

const UNREACHABLE: &str = "Kubernetes cluster unreachable";
/// How kubectl begins when there is no such context.
const NO_CONTEXT: &str = "Error in configuration: context was not found for specified context: ";

fn unreachable(e: kubectl::Error) -> String {
    let said = e.message();
    format!("{UNREACHABLE}: {}", said.strip_prefix("Error in configuration: ").unwrap_or(&said))
}

/// What helm's flags say of whom to ask and as whom, in kubectl's words.
fn as_kubectl(args: &Args) -> Result<Args, String> {
    let names = [
        ("kube-context", "context"),
        ("kube-apiserver", "server"),
        ("kube-as-user", "as"),
        ("kube-token", "token"),
        ("kubeconfig", "kubeconfig"),
        ("namespace", "namespace"),
    ];
    let one = |(helm, kubectl): &(&str, &str)| match args.text(helm) {
        "" => None,
        text => Some(format!("--{kubectl}={text}")),
    };
    let mut words: Vec<String> = names.iter().filter_map(one).collect();
    words.extend(args.list("kube-as-group").iter().map(|g| format!("--as-group={g}")));
    flags::parse("helm", &words, &[kubectl::command::GLOBAL])
}

/// As many arguments as the command takes.
fn expects(command: &Command, given: usize) -> Done {
    let (least, most) = command.args;
    if (least..=most).contains(&given) || matches!(command.name, "install" | "template") && given > 0 {
        return Ok(());
    }
    let many = |n: usize| format!("{n} argument{}", if n == 1 { "" } else { "s" });
    let what = match (least, most) {
        (0, 0) => "accepts no arguments".to_owned(),
        (n, m) if n == m => format!("requires {}", many(n)),
        (n, _) if given < n => format!("requires at least {}", many(n)),
        (_, m) => format!("accepts at most {}", many(m)),
    };
    let usage = if command.usage.is_empty() { String::new() } else { format!(" {}", command.usage) };
    let path = format!("helm {}", command.name);
    Err(format!("\"{path}\" {what}\n\nUsage:  {path}{usage} [flags]"))
}

impl Helm {
    pub(crate) fn out(&self, text: &str) {
        self.io.out(text.as_bytes());
    }

    pub(crate) fn warn(&self, text: &str) {
        self.io.err(text.as_bytes());
    }

    pub(crate) fn now(&self) -> Time {
        self.k.client.now()
    }

    /// `--dry-run` in one of its forms.
    pub(crate) fn is_dry(&self) -> bool {
        matches!(self.args.text("dry-run"), "true" | "client" | "server")
    }

    /// `--atomic`, as helm 3 calls it, or `--rollback-on-failure`, as helm 4 does.
    pub(crate) fn is_atomic(&self) -> bool {
        self.args.is("atomic") || self.args.is("rollback-on-failure")
    }

    /// Whether to wait until all is ready.
    pub(crate) fn waits(&self) -> bool {
        let how = self.args.text("wait");
        self.is_atomic() || self.args.is("wait") || matches!(how, "watcher" | "legacy")
    }

    pub(crate) async fn history_of(&self, name: &str) -> Result<Vec<Release>, String> {
        self.reachable().await?;
        release::history(&self.k, &self.namespace, name).await
    }

    /// A revision of a release (0: the latest).
    pub(crate) async fn release(&self, name: &str, revision: i64) -> Result<Release, String> {
        let mut all = self.history_of(name).await?;
        let found = if revision == 0 { all.pop() } else { all.into_iter().find(|r| r.version() == revision) };
        found.ok_or_else(|| "release: not found".to_owned())
    }

    /// Asks whether there is a cluster at all, as helm does first.
    pub(crate) async fn reachable(&self) -> Done {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let asked = self.k.call(client::Request::raw("/version")).await;
        asked.map(|_| ()).map_err(unreachable)
    }
}

/// A release's name must be a DNS name of at most 53 characters.
pub(crate) fn check_name(name: &str) -> Done {
    if name.len() <= 53 && objects::names::dns1123_subdomain(name).is_empty() {
        return Ok(());
    }
    Err(format!("release name is invalid: {name}"))
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

/// As [`encoded`], of a list whose objects have their fields in this order in JSON, that of helm's structs.
pub(crate) fn encoded_list(helm: &Helm, fields: &[&str], list: &Value) -> Option<String> {
    if helm.args.text("output") != "json" {
        return encoded(helm, list);
    }
    let one = |object: &Value| {
        let field = |name: &&str| format!("\"{name}\":{}", objects::json::to_string(&object[*name]));
        format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
    };
    Some(format!("[{}]\n", list.items().iter().map(one).collect::<Vec<_>>().join(",")))
}
