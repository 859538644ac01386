//! Tab completion: commands and files by the shell's rules, and for kubectl what kubectl itself offers.

use ordered::Sort as _;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use client::Credentials;
use cluster::{Cluster, Port};

use crate::host::PROVIDED;
use crate::program::learner;
use crate::{HOME, Terminal};

/// Commands with what they are for, in English and Korean.
const DESCRIBED: [(&str, &str, &str); 23] = [
    ("kubectl", "talks to the cluster", "클러스터에 명령하기"),
    ("k", "kubectl, for short", "kubectl의 줄임"),
    ("helm", "installs charts and looks after releases", "차트 설치와 릴리스 관리"),
    ("load", "sends requests to a Service or an Ingress", "서비스나 인그레스에 부하 걸기"),
    ("fault", "breaks something, to see what happens", "일부러 고장 내기"),
    ("why", "why an object is as it is", "왜 그런지 묻기"),
    ("node", "files of a node; more nodes", "노드의 파일 보기, 노드 늘리기"),
    ("docker", "containers on your own machine", "내 컴퓨터의 컨테이너"),
    ("cat", "prints files", "파일 출력"),
    ("ls", "lists a directory", "디렉터리 보기"),
    ("cd", "goes to a directory", "디렉터리로 가기"),
    ("cp", "copies files", "파일 복사"),
    ("mv", "moves or renames files", "파일 옮기기, 이름 바꾸기"),
    ("rm", "deletes files", "파일 지우기"),
    ("mkdir", "makes a directory", "디렉터리 만들기"),
    ("grep", "finds lines", "줄 찾기"),
    ("head", "the first lines", "첫 줄들"),
    ("tail", "the last lines", "마지막 줄들"),
    ("wc", "counts lines, words and bytes", "줄, 낱말, 바이트 세기"),
    ("sort", "sorts lines", "줄 정렬"),
    ("sleep", "waits", "기다리기"),
    ("curl", "asks a server", "서버에 요청하기"),
    ("sed", "edits a stream", "글 바꾸기"),
];

/// First words of the commands of the house: command, word, English, Korean.
const SUBCOMMANDS: [(&str, &str, &str, &str); 42] = [
    ("helm", "install", "make a release of a chart", "차트로 릴리스 설치"),
    ("helm", "upgrade", "bring a release to a new state", "릴리스를 새 상태로 올리기"),
    ("helm", "rollback", "go back to an earlier revision", "이전 리비전으로 되돌리기"),
    ("helm", "uninstall", "remove a release", "릴리스 제거"),
    ("helm", "list", "list releases", "릴리스 목록"),
    ("helm", "history", "revisions of a release", "릴리스의 리비전 목록"),
    ("helm", "status", "how a release is", "릴리스 상태"),
    ("helm", "template", "print what a chart would make", "차트가 만들 매니페스트 출력"),
    ("helm", "search", "find charts", "차트 찾기"),
    ("helm", "create", "make a folder with a new chart", "새 차트 폴더 만들기"),
    ("helm", "dependency", "fetch what a chart depends on", "차트가 의존하는 차트 가져오기"),
    ("helm", "get", "what a release consists of", "릴리스의 내용"),
    ("helm", "lint", "look a chart over", "차트 점검"),
    ("helm", "show", "what a chart says of itself", "차트 정보"),
    ("helm", "test", "run the tests of a release", "릴리스의 테스트 실행"),
    ("load", "start", "begin to send requests", "요청 보내기 시작"),
    ("load", "stop", "end a load", "부하 끝내기"),
    ("load", "status", "how the loads fare", "부하의 상태"),
    ("load", "events", "when loads began, failed and ended", "부하의 기록"),
    ("fault", "node", "power, standstill or network of a node", "노드의 전원, 멈춤, 네트워크"),
    ("fault", "pod", "the main process of a container", "컨테이너의 주 프로세스"),
    ("fault", "component", "a part of the control plane", "컨트롤 플레인의 부분"),
    ("fault", "registry", "an image registry", "이미지 레지스트리"),
    ("fault", "disk", "fill a node's disk", "노드의 디스크 채우기"),
    ("fault", "any", "one of these by chance", "아무 고장이나 하나"),
    ("fault", "list", "what is broken now", "지금 고장 난 것"),
    ("node", "join", "a machine joins the cluster", "컴퓨터가 클러스터에 들어오기"),
    ("node", "group", "nodes that come and go by need", "필요에 따라 늘고 주는 노드 그룹"),
    ("docker", "run", "start a container from an image", "이미지로 컨테이너 시작"),
    ("docker", "ps", "list containers", "컨테이너 보기"),
    ("docker", "images", "list images", "이미지 보기"),
    ("docker", "build", "build an image from a Dockerfile", "Dockerfile로 이미지 만들기"),
    ("docker", "pull", "fetch an image", "이미지 받기"),
    ("docker", "push", "send an image to a registry", "이미지를 레지스트리로 보내기"),
    ("docker", "logs", "what a container printed", "컨테이너의 로그"),
    ("docker", "exec", "run a command in a container", "컨테이너 안에서 명령 실행"),
    ("docker", "stop", "stop a container", "컨테이너 멈추기"),
    ("docker", "rm", "remove a container", "컨테이너 지우기"),
    ("docker", "inspect", "details as JSON", "자세한 내용을 JSON으로"),
    ("docker", "tag", "give an image another name", "이미지에 다른 이름 주기"),
    ("docker", "login", "log in to a registry", "레지스트리에 로그인"),
    ("docker", "stats", "usage of containers", "컨테이너의 사용량"),
];

/// One way a word could go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    pub description: String,
}

impl Candidate {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), description: String::new() }
    }
}

impl Terminal {
    /// What the word before `cursor` (a byte offset into `line`) could become, best first, and where it begins.
    pub fn complete(&mut self, cluster: &mut Cluster, line: &str, cursor: usize) -> (usize, Vec<Candidate>) {
        let before = line.get(..cursor).unwrap_or(line);
        // The command is what stands after the last separator.
        let command = before.rfind(['|', ';', '&', '(']).map_or(before, |i| &before[i + 1..]);
        let start = before.rfind(char::is_whitespace).map_or(0, |i| i + 1).max(before.len() - command.len());
        let word = &before[start..];
        let mut words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        if !word.is_empty() {
            words.pop();
        }
        let candidates = match words.first().map(String::as_str) {
            None => self.commands(word),
            Some("kubectl" | "k") if !takes_file(&words) => {
                let server = self.current_server(cluster);
                of_kubectl(cluster, &server, self.current_credentials(), &words[1..], word)
            }
            Some(name) => {
                let mut found = self.described(name, words.len(), word);
                if found.is_empty() {
                    found = self.file_candidates(word);
                }
                found
            }
        };
        (start, candidates)
    }

    fn commands(&self, word: &str) -> Vec<Candidate> {
        let mut names: Vec<String> = PROVIDED.iter().map(|n| (*n).to_owned()).collect();
        if let Some(shell) = self.shared.machine.borrow().shell(self.prompts[self.at].shell) {
            names.extend(shell.command_names());
        }
        names.retain(|n| n.starts_with(word));
        names.arrange();
        names.dedup();
        let says = |name: &str| {
            DESCRIBED.iter().find(|d| d.0 == name).map_or("", |d| if self.korean { d.2 } else { d.1 })
        };
        let one = |text: String| Candidate { description: says(&text).to_owned(), text };
        names.into_iter().map(one).collect()
    }

    /// What a command of the house takes first.
    fn described(&self, command: &str, words: usize, word: &str) -> Vec<Candidate> {
        let all = SUBCOMMANDS.iter().filter(|s| s.0 == command && words == 1 && s.1.starts_with(word));
        all.map(|s| Candidate {
            text: s.1.to_owned(),
            description: if self.korean { s.3 } else { s.2 }.to_owned(),
        })
        .collect()
    }

    fn file_candidates(&self, word: &str) -> Vec<Candidate> {
        let (directory, prefix) = word.rsplit_once('/').unwrap_or(("", word));
        let base =
            if word.starts_with('/') { String::new() } else { self.directory().replacen('~', HOME, 1) };
        let at = format!("{base}/{directory}");
        let lead = if word.contains('/') { format!("{directory}/") } else { String::new() };
        self.list(&at)
            .into_iter()
            .filter(|(name, _)| {
                name.starts_with(prefix) && (prefix.starts_with('.') || !name.starts_with('.'))
            })
            .map(|(name, is_dir)| Candidate::plain(format!("{lead}{name}{}", if is_dir { "/" } else { "" })))
            .collect()
    }
}

/// What kubectl offers, as far as the cluster can say it at once.
fn of_kubectl(
    cluster: &mut Cluster,
    server: &str,
    credentials: Option<Credentials>,
    words: &[String],
    word: &str,
) -> Vec<Candidate> {
    let (mut port, handle) = Port::new(learner());
    handle.dial(server);
    if let Some(credentials) = credentials {
        handle.identify(Arc::new(credentials));
    }
    port.serve(cluster);
    let mut program = pin!(kubectl::complete(words, word, &handle));
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(found) = program.as_mut().poll(&mut context) {
            return found
                .into_iter()
                .map(|c| Candidate { text: c.text, description: c.description })
                .collect();
        }
        if !port.serve(cluster) {
            return Vec::new();
        }
    }
}

/// Whether the next word of a kubectl command is a file: after `-f` and its like.
fn takes_file(words: &[String]) -> bool {
    matches!(
        words.last().map(String::as_str),
        Some("-f" | "--filename" | "-k" | "--kustomize" | "--patch-file" | "--from-file" | "--from-env-file")
    )
}
