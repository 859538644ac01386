//! The frame of the dock: its tabs and panes.

use leptos::prelude::*;

use crate::app::{App, Panel, focus, ic, word};
use crate::panels::divider::{Divider, Edge};
use crate::panels::{charts, control, editor, events, objects, terminal, traffic};

#[component]
pub fn Dock(app: App) -> impl IntoView {
    let count = Memo::new(move |_| {
        app.events.track();
        app.ask(crate::session::Session::event_count)
    });
    let tab = move |panel: Panel,
                    class: &'static str,
                    goal: &'static str,
                    icon: &'static str,
                    name: fn(App) -> String| {
        view! {
            <button
                class=class
                class:on=move || app.dock.get() == panel
                aria-pressed=move || if app.dock.get() == panel { "true" } else { "false" }
                title=move || (panel == Panel::Editor).then(|| name(app))
                on:click=move |_| {
                    app.dock.set(panel);
                    focus(goal);
                }
            >
                {ic(icon)}
                <span class="name">{move || name(app)}</span>
                {(panel == Panel::Events).then(|| view! { <span class="m">{move || count.get()}</span> })}
            </button>
        }
    };
    view! {
        <section class="dock" aria-label=word(app, |t| t.terminal().terminal)>
            <Divider app edge=Edge::Dock />
            <div class="tabs" role="group" aria-label=word(app, |t| t.page().panels)>
                {tab(Panel::Terminal, "tab-terminal", "#prompt", "#i-term", |a| a.texts().terminal().terminal.into())}
                {tab(Panel::Editor, "tab-editor", "#manifest", "#i-edit", |a| a.file.get())}
                {tab(Panel::Events, "tab-events", ".events", "#i-list", |a| a.texts().objects().events.into())}
                {tab(Panel::Objects, "tab-objects", ".objects select", "#i-table", |a| a.texts().objects().objects.into())}
                {tab(Panel::Charts, "tab-charts", ".charts select", "#i-chart", |a| a.texts().charts().charts.into())}
                {tab(Panel::Control, "tab-control", ".control", "#i-gear", |a| a.texts().objects().controllers.into())}
                {tab(Panel::Traffic, "tab-traffic", ".deeds button", "#i-bolt", |a| a.texts().traffic().traffic.into())}
                <button class="tab-find" on:click=move |_| app.palette.set(true)>
                    {ic("#i-search")}
                    {word(app, |t| t.guide().find)}
                </button>
                <button
                    class="restart"
                    title=word(app, |t| t.page().restart)
                    on:click=move |_| {
                        let sure = window().confirm_with_message(app.texts_now().page().restart_sure);
                        if sure.unwrap_or(false) {
                            app.restart();
                        }
                    }
                >
                    {ic("#i-again")}
                    <span>{word(app, |t| t.page().restart)}</span>
                </button>
            </div>
            <div class="panes">
                <terminal::view::Console app />
                <events::view::Events app />
                <objects::view::Objects app />
                <control::view::Control app />
                <traffic::view::Traffic app />
                <charts::view::Charts app />
                <editor::view::Editor app />
            </div>
        </section>
    }
}
