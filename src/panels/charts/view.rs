//! The pane of charts, and the load that moves them.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::html::Div;
use leptos::prelude::*;
use smol_str::SmolStr;

use super::{NODES, charts, command, draw, remark, subjects};
use crate::app::{App, Panel, ic, word};
use crate::mark::Mark;
use crate::paint::Painter;
use crate::session::{Session, place};

/// What the slider sends at most, in requests per second.
const MOST_RATE: &str = "500";

#[component]
pub fn Charts(app: App) -> impl IntoView {
    let body = NodeRef::<Div>::new();
    let subject = RwSignal::new(SmolStr::from(NODES));
    let painter: Rc<RefCell<Option<Painter>>> = Rc::default();
    let shown = move || app.dock.get() == Panel::Charts;
    let second = Memo::new(move |_| {
        app.time.track();
        app.past.track();
        if shown() { app.ask(|s| (s.now() / 500, s.latest() / 500)) } else { (0, 0) }
    });
    let choices = Memo::new(move |_| {
        second.get();
        if shown() { app.ask(|s| subjects(s.readings())) } else { Vec::new() }
    });
    // What is picked on the stage is what one wants to see.
    Effect::new(move |_| {
        let Some(id) = app.picked.get() else { return };
        let all = choices.get_untracked();
        let above = app.ask(|s| s.stage().owners.get(&id).map(|o| o.owner.clone()).unwrap_or_default());
        if let Some(found) = all.iter().find(|c| **c == id || **c == above) {
            subject.set(found.clone());
        }
    });
    Effect::new(move |_| {
        let Some(root) = body.get() else { return };
        second.get();
        if !shown() {
            return;
        }
        let (texts, subject) = (app.texts(), subject.get());
        let marks = app.ask(|s| {
            let all = charts(s.readings(), &subject, texts);
            let (now, zero) = (s.now(), s.now() - s.elapsed());
            let from = s.readings().samples().next().map_or(zero, |first| first.at);
            let axis = (from, s.latest().max(from + 60_000));
            let mut out: Vec<(SmolStr, Rc<Mark>)> = Vec::new();
            if let Some(says) = remark(s.readings(), texts) {
                out.push(("remark".into(), Rc::new(Mark::new("p", "remark").says(says))));
            }
            for chart in &all {
                let mut figure = Mark::new("figure", "chart");
                figure.add(Mark::new("figcaption", "").says(chart.title));
                figure.add(draw::picture(chart, texts, zero, axis, now));
                figure.add(draw::legend(chart, now));
                out.push((chart.title.into(), Rc::new(figure)));
            }
            let mut figures = Mark::new("details", "asfigures");
            figures.add(Mark::new("summary", "").says(texts.charts().as_table));
            figures.add(draw::table(&all, texts, now));
            out.push(("table".into(), Rc::new(figures)));
            out
        });
        let mut painter = painter.borrow_mut();
        if painter.is_none() {
            *painter = Painter::new(root.into());
        }
        if let Some(painter) = painter.as_mut() {
            painter.paint(marks);
        }
    });
    let empty = Memo::new(move |_| {
        second.get();
        app.ask(|s| s.readings().last().is_none())
    });
    view! {
        <div class="charts" role="region" aria-label=word(app, |t| t.charts().charts)>
            <div class="files">
                <select aria-label=word(app, |t| t.charts().subject) on:change=move |e| subject.set(event_target_value(&e).into())>
                    {move || choices.get().into_iter().map(|id| {
                        let (selected, says) = (subject.get() == id, says(app, &id));
                        view! { <option value=id.to_string() selected=selected>{says}</option> }
                    }).collect_view()}
                </select>
                <button class="runs" on:click=move |_| app.run(&command(&subject.get_untracked()))>
                    {ic("#i-play")}
                    <code lang="en">{move || command(&subject.get()).to_string()}</code>
                </button>
            </div>
            <div class="plots" tabindex="0" role="group" aria-label=word(app, |t| t.charts().charts)>
                <LoadSlider app />
                <Show when=move || empty.get()>
                    <p class="empty">{word(app, |t| t.charts().no_charts)}</p>
                </Show>
                <div class="grid" node_ref=body></div>
            </div>
        </div>
    }
}

/// What a subject is called.
fn says(app: App, id: &str) -> String {
    if id == NODES {
        return app.texts().charts().all_nodes.to_owned();
    }
    let (resource, namespace, name) = crate::stage::facts::split_id(id);
    let kind = resource.split('.').next().unwrap_or_default().trim_end_matches('s');
    let at = place(namespace);
    format!("{kind}/{name}{}", at.strip_prefix(" -n").map(|n| format!(" ·{n}")).unwrap_or_default())
}

/// Load by hand: a Service, a slider, and the command that they equal.
#[component]
fn LoadSlider(app: App) -> impl IntoView {
    let rate = RwSignal::new(20_i64);
    let chosen = RwSignal::new(String::new());
    let services = Memo::new(move |_| {
        app.stage.track();
        app.ask(|s| {
            let all = s.stage().services.values().filter(|s| s.has_selector && s.namespace != "kube-system");
            all.map(|s| (s.name.to_string(), s.namespace.to_string())).collect::<Vec<_>>()
        })
    });
    let loads = Memo::new(move |_| {
        app.time.track();
        app.ask(|s: &Session| {
            s.cluster().load().running().map(|r| r.profile.name.to_string()).collect::<Vec<_>>()
        })
    });
    let target = move || {
        let all = services.get();
        let wanted = chosen.get();
        all.iter().find(|(n, ns)| format!("{ns}/{n}") == wanted).or(all.first()).cloned()
    };
    let line = move || {
        let (name, namespace) = target()?;
        Some(format!("load start svc/{name} --rps={}{}", rate.get(), place(&namespace)))
    };
    // A load that runs follows the slider: the old one ends, the new one begins.
    let start = move || {
        let (Some(line), Some((name, _))) = (line(), target()) else { return };
        let runs = loads.get_untracked().contains(&name);
        app.run(&if runs { format!("load stop {name} && {line}") } else { line });
    };
    view! {
        <Show when=move || services.get().is_empty()>
            <p class="remark">{word(app, |t| t.traffic().no_service_to_load)} " " <code lang="en">"kubectl expose deployment web --port=80"</code></p>
        </Show>
        <Show when=move || !services.get().is_empty()>
            <div class="loads" role="group" aria-label=word(app, |t| t.traffic().load)>
                <select aria-label=word(app, |t| t.traffic().load_target) on:change=move |e| chosen.set(event_target_value(&e))>
                    {move || services.get().into_iter().map(|(name, namespace)| {
                        view! { <option value=format!("{namespace}/{name}")>{format!("svc/{name}")}</option> }
                    }).collect_view()}
                </select>
                <label>
                    <span>{word(app, |t| t.charts().request_rate)}</span>
                    <input type="range" min="1" max=MOST_RATE step="1" prop:value=move || rate.get().to_string()
                        aria-valuetext=move || format!("{}/s", rate.get())
                        on:input=move |e| rate.set(event_target_value(&e).parse().unwrap_or(20))
                        on:change=move |_| if !loads.get_untracked().is_empty() { start() } />
                    <b class="m">{move || format!("{}/s", rate.get())}</b>
                </label>
                <button class="runs" on:click=move |_| start()>
                    {ic("#i-play")}
                    <code lang="en">{line}</code>
                </button>
                <Show when=move || !loads.get().is_empty()>
                    <button class="runs" on:click=move |_| app.run("load stop --all")>
                        {ic("#i-x")}
                        <code lang="en">"load stop --all"</code>
                    </button>
                </Show>
            </div>
        </Show>
    }
}
