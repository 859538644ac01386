//! The pane of controllers.

use leptos::prelude::*;

use super::rows;
use crate::app::{App, Panel, ic, seldom, word};

#[component]
pub fn Control(app: App) -> impl IntoView {
    let all = RwSignal::new(true);
    // Keys come into queues and leave them without a write.
    let (moved, ticked) = (seldom(app.objects), seldom(app.time));
    let list = Memo::new(move |_| {
        if app.dock.get() != Panel::Control {
            return Vec::new();
        }
        moved.track();
        ticked.track();
        app.past.track();
        app.ask(|s| rows(s, all.get()))
    });
    view! {
        <div class="events control" tabindex="0" role="region" aria-label=word(app, |t| t.objects().controllers)>
            <p class="remark">{word(app, |t| t.objects().controllers_help)}</p>
            <label class="tick">
                <input type="checkbox" prop:checked=move || !all.get() on:change=move |_| all.update(|a| *a = !*a) />
                {word(app, |t| t.objects().busy_only)}
            </label>
            <ul>
                {move || list.get().into_iter().map(|row| {
                    let (name, held) = (row.name, row.held);
                    let keys = row.ready.join(", ");
                    let more = row.waiting.saturating_sub(row.ready.len());
                    view! {
                        <li class:held=held>
                            <div class="ctl">
                                <b class="m" lang="en">{name}</b>
                                <span class="m">{row.waiting}</span>
                                <button
                                    class="btn sm plain"
                                    aria-pressed=if held { "true" } else { "false" }
                                    on:click=move |_| app.act(|s| s.hold(name, !held))
                                >
                                    {ic(if held { "#i-play" } else { "#i-pause" })}
                                    {if held { app.texts().objects().let_go } else { app.texts().objects().hold }}
                                </button>
                                <button
                                    class="btn sm plain"
                                    disabled=!held || row.waiting == 0
                                    on:click=move |_| app.act(|s| s.nudge(name))
                                >
                                    {ic("#i-step")}
                                    {app.texts().objects().one_step}
                                </button>
                            </div>
                            <p class="m keysof" lang="en">
                                {keys} {(more > 0).then(|| format!(" +{more}"))}
                            </p>
                            {row.next.into_iter().map(|says| view! {
                                <p class="m nextwrite" lang="en">"→ " {says.to_string()}</p>
                            }).collect_view()}
                        </li>
                    }
                }).collect_view()}
            </ul>
        </div>
    }
}
