//! What the page says, in both languages.
//!
//! Owns: [`Texts`], one field per text: a text that lacks a language doesn't compile. Upstream's words (kinds, fields,
//! statuses, messages) are not here; they are the same in every language.
//! Does not own: the lessons' texts (`lessons/`).

pub mod chart;
mod en;
mod ko;

use smol_str::SmolStr;

use crate::state_words::PodState;

/// The two languages of the page, equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    En,
    Ko,
}

impl Lang {
    /// From a BCP 47 tag such as `ko-KR`; whatever is not Korean reads English.
    #[must_use]
    pub fn of_tag(tag: &str) -> Self {
        let primary = tag.split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("ko") { Self::Ko } else { Self::En }
    }

    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
        }
    }

    #[must_use]
    pub fn texts(self) -> &'static Texts {
        match self {
            Self::En => &en::TEXTS,
            Self::Ko => &ko::TEXTS,
        }
    }
}

type Count = fn(i64) -> SmolStr;
type Two = fn(i64, i64) -> SmolStr;
type Name = fn(&str) -> SmolStr;

/// Every text of the page. `Count`, `Two` and `Name` are texts with numbers or a name in them.
pub struct Texts {
    pub chart: &'static chart::Chart,
    pub brand: &'static str,
    pub playground: &'static str,
    pub booting: &'static str,
    // Time
    pub virtual_time: &'static str,
    pub time_controls: &'static str,
    pub pause: &'static str,
    pub play: &'static str,
    pub step: &'static str,
    pub speed: &'static str,
    pub speed_of: Name,
    // Page
    pub language: &'static str,
    pub theme_to_dark: &'static str,
    pub theme_to_light: &'static str,
    pub panels: &'static str,
    pub restart: &'static str,
    pub restart_sure: &'static str,
    pub resize: &'static str,
    pub fold: &'static str,
    pub unfold: &'static str,
    pub close: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub not_saved: &'static str,
    pub rest_late: &'static str,
    // Stage
    pub stage: &'static str,
    pub stage_help: &'static str,
    pub desired: &'static str,
    pub requests: &'static str,
    pub waiting: &'static str,
    pub state: fn(PodState, bool) -> &'static str,
    pub to_end: Count,
    pub ready_of: Two,
    pub least: Two,
    pub surge: Count,
    pub set_counts: fn(desired: i64, existing: i64, ready: i64) -> SmolStr,
    pub port: Count,
    pub no_new_requests: &'static str,
    pub restarts: Count,
    pub endpoints: Count,
    pub external: &'static str,
    pub silent_for: Count,
    pub cordoned: &'static str,
    pub more: Count,
    pub empty_title: &'static str,
    pub empty_text: &'static str,
    pub empty_command: &'static str,
    /// A kind as prose calls it: `Pod` is 파드.
    pub kind: fn(&str) -> SmolStr,
    pub on_node: Name,
    pub owned_by: Name,
    pub capacity: fn(used: &str, all: &str) -> SmolStr,
    // Timeline
    pub timeline: &'static str,
    pub timeline_help: &'static str,
    pub all_lanes: &'static str,
    pub past: &'static str,
    pub past_short: &'static str,
    /// Tenths of a second, revision.
    pub ago: Two,
    pub from_here: &'static str,
    pub to_now: &'static str,
    pub lines: &'static str,
    pub compare: &'static str,
    pub forked: &'static str,
    pub step_back: &'static str,
    pub undo: &'static str,
    pub undone: Name,
    pub nothing_to_undo: &'static str,
    pub you: &'static str,
    pub image_of: Name,
    pub end_of: Name,
    pub others: &'static str,
    // Dock
    pub terminal: &'static str,
    pub editor: &'static str,
    pub events: &'static str,
    pub prompt: &'static str,
    pub prompt_more: &'static str,
    pub output: &'static str,
    pub candidates: &'static str,
    pub interrupt: &'static str,
    pub running: &'static str,
    pub welcome: &'static str,
    pub keys: &'static str,
    pub previous_command: &'static str,
    pub file: &'static str,
    pub new_file: &'static str,
    pub manifest: &'static str,
    pub apply: &'static str,
    pub applies: Name,
    pub did_you_mean: Name,
    pub missing_field: Name,
    pub fault_at: fn(line: usize, message: &str) -> SmolStr,
    pub faults: &'static str,
    pub replace_with: Name,
    pub diff: &'static str,
    pub diffs: Name,
    pub no_events: &'static str,
    pub times: Count,
    // Inspector
    pub objects: &'static str,
    pub kind_of: &'static str,
    pub all_namespaces: &'static str,
    pub no_objects: &'static str,
    pub controllers: &'static str,
    pub controllers_help: &'static str,
    pub busy_only: &'static str,
    pub hold: &'static str,
    pub let_go: &'static str,
    pub one_step: &'static str,
    pub find: &'static str,
    pub found: &'static str,
    pub keymap: &'static str,
    pub key_words: [&'static str; 25],
    pub searching: Name,
    pub jump: &'static str,
    pub traffic: &'static str,
    pub faults_and_load: &'static str,
    pub no_requests: &'static str,
    pub served: &'static str,
    pub stopped_at_hop: &'static str,
    pub inspector: &'static str,
    pub why: &'static str,
    pub why_not: &'static str,
    pub chain: &'static str,
    pub verdicts: &'static str,
    pub verdict: &'static str,
    pub reason: &'static str,
    pub chosen: &'static str,
    pub fits: &'static str,
    pub refused: &'static str,
    pub instead: &'static str,
    pub go_there: &'static str,
    pub next_try: Name,
    pub views: &'static str,
    pub summary: &'static str,
    pub facts: &'static str,
    pub conditions: &'static str,
    pub containers: &'static str,
    pub labels: &'static str,
    pub pods: &'static str,
    pub node: &'static str,
    pub owner: &'static str,
    pub image: &'static str,
    pub requested: &'static str,
    pub namespace: &'static str,
    pub age: &'static str,
    pub replicas: &'static str,
    pub strategy: &'static str,
    pub revision: &'static str,
    pub selector: &'static str,
    pub none: &'static str,
    pub roles: &'static str,
    pub version: &'static str,
    pub allocatable: &'static str,
    pub restart_count: &'static str,
    pub as_command: &'static str,
    pub nothing_picked: &'static str,
    pub nothing_picked_text: &'static str,
    pub gone: &'static str,
    pub yaml_of: Name,
    // Lesson
    pub lesson: &'static str,
    pub lessons: &'static str,
    pub step_of: Two,
    pub goals: &'static str,
    pub goal_met: &'static str,
    pub goal_open: &'static str,
    pub hint: &'static str,
    pub next: &'static str,
    pub back: &'static str,
    pub finished: &'static str,
    pub run: Name,
    pub question: &'static str,
    pub step_done: &'static str,
    pub save_as: Name,
    pub no_lesson: &'static str,
    pub no_lesson_text: &'static str,
    // Terminals, charts, the menu of an object, the tour
    pub terminals: &'static str,
    pub terminal_number: Count,
    pub new_terminal: &'static str,
    pub close_terminal: Count,
    pub watch_in_place: &'static str,
    pub watch_as_text: &'static str,
    pub as_text: &'static str,
    pub in_place: &'static str,
    pub no_longer: Name,
    pub fault_in: fn(file: &str, line: usize) -> SmolStr,
    pub files: &'static str,
    pub rename: &'static str,
    pub new_name: &'static str,
    pub name_taken: Name,
    pub delete_file: &'static str,
    pub delete_sure: Name,
    pub charts: &'static str,
    pub subject: &'static str,
    pub all_nodes: &'static str,
    pub no_charts: &'static str,
    pub cpu: &'static str,
    pub memory: &'static str,
    pub ready_word: &'static str,
    pub request_rate: &'static str,
    pub offered: &'static str,
    pub failed: &'static str,
    pub latency: &'static str,
    pub queue: &'static str,
    pub mean: &'static str,
    pub lowest: &'static str,
    pub highest: &'static str,
    pub now_word: &'static str,
    pub as_table: &'static str,
    pub chart_says: fn(title: &str, values: &str) -> SmolStr,
    pub load: &'static str,
    pub load_target: &'static str,
    pub no_service_to_load: &'static str,
    pub deeds: &'static str,
    pub deeds_of: &'static str,
    pub do_describe: &'static str,
    pub do_logs: &'static str,
    pub do_shell: &'static str,
    pub do_top: &'static str,
    pub do_crash: &'static str,
    pub do_cut: &'static str,
    pub do_restore: &'static str,
    pub do_cordon: &'static str,
    pub do_uncordon: &'static str,
    pub do_drain: &'static str,
    pub do_scale_up: &'static str,
    pub do_scale_down: &'static str,
    pub do_restart: &'static str,
    pub do_status: &'static str,
    pub do_undo: &'static str,
    pub do_load: &'static str,
    pub do_endpoints: &'static str,
    pub do_yaml: &'static str,
    pub do_edit: &'static str,
    pub do_delete: &'static str,
    pub fault_by_hand: &'static str,
    pub fault_what: &'static str,
    pub fault_which: &'static str,
    pub fault_how: &'static str,
    pub fault_amount: &'static str,
    pub fault_pod: &'static str,
    pub fault_component: &'static str,
    pub fault_registry: &'static str,
    pub fault_disk: &'static str,
    pub fault_crash: &'static str,
    pub fault_kill: &'static str,
    pub fault_hang: &'static str,
    pub fault_cut: &'static str,
    pub fault_slow: &'static str,
    pub fault_limit: &'static str,
    pub fault_lose: &'static str,
    pub fault_refuse: &'static str,
    pub fault_silence: &'static str,
    pub fault_certificate: &'static str,
    pub fault_fill: &'static str,
    pub fault_free: &'static str,
    pub fault_resume: &'static str,
    pub fault_restore: &'static str,
    pub other_theme: &'static str,
    pub tour_name: &'static str,
    pub skip_tour: &'static str,
    pub end_tour: &'static str,
    /// Title and text of each stop, in the order of `tour::STOPS`.
    pub tour: [(&'static str, &'static str); 7],
    // Course and host lab
    pub course: &'static str,
    pub map: &'static str,
    pub glossary: &'static str,
    pub progress: &'static str,
    pub find_word: &'static str,
    pub no_words: &'static str,
    pub standing: fn(course::map::Standing) -> &'static str,
    pub minutes: Count,
    pub after_lessons: Name,
    pub about_it: Name,
    pub known: &'static str,
    pub not_known: &'static str,
    pub steps_word: &'static str,
    pub time_word: &'static str,
    pub hints_word: &'static str,
    pub course_done: &'static str,
    pub nothing_done: &'static str,
    pub you_can_now: &'static str,
    pub next_lesson: Name,
    pub export: &'static str,
    pub import: &'static str,
    pub imported: Count,
    pub import_failed: &'static str,
    pub show_me: &'static str,
    pub skip: &'static str,
    pub lab: &'static str,
    pub lab_servers: &'static str,
    pub lab_lost: &'static str,
    pub lab_calls: &'static str,
    pub lab_night_calls: &'static str,
    pub lab_by_hand: &'static str,
    pub lab_together: &'static str,
    pub lab_not_played: &'static str,
    pub lab_chart: Name,
    pub lab_at: Name,
    pub lab_hour: &'static str,
    pub lab_spare: &'static str,
    pub lab_down: &'static str,
    pub lab_starting: Count,
    pub lab_ready: &'static str,
    pub lab_broken: &'static str,
    pub lab_reached: &'static str,
    pub lab_guest: &'static str,
    pub lab_container: &'static str,
    pub lab_hypervisor: &'static str,
    pub lab_engine: &'static str,
    pub lab_kernel: Name,
    pub lab_memory: fn(used: &str, all: &str) -> SmolStr,
    // Messages
    pub not_simulated: &'static str,
    pub stopped: &'static str,
    pub stopped_text: &'static str,
    pub reload: &'static str,
    pub copy_record: &'static str,
    pub record: &'static str,
    pub tab_diagram: &'static str,
    pub tab_inspect: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_tag_picks_one_of_two_languages() {
        let cases = [
            ("ko", Lang::Ko),
            ("ko-KR", Lang::Ko),
            ("KO-kr", Lang::Ko),
            ("en-GB", Lang::En),
            ("kok", Lang::En),
            ("", Lang::En),
        ];
        for (tag, lang) in cases {
            assert_eq!(Lang::of_tag(tag), lang, "{tag:?}");
        }
    }

    #[test]
    fn every_state_has_its_own_word() {
        for lang in [Lang::En, Lang::Ko] {
            let states = [
                PodState::Failed,
                PodState::BackOff,
                PodState::Unknown,
                PodState::Pending,
                PodState::Starting,
                PodState::NotReady,
                PodState::Ending,
                PodState::Ready,
                PodState::Completed,
            ];
            let mut words: Vec<_> = states.iter().map(|s| (lang.texts().state)(*s, false)).collect();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), states.len());
        }
    }
}
