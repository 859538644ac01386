//! The lesson pane, and the goal bar that stands in for it where there is no room.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::html::Div;
use leptos::prelude::*;
use smol_str::{SmolStr, format_smolstr};
use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent};

use super::{Block, Goal, Lesson, Span};
use crate::app::{App, Panel, ic, word};
use crate::i18n::Texts;
use crate::mark::Mark;
use crate::paint::Painter;

fn now(app: App) -> Option<Lesson> {
    app.lesson.track();
    app.ask(|s| s.lesson(app.lang.get()))
}

#[component]
pub fn LessonPane(app: App) -> impl IntoView {
    let body = NodeRef::<Div>::new();
    let painter: Rc<RefCell<Option<Painter>>> = Rc::default();
    let lesson = Memo::new(move |_| now(app));
    Effect::new(move |_| {
        let Some(root) = body.get() else { return };
        let texts = app.texts();
        let lesson = lesson.get();
        let mut painter = painter.borrow_mut();
        if painter.is_none() {
            *painter = Painter::new(root.into());
        }
        if let Some(painter) = painter.as_mut() {
            let marks = lesson.map_or_else(|| free_play(texts), |l| marks(&l, texts));
            painter.paint(marks.into_iter().map(|(key, mark)| (key, Rc::new(mark))).collect());
        }
    });
    let has = move || lesson.get().is_some();
    view! {
        <aside class="lesson" aria-label=word(app, |t| t.lesson)>
            <div class="body" node_ref=body on:click=move |event| clicked(app, &event)></div>
            <div class="lfoot">
                <button
                    class="ibtn fold"
                    aria-label=move || if app.lesson_open.get() { app.texts().fold } else { app.texts().unfold }
                    title=move || if app.lesson_open.get() { app.texts().fold } else { app.texts().unfold }
                    aria-expanded=move || if app.lesson_open.get() { "true" } else { "false" }
                    on:click=move |_| app.lesson_open.update(|open| *open = !*open)
                >
                    {ic("#i-book")}
                </button>
                <Show when=has>
                    <span class="pips" aria-hidden="true">
                        {move || {
                            let lesson = lesson.get().unwrap_or_default();
                            (0..lesson.steps)
                                .map(|i| {
                                    let class = if i == lesson.step && !lesson.lesson_done {
                                        "c"
                                    } else if i < lesson.step || lesson.lesson_done {
                                        "d"
                                    } else {
                                        ""
                                    };
                                    view! { <i class=class></i> }
                                })
                                .collect_view()
                        }}
                    </span>
                    <button
                        class="btn sm hint"
                        disabled=move || lesson.get().is_none_or(|l| !l.more_hints)
                        on:click=move |_| app.act(crate::session::Session::hint)
                    >
                        {word(app, |t| t.hint)}
                    </button>
                    <button
                        class="btn sm next"
                        class:pri=move || lesson.get().is_some_and(|l| l.step_done)
                        disabled=move || lesson.get().is_none_or(|l| !l.step_done || l.lesson_done)
                        on:click=move |_| app.act(crate::session::Session::next_step)
                    >
                        {word(app, |t| t.next)}
                        {ic("#i-chev")}
                    </button>
                </Show>
            </div>
        </aside>
    }
}

/// One line: the goal that is open now.
#[component]
pub fn GoalBar(app: App) -> impl IntoView {
    let lesson = Memo::new(move |_| now(app));
    let goal = move || {
        let lesson = lesson.get()?;
        lesson.goals.iter().find(|g| !g.met).or(lesson.goals.last()).cloned()
    };
    view! {
        <button class="goalbar" on:click=move |_| app.panel.set(Panel::Lesson)>
            {move || match goal() {
                Some(goal) => {
                    view! {
                        <svg class="ic g" class:met=goal.met aria-hidden="true">
                            <use href=if goal.met { "#i-done" } else { "#i-open" }></use>
                        </svg>
                        <span>
                            <b>{plain(&goal.text)}</b>
                            <small>{goal.partial}</small>
                        </span>
                    }
                        .into_any()
                }
                None => view! { {ic("#i-book")} <span><b>{app.texts().no_lesson}</b></span> }.into_any(),
            }}
            <span class="m">
                {move || lesson.get().map(|l| format!("{}/{}", (l.step + 1).min(l.steps), l.steps))}
            </span>
        </button>
    }
}

fn clicked(app: App, event: &MouseEvent) {
    let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    let holder = target.and_then(|t| t.closest("[data-run]").ok().flatten());
    if let Some(line) = holder.and_then(|h| h.get_attribute("data-run")) {
        app.panel.set(Panel::Diagram);
        app.run_all(&line);
    }
}

fn plain(spans: &[Span]) -> String {
    let text = |span: &Span| match span {
        Span::Text(t) | Span::Strong(t) | Span::Emphasis(t) | Span::Code(t) | Span::Command(t) => t.clone(),
    };
    spans.iter().map(text).collect()
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
        ("title".into(), Mark::new("h2", "title").says(texts.no_lesson)),
        ("text".into(), Mark::new("p", "").says(texts.no_lesson_text)),
        ("tries".into(), list),
    ]
}

fn command(line: &str, texts: &Texts) -> Mark {
    let mut drawing = Mark::new("svg", "ic").at("aria-hidden", "true");
    drawing.add(Mark::new("use", "").at("href", "#i-play"));
    Mark::new("button", "runs")
        .at("data-run", line)
        .at("aria-label", (texts.run)(line))
        .with(drawing)
        .with(Mark::new("code", "").at("lang", "en").says(line))
}

fn inline(mut holder: Mark, spans: &[Span], texts: &Texts) -> Mark {
    for span in spans {
        holder.add(match span {
            Span::Text(t) => Mark::new("span", "").says(t.as_str()),
            Span::Strong(t) => Mark::new("b", "").says(t.as_str()),
            Span::Emphasis(t) => Mark::new("em", "").says(t.as_str()),
            Span::Code(t) => Mark::new("code", "").says(t.as_str()),
            Span::Command(t) => command(t, texts),
        });
    }
    holder
}

fn block(block: &Block, texts: &Texts) -> Mark {
    match block {
        Block::Paragraph(spans) => inline(Mark::new("p", ""), spans, texts),
        Block::Heading(spans) => inline(Mark::new("h3", ""), spans, texts),
        Block::Code { text, runs: true } => {
            let mut all = Mark::new("div", "tries");
            for line in text.lines().filter(|l| !l.trim().is_empty()) {
                all.add(command(line, texts));
            }
            all
        }
        Block::Code { text, .. } => {
            Mark::new("pre", "").at("lang", "en").at("tabindex", "0").says(text.as_str())
        }
        Block::List(items) => {
            let mut list = Mark::new("ul", "");
            for item in items {
                list.add(inline(Mark::new("li", ""), item, texts));
            }
            list
        }
    }
}

fn goal(goal: &Goal, first_open: bool, texts: &Texts) -> Mark {
    let mut mark = Mark::new("li", if first_open { "now" } else { "" });
    let mut drawing = Mark::new("svg", if goal.met { "ic g met" } else { "ic g" });
    drawing =
        drawing.at("role", "img").at("aria-label", if goal.met { texts.goal_met } else { texts.goal_open });
    drawing.add(Mark::new("use", "").at("href", if goal.met { "#i-done" } else { "#i-open" }));
    mark.add(drawing);
    let mut words = Mark::new("div", "").with(inline(Mark::new("span", ""), &goal.text, texts));
    if !goal.met && !goal.partial.is_empty() {
        words.add(Mark::new("small", "").says(goal.partial.as_str()));
    }
    mark.add(words);
    mark
}

fn marks(lesson: &Lesson, texts: &Texts) -> Marks {
    let step = (i64::try_from(lesson.step + 1).unwrap_or(1), i64::try_from(lesson.steps).unwrap_or(1));
    let mut out: Marks = vec![
        (
            "eyebrow".into(),
            Mark::new("p", "eyebrow")
                .with(Mark::new("span", "").says(lesson.title.as_str()))
                .with(Mark::new("span", "").says((texts.step_of)(step.0.min(step.1), step.1))),
        ),
        ("title".into(), Mark::new("h2", "title").says(lesson.step_title.as_str())),
    ];
    let numbered = lesson.blocks.iter().enumerate();
    out.extend(numbered.map(|(i, b)| (format_smolstr!("s{} b{i}", lesson.step), block(b, texts))));
    if !lesson.goals.is_empty() {
        let mut list = Mark::new("ul", "goals").at("aria-label", texts.goals);
        let open = lesson.goals.iter().position(|g| !g.met);
        for (i, one) in lesson.goals.iter().enumerate() {
            list.add(goal(one, open == Some(i), texts));
        }
        out.push(("goals".into(), list));
    }
    for (i, hint) in lesson.hints.iter().enumerate() {
        let mut box_ = Mark::new("div", "hintbox").with(Mark::new("b", "").says(texts.hint));
        for one in hint {
            box_.add(block(one, texts));
        }
        out.push((format_smolstr!("s{} hint{i}", lesson.step), box_));
    }
    if lesson.lesson_done {
        out.push(("done".into(), Mark::new("p", "done").at("role", "status").says(texts.finished)));
    }
    out
}
