//! The frame of the dock: its tabs and panes.

use leptos::prelude::*;

use crate::app::{App, Panel, focus, ic, word};
use crate::panels::divider::{Divider, Edge};
use crate::panels::{control, editor, events, objects, terminal, traffic};

#[component]
pub fn Dock(app: App) -> impl IntoView {
    let count = Memo::new(move |_| {
        app.events.track();
        app.ask(crate::session::Session::event_count)
    });
    let tab = move |panel: Panel, goal: &'static str| {
        move |_| {
            app.dock.set(panel);
            focus(goal);
        }
    };
    let pressed = move |panel: Panel| move || if app.dock.get() == panel { "true" } else { "false" };
    view! {
        <section class="dock" aria-label=word(app, |t| t.terminal)>
            <Divider app edge=Edge::Dock />
            <div class="tabs" role="group" aria-label=word(app, |t| t.panels)>
                <button
                    class="tab-terminal"
                    class:on=move || app.dock.get() == Panel::Terminal
                    aria-pressed=pressed(Panel::Terminal)
                    on:click=tab(Panel::Terminal, "#prompt")
                >
                    {ic("#i-term")}
                    {word(app, |t| t.terminal)}
                </button>
                <button
                    class="tab-editor"
                    class:on=move || app.dock.get() == Panel::Editor
                    aria-pressed=pressed(Panel::Editor)
                    on:click=tab(Panel::Editor, "#manifest")
                >
                    {ic("#i-edit")}
                    {move || app.file.get()}
                </button>
                <button
                    class="tab-events"
                    class:on=move || app.dock.get() == Panel::Events
                    aria-pressed=pressed(Panel::Events)
                    on:click=tab(Panel::Events, ".events")
                >
                    {ic("#i-list")}
                    {word(app, |t| t.events)}
                    <span class="m">{move || count.get()}</span>
                </button>
                <button
                    class="tab-objects"
                    class:on=move || app.dock.get() == Panel::Objects
                    aria-pressed=pressed(Panel::Objects)
                    on:click=tab(Panel::Objects, ".objects select")
                >
                    {ic("#i-table")}
                    {word(app, |t| t.objects)}
                </button>
                <button
                    class="tab-control"
                    class:on=move || app.dock.get() == Panel::Control
                    aria-pressed=pressed(Panel::Control)
                    on:click=tab(Panel::Control, ".control")
                >
                    {ic("#i-gear")}
                    {word(app, |t| t.controllers)}
                </button>
                <button
                    class="tab-traffic"
                    class:on=move || app.dock.get() == Panel::Traffic
                    aria-pressed=pressed(Panel::Traffic)
                    on:click=tab(Panel::Traffic, ".deeds button")
                >
                    {ic("#i-bolt")}
                    {word(app, |t| t.traffic)}
                </button>
                <button
                    class="restart"
                    on:click=move |_| {
                        let sure = window().confirm_with_message(app.texts_now().restart_sure);
                        if sure.unwrap_or(false) {
                            app.restart();
                        }
                    }
                >
                    {ic("#i-again")}
                    <span>{word(app, |t| t.restart)}</span>
                </button>
            </div>
            <div class="panes">
                <terminal::view::Console app />
                <events::view::Events app />
                <objects::view::Objects app />
                <control::view::Control app />
                <traffic::view::Traffic app />
                <editor::view::Editor app />
            </div>
        </section>
    }
}
