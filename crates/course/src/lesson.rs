//! A lesson in one language, as it is packed: read from JSON, shown by the page, played by an attempt.

use clock::Millis;
use cluster::{ClusterConfig, NodeConfig};
use objects::{Str, Value};

use crate::check::Check;
use crate::lang::Lang;
use crate::read::{Error, Node};
use crate::text::{Block, Span, read_blocks, read_spans};

/// Raised when packed lessons change their shape.
pub const VERSION: i64 = 1;

#[derive(Clone, Debug)]
pub struct Lesson {
    /// Stable: what progress and links name the lesson by.
    pub slug: Str,
    pub lang: Lang,
    pub title: Str,
    pub level: Level,
    pub minutes: i64,
    /// Slugs of lessons that come before.
    pub prerequisites: Vec<Str>,
    /// What the lesson is about, shown before its first step.
    pub summary: Vec<Block>,
    pub cluster: ClusterSpec,
    /// The learner's files at the start.
    pub files: Vec<(Str, Str)>,
    /// What is run before the learner's first command.
    pub start: Vec<Act>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Beginner,
    Intermediate,
    Advanced,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSpec {
    pub workers: usize,
    pub control_plane: bool,
    /// The cloud adds so many more workers at most, when pods find no room.
    pub grows_by: usize,
    pub seed: u64,
    /// Clusters beside the first, by name and number of workers.
    pub members: Vec<(Str, usize)>,
    /// A hub over them.
    pub hub: Option<Str>,
}

#[derive(Clone, Debug)]
pub struct Step {
    pub id: Str,
    pub title: Str,
    pub blocks: Vec<Block>,
    pub question: Option<Question>,
    pub goals: Vec<Goal>,
    /// What is said once the step is done: what would have given the answer away.
    pub after: Vec<Block>,
    /// In tiers: the first nudges, the last tells.
    pub hints: Vec<Vec<Block>>,
    pub feedback: Vec<Feedback>,
    /// What brings the step to its end, and what "show me" plays.
    pub solution: Vec<Act>,
}

#[derive(Clone, Debug)]
pub struct Goal {
    pub id: Str,
    pub text: Vec<Span>,
    pub want: Check,
}

/// Predict, then see: asked before the learner acts, explained once the step's goals are met.
#[derive(Clone, Debug)]
pub struct Question {
    pub text: Vec<Span>,
    pub options: Vec<Choice>,
    /// Explained as soon as it is answered.
    pub at_once: bool,
}

#[derive(Clone, Debug)]
pub struct Choice {
    pub id: Str,
    pub text: Vec<Span>,
    pub right: bool,
    /// Why it is right, or what one may have had in mind.
    pub explain: Vec<Span>,
}

/// What is said while something is the case: a wrong turn that many take.
#[derive(Clone, Debug)]
pub struct Feedback {
    pub id: Str,
    pub when: Check,
    pub text: Vec<Span>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// A line for the terminal.
    Run(Str),
    /// An option of the step's question, by its id.
    Answer(Str),
    /// Let virtual time pass.
    Wait(Millis),
}

impl Level {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Beginner => "beginner",
            Self::Intermediate => "intermediate",
            Self::Advanced => "advanced",
        }
    }

    pub(crate) fn read(node: &Node<'_>) -> Result<Self, Error> {
        match node.text()?.as_str() {
            "beginner" => Ok(Self::Beginner),
            "intermediate" => Ok(Self::Intermediate),
            "advanced" => Ok(Self::Advanced),
            other => node.error(format!("level is beginner, intermediate or advanced, not {other:?}")),
        }
    }
}

impl ClusterSpec {
    #[must_use]
    pub fn config(&self) -> ClusterConfig {
        let mut nodes = Vec::with_capacity(self.workers + 1);
        if self.control_plane {
            nodes.push(NodeConfig::control_plane("control-plane"));
        }
        nodes.extend((1..=self.workers).map(|i| NodeConfig::worker(format!("worker-{i}"))));
        let hub = self.hub.iter().map(|name| ClusterConfig::hub(name));
        let members = self.members.iter().map(|(name, workers)| ClusterConfig::member(name, *workers));
        let members = members.chain(hub).collect();
        let mut config = ClusterConfig { nodes, members, ..ClusterConfig::playground(self.seed) };
        if self.grows_by > 0 {
            let group = cluster::NodeGroup {
                name: "pool".into(),
                min: 0,
                max: self.grows_by,
                cpu: "4".into(),
                memory: "8Gi".into(),
                labels: Vec::new(),
            };
            config.cloud = Some(cluster::cloud_with(vec![group]));
        }
        config
    }

    fn read(node: &Node<'_>) -> Result<Self, Error> {
        if node.value.is_null() {
            return Ok(Self {
                workers: 3,
                control_plane: true,
                grows_by: 0,
                seed: 1,
                members: Vec::new(),
                hub: None,
            });
        }
        node.only(&["workers", "control_plane", "grows_by", "seed", "members", "hub"])?;
        let of = |node: &Node<'_>, key: &str, default: i64, most: i64| match node.find(key) {
            None => Ok(default),
            Some(n) => match n.int()? {
                i if (0..=most).contains(&i) => Ok(i),
                i => n.error(format!("{i} is not between 0 and {most}")),
            },
        };
        let number = |key: &str, default: i64, most: i64| of(node, key, default, most);
        let mut members = Vec::new();
        for member in node.get("members").items()? {
            member.only(&["name", "workers"])?;
            let workers = usize::try_from(of(&member, "workers", 1, 20)?).unwrap_or(1);
            members.push((member.field("name")?.text()?, workers));
        }
        Ok(Self {
            members,
            hub: node.find("hub").map(|n| n.text()).transpose()?,
            workers: usize::try_from(number("workers", 3, 100)?).unwrap_or(3),
            control_plane: node.get("control_plane").value.as_bool().unwrap_or(true),
            grows_by: usize::try_from(number("grows_by", 0, 100)?).unwrap_or(0),
            seed: u64::try_from(number("seed", 1, i64::MAX)?).unwrap_or(1),
        })
    }
}

impl Lesson {
    /// # Errors
    /// The first thing that is wrong, with its path.
    pub fn from_json(value: &Value) -> Result<Self, Error> {
        let node = Node::root(value);
        node.only(&[
            "version",
            "slug",
            "lang",
            "title",
            "level",
            "minutes",
            "prerequisites",
            "summary",
            "cluster",
            "files",
            "start",
            "steps",
        ])?;
        let version = node.field("version")?;
        if version.int()? != VERSION {
            return version.error(format!("version {} is wanted", VERSION));
        }
        let lang = node.field("lang")?;
        let Some(lang) = Lang::from_code(&lang.text()?) else { return lang.error("en or ko is wanted") };
        let files = node.get("files");
        let mut steps: Vec<Step> = Vec::new();
        for one in node.field("steps")?.items()? {
            let step = Step::read(&one)?;
            if steps.iter().any(|s| s.id == step.id) {
                return one.get("id").error(format!("two steps are called {:?}", step.id));
            }
            steps.push(step);
        }
        if steps.is_empty() {
            return node.get("steps").error("a lesson has at least one step");
        }
        Ok(Self {
            slug: node.field("slug")?.text()?,
            lang,
            title: node.field("title")?.text()?,
            level: Level::read(&node.field("level")?)?,
            minutes: node.field("minutes")?.int()?,
            prerequisites: texts(&node.get("prerequisites"))?,
            summary: read_blocks(&node.get("summary"))?,
            cluster: ClusterSpec::read(&node.get("cluster"))?,
            files: files.value.entries().iter().map(|(name, text)| (name.clone(), text.to_str())).collect(),
            start: acts(&node.get("start"))?,
            steps,
        })
    }

    /// What the learner who opens the lesson at `step` has behind them: the start, then each solution before it.
    pub fn acts_before(&self, step: usize) -> impl Iterator<Item = &Act> {
        self.start.iter().chain(self.steps.iter().take(step).flat_map(|s| &s.solution))
    }
}

pub(crate) fn texts(node: &Node<'_>) -> Result<Vec<Str>, Error> {
    node.items()?.iter().map(Node::text).collect()
}

fn acts(node: &Node<'_>) -> Result<Vec<Act>, Error> {
    node.items()?.iter().map(act).collect()
}

fn act(node: &Node<'_>) -> Result<Act, Error> {
    if let Value::Str(line) = node.value {
        return Ok(Act::Run(line.clone()));
    }
    match node.choice()? {
        ("answer", id) => Ok(Act::Answer(id.text()?)),
        ("wait", span) => Ok(Act::Wait(span.span()?)),
        (other, _) => node.error(format!("a command line, answer or wait is wanted, not {other:?}")),
    }
}

impl Step {
    fn read(node: &Node<'_>) -> Result<Self, Error> {
        node.only(&["id", "title", "blocks", "after", "question", "goals", "hints", "feedback", "solution"])?;
        let mut goals: Vec<Goal> = Vec::new();
        for one in node.get("goals").items()? {
            one.only(&["id", "text", "want"])?;
            let goal = Goal {
                id: one.field("id")?.text()?,
                text: read_spans(&one.field("text")?)?,
                want: Check::read(&one.field("want")?)?,
            };
            if goals.iter().any(|g| g.id == goal.id) {
                return one.get("id").error(format!("two goals of this step are called {:?}", goal.id));
            }
            goals.push(goal);
        }
        let mut feedback = Vec::new();
        for one in node.get("feedback").items()? {
            one.only(&["id", "text", "when"])?;
            feedback.push(Feedback {
                id: one.field("id")?.text()?,
                text: read_spans(&one.field("text")?)?,
                when: Check::read(&one.field("when")?)?,
            });
        }
        let question = node.find("question").map(|n| Question::read(&n)).transpose()?;
        if goals.is_empty() && question.is_none() {
            return node.get("goals").error("a step has at least one goal or a question");
        }
        Ok(Self {
            id: node.field("id")?.text()?,
            title: node.field("title")?.text()?,
            blocks: read_blocks(&node.field("blocks")?)?,
            after: read_blocks(&node.get("after"))?,
            question,
            goals,
            hints: node.get("hints").items()?.iter().map(read_blocks).collect::<Result<_, _>>()?,
            feedback,
            solution: acts(&node.get("solution"))?,
        })
    }
}

impl Question {
    fn read(node: &Node<'_>) -> Result<Self, Error> {
        node.only(&["text", "options", "at_once"])?;
        let mut options: Vec<Choice> = Vec::new();
        for one in node.field("options")?.items()? {
            one.only(&["id", "text", "right", "explain"])?;
            let choice = Choice {
                id: one.field("id")?.text()?,
                text: read_spans(&one.field("text")?)?,
                right: one.flag("right")?,
                explain: read_spans(&one.field("explain")?)?,
            };
            if options.iter().any(|o| o.id == choice.id) {
                return one.get("id").error(format!("two options are called {:?}", choice.id));
            }
            options.push(choice);
        }
        if options.len() < 2 || options.iter().filter(|o| o.right).count() != 1 {
            return node.get("options").error("two options or more are wanted, of which one is right");
        }
        Ok(Self { text: read_spans(&node.field("text")?)?, options, at_once: node.flag("at_once")? })
    }
}
