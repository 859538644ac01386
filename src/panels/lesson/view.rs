//! The lesson pane, and the goal bar that stands in for it where there is no room.

use std::cell::RefCell;
use std::rc::Rc;

use course::text::plain;
use course::{Block, GoalReport, NoteKind, QuestionReport, Span};
use leptos::html::Div;
use leptos::prelude::*;
use smol_str::{SmolStr, format_smolstr};
use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent};

use super::{Page, command, drawing, inline};
use crate::app::{App, Panel, ic, word};
use crate::courses;
use crate::i18n::Texts;
use crate::mark::Mark;
use crate::paint::Painter;
use crate::panels::divider::{Divider, Edge};
use crate::panels::top_bar::view::LessonChoice;
use crate::session::Session;

fn now(app: App) -> Option<Page> {
    app.lesson.track();
    app.ask(Session::lesson)
}

#[component]
pub fn LessonPane(app: App) -> impl IntoView {
    let body = NodeRef::<Div>::new();
    let painter: Rc<RefCell<Option<Painter>>> = Rc::default();
    let lesson = Memo::new(move |_| now(app));
    let shown_step = StoredValue::new(0_usize);
    Effect::new(move |_| {
        let Some(root) = body.get() else { return };
        let texts = app.texts();
        let lesson = lesson.get();
        let mut painter = painter.borrow_mut();
        if painter.is_none() {
            *painter = Painter::new(root.clone().into());
        }
        let step = lesson.as_ref().map_or(0, |l| l.step);
        if shown_step.get_value() != step {
            shown_step.set_value(step);
            root.set_scroll_top(0);
        }
        if let Some(painter) = painter.as_mut() {
            let marks = lesson.map_or_else(|| free_play(texts), |l| marks(&l, texts));
            painter.paint(marks.into_iter().map(|(key, mark)| (key, Rc::new(mark))).collect());
        }
    });
    let has = move || lesson.with(Option::is_some);
    let last = move || lesson.with(|l| l.as_ref().is_some_and(Page::is_last));
    let done = move || {
        let done = lesson.with(|l| l.as_ref().is_some_and(|l| l.step_done));
        done && (!last() || courses::next(app).is_some())
    };
    let go_on = move |_| match courses::next(app).filter(|_| last()) {
        Some(slug) => courses::open(app, slug),
        None => app.act(Session::next_step),
    };
    let pips = move || {
        let lesson = lesson.get().unwrap_or_default();
        let class = |i: usize| match i.cmp(&lesson.step) {
            _ if lesson.lesson_done => "d",
            std::cmp::Ordering::Less => "d",
            std::cmp::Ordering::Equal => "c",
            std::cmp::Ordering::Greater => "",
        };
        (0..lesson.steps).map(|i| view! { <i class=class(i)></i> }).collect_view()
    };
    view! {
        <aside class="lesson" aria-label=word(app, |t| t.lesson().lesson)>
            <Divider app edge=Edge::Lesson />
            <div class="choice">
                <LessonChoice app />
            </div>
            <div class="body" node_ref=body on:click=move |event| clicked(app, &event)></div>
            <div class="lfoot">
                <button
                    class="ibtn fold"
                    aria-label=move || fold_label(app)
                    title=move || fold_label(app)
                    aria-expanded=move || if app.lesson_open.get() { "true" } else { "false" }
                    on:click=move |_| app.lesson_open.update(|open| *open = !*open)
                >
                    {ic("#i-book")}
                </button>
                <span class="pips" aria-hidden="true">
                    {pips}
                </span>
                <button
                    class="ibtn course-way"
                    aria-label=word(app, |t| t.course().course)
                    title=word(app, |t| t.course().course)
                    on:click=move |_| app.course.set(Some(crate::panels::course::Page::Map))
                >
                    {ic("#i-map")}
                </button>
                <button
                    class="ibtn show"
                    class:hidden=move || !has()
                    aria-label=word(app, |t| t.lesson().show_me)
                    title=word(app, |t| t.lesson().show_me)
                    disabled=move || lesson.with(|l| l.as_ref().is_none_or(|l| l.step_done || l.showing))
                    on:click=move |_| {
                        app.set_paused(false);
                        app.act(Session::show_me);
                    }
                >
                    {ic("#i-eye")}
                </button>
                <button
                    class="ibtn skip"
                    class:hidden=move || !has()
                    aria-label=word(app, |t| t.lesson().skip)
                    title=word(app, |t| t.lesson().skip)
                    disabled=move || lesson.with(|l| l.as_ref().is_none_or(|l| l.step_done || l.busy))
                    on:click=move |_| app.act(Session::skip_step)
                >
                    {ic("#i-step")}
                </button>
                <button
                    class="btn sm hint"
                    class:hidden=move || !has()
                    disabled=move || lesson.with(|l| l.as_ref().is_none_or(|l| !l.more_hints))
                    on:click=move |_| app.act(Session::hint)
                >
                    {word(app, |t| t.lesson().hint)}
                </button>
                <button
                    class="btn sm next"
                    class:hidden=move || !has()
                    class:pri=done
                    disabled=move || !done()
                    on:click=go_on
                >
                    {word(app, |t| t.lesson().next)}
                    {ic("#i-chev")}
                </button>
            </div>
        </aside>
    }
}

fn fold_label(app: App) -> &'static str {
    if app.lesson_open.get() { app.texts().page().fold } else { app.texts().page().unfold }
}

/// One line: the goal that is open now.
#[component]
pub fn GoalBar(app: App) -> impl IntoView {
    let lesson = Memo::new(move |_| now(app));
    let goal = move || {
        let lesson = lesson.get()?;
        lesson.goals.iter().find(|g| !g.met).or(lesson.goals.last()).cloned()
    };
    let met = move || goal().is_some_and(|g| g.met);
    let icon = move || match goal() {
        Some(goal) if goal.met => "#i-done",
        Some(_) => "#i-open",
        None => "#i-book",
    };
    view! {
        <button class="goalbar" on:click=move |_| app.panel.set(Panel::Lesson)>
            <svg class="ic g" class:met=met aria-hidden="true">
                <use href=icon></use>
            </svg>
            <span>
                <b>{move || goal().map_or_else(|| app.texts().lesson().no_lesson.to_owned(), |g| plain(&g.text))}</b>
                <small>{move || goal().and_then(|g| g.missing).map(|m| m.replace('`', ""))}</small>
            </span>
            <span class="m">{move || lesson.get().map(|l| format!("{}/{}", l.step + 1, l.steps))}</span>
        </button>
    }
}

fn clicked(app: App, event: &MouseEvent) {
    let Some(target) = event.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return };
    let held = |name: &str| {
        let holder = target.closest(&format!("[{name}]")).ok().flatten();
        holder.and_then(|h| h.get_attribute(name))
    };
    if let Some(term) = held("href").and_then(|to| to.strip_prefix(course::glossary::LINK).map(str::to_owned))
    {
        event.prevent_default();
        app.show_term(&term);
    } else if let Some(line) = held("data-run") {
        app.panel.set(Panel::Diagram);
        app.run_all(&line);
    } else if let Some(option) = held("data-answer").and_then(|i| i.parse().ok()) {
        app.act(|s| s.answer(option));
    } else if let Some(name) = held("data-file") {
        let text =
            target.closest(".filebox").ok().flatten().and_then(|b| b.query_selector("pre").ok().flatten());
        let text = text.and_then(|pre| pre.text_content()).unwrap_or_default();
        app.act(|s| s.write_file(&name, &text));
        app.file.set(name);
        app.dock.set(Panel::Editor);
    }
}

type Marks = Vec<(SmolStr, Mark)>;

fn free_play(texts: &Texts) -> Marks {
    let mut list = Mark::new("div", "tries");
    for line in [
        "kubectl apply -f web.yaml",
        "kubectl get pods -o wide",
        "kubectl scale deployment web --replicas=5",
        "kubectl set image deployment/web nginx=nginx:1.28",
        "kubectl rollout undo deployment/web",
    ] {
        list.add(command(line, texts));
    }
    vec![
        ("title".into(), Mark::new("h2", "title").says(texts.lesson().no_lesson)),
        ("text".into(), Mark::new("p", "").says(texts.lesson().no_lesson_text)),
        ("tries".into(), list),
    ]
}

fn block(block: &Block, texts: &Texts) -> Mark {
    match block {
        // A paragraph that is one command is that command's button.
        Block::Paragraph(spans) => match spans.as_slice() {
            [Span::Command(line)] => Mark::new("div", "tries").with(command(line, texts)),
            _ => inline(Mark::new("p", ""), spans, texts),
        },
        Block::Heading { spans, .. } => inline(Mark::new("h3", ""), spans, texts),
        Block::Code(code) if code.runs => {
            let mut all = Mark::new("div", "tries");
            // A here-document is one command; single commands are one button each.
            if code.text.contains("<<") {
                all.add(command(code.text.trim_end(), texts));
            } else {
                for line in code.text.lines().filter(|l| !l.trim().is_empty()) {
                    all.add(command(line, texts));
                }
            }
            all
        }
        Block::Code(code) => {
            let pre = Mark::new("pre", "").at("lang", "en").at("tabindex", "0").says(code.text.clone());
            if code.file.is_empty() {
                return pre;
            }
            let save = Mark::new("button", "btn sm").at("data-file", code.file.clone()).says((texts
                .editor()
                .save_as)(
                &code.file
            ));
            Mark::new("div", "filebox").with(pre).with(save)
        }
        Block::List { ordered, items } => {
            let mut list = Mark::new(if *ordered { "ol" } else { "ul" }, "");
            for item in items {
                list.add(inline(Mark::new("li", ""), item, texts));
            }
            list
        }
        Block::Note { kind, blocks } => {
            let class = match kind {
                NoteKind::Warning => "aside warning",
                NoteKind::Tip => "aside tip",
                NoteKind::Note => "aside",
            };
            let mut note = Mark::new("div", class);
            for inner in blocks {
                note.add(self::block(inner, texts));
            }
            note
        }
    }
}

fn goal(goal: &GoalReport, first_open: bool, texts: &Texts) -> Mark {
    let mut mark = Mark::new("li", if first_open { "now" } else { "" });
    let (icon, class, label) = if goal.met {
        ("#i-done", "ic g met", texts.lesson().goal_met)
    } else {
        ("#i-open", "ic g", texts.lesson().goal_open)
    };
    mark.add(drawing(icon, class).at("role", "img").at("aria-label", label));
    let mut words = Mark::new("div", "").with(inline(Mark::new("span", ""), &goal.text, texts));
    if let Some(missing) = goal.missing.as_ref().filter(|_| !goal.met) {
        words.add(sentence(Mark::new("small", ""), &format_smolstr!("{missing}.")));
    }
    if let Some((have, wanted)) = goal.progress.filter(|(_, wanted)| !goal.met && *wanted > 1) {
        let percent = (have.clamp(0, wanted) * 100) / wanted;
        let fill = Mark::new("i", "").at("style", format_smolstr!("width:{percent}%"));
        words.add(Mark::new("div", "meter").at("aria-hidden", "true").with(fill));
    }
    mark.add(words);
    mark
}

/// A sentence whose commands and names stand between backticks.
fn sentence(mut holder: Mark, text: &str) -> Mark {
    for (i, part) in text.split('`').enumerate() {
        holder.add(match i % 2 {
            0 => Mark::new("span", "").says(part),
            _ => Mark::new("code", "").at("lang", "en").says(part),
        });
    }
    holder
}

fn question(question: &QuestionReport, texts: &Texts) -> Mark {
    let mut mark = Mark::new("div", "predict").with(inline(Mark::new("p", "q"), &question.text, texts));
    let mut options =
        Mark::new("div", "options").at("role", "group").at("aria-label", texts.lesson().question);
    for (i, option) in question.options.iter().enumerate() {
        let class = if question.right == Some(i) {
            "correct"
        } else if question.chosen == Some(i) {
            "pick"
        } else {
            ""
        };
        let button = Mark::new("button", class)
            .at("data-answer", format_smolstr!("{i}"))
            .at("aria-pressed", if question.chosen == Some(i) { "true" } else { "false" });
        options.add(inline(button, option, texts));
    }
    mark.add(options);
    for explain in &question.explain {
        mark.add(inline(Mark::new("p", "explain"), explain, texts));
    }
    mark
}

fn marks(lesson: &Page, texts: &Texts) -> Marks {
    let step = (i64::try_from(lesson.step + 1).unwrap_or(1), i64::try_from(lesson.steps).unwrap_or(1));
    let at = |what: &str, i: usize| format_smolstr!("s{} {what}{i}", lesson.step);
    let mut out: Marks = vec![
        (
            "eyebrow".into(),
            Mark::new("p", "eyebrow")
                .with(Mark::new("span", "").says(lesson.title.clone()))
                .with(Mark::new("span", "nowrap").says((texts.lesson().step_of)(step.0, step.1))),
        ),
        ("title".into(), Mark::new("h2", "title").says(lesson.step_title.clone())),
    ];
    out.extend(lesson.blocks.iter().enumerate().map(|(i, b)| (at("b", i), block(b, texts))));
    if let Some(asked) = &lesson.question {
        out.push((at("q", 0), question(asked, texts)));
    }
    if !lesson.goals.is_empty() {
        let mut list = Mark::new("ul", "goals").at("aria-label", texts.lesson().goals);
        let open = lesson.goals.iter().position(|g| !g.met);
        for (i, one) in lesson.goals.iter().enumerate() {
            list.add(goal(one, open == Some(i), texts));
        }
        out.push((at("goals", 0), list));
    }
    for (i, spans) in lesson.feedback.iter().enumerate() {
        out.push((at("f", i), inline(Mark::new("p", "aside warning"), spans, texts)));
    }
    for (i, hint) in lesson.hints.iter().enumerate() {
        let mut card = Mark::new("div", "hintbox").with(Mark::new("b", "").says(texts.lesson().hint));
        for one in hint {
            card.add(block(one, texts));
        }
        out.push((at("hint", i), card));
    }
    out.extend(lesson.after.iter().enumerate().map(|(i, b)| (at("after", i), block(b, texts))));
    if lesson.lesson_done {
        out.push(("done".into(), Mark::new("p", "done").at("role", "status").says(texts.lesson().finished)));
    } else if lesson.step_done {
        out.push((at("done", 0), Mark::new("p", "done").at("role", "status").says(texts.lesson().step_done)));
    }
    if lesson.step == 0 && !lesson.summary.is_empty() {
        let summary = lesson.summary.iter().enumerate();
        let opening: Marks =
            summary.map(|(i, b)| (format_smolstr!("summary {i}"), block(b, texts))).collect();
        out.splice(1..1, opening);
    }
    for (_, mark) in &mut out {
        mark.attrs.push(("lang", SmolStr::new_static(lesson.lang)));
    }
    out
}
