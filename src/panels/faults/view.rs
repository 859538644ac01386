//! The faults by hand: four choices and the button that runs the command they equal.

use leptos::prelude::*;

use super::{What, line};
use crate::app::{App, Panel, ic, word};

#[component]
pub fn Faults(app: App) -> impl IntoView {
    let what = RwSignal::new(What::Node);
    let which = RwSignal::new(String::new());
    let deed = RwSignal::new("crash");
    let amount = RwSignal::new(1_i64);
    let names = Memo::new(move |_| {
        if app.dock.get() != Panel::Traffic {
            return Vec::new();
        }
        app.stage.track();
        let what = what.get();
        app.ask(|s| what.which(s))
    });
    // What is chosen may be gone; a worker is broken rather than the control plane.
    let chosen = move || {
        let (all, wanted) = (names.get(), which.get());
        let usual = all.iter().find(|n| !n.contains("control-plane")).or(all.first());
        all.iter().find(|n| **n == wanted).or(usual).cloned().unwrap_or_default()
    };
    let choose_deed = move |to: &'static str| {
        deed.set(to);
        if let Some((.., usual)) = what.get_untracked().amount(to) {
            amount.set(usual);
        }
    };
    // Where there is nothing to break, the command shows its gap.
    let command = move || {
        let which = Some(chosen()).filter(|name| !name.is_empty()).unwrap_or("…".into());
        line(what.get(), &which, deed.get(), amount.get())
    };
    view! {
        <div class="loads faultpick" role="group" aria-label=word(app, |t| t.faults().by_hand)>
            <select aria-label=word(app, |t| t.faults().what) on:change=move |e| {
                let word = event_target_value(&e);
                if let Some(found) = What::ALL.into_iter().find(|w| w.word() == word) {
                    what.set(found);
                    choose_deed(found.deeds()[0]);
                }
            }>
                {move || What::ALL.map(|w| view! { <option value=w.word()>{w.name(app.texts())}</option> }).collect_view()}
            </select>
            <select aria-label=word(app, |t| t.faults().which) on:change=move |e| which.set(event_target_value(&e))>
                {move || {
                    let on = chosen();
                    names.get().into_iter().map(|n| view! { <option value=n.to_string() selected=n == on>{n.to_string()}</option> }).collect_view()
                }}
            </select>
            <select aria-label=word(app, |t| t.faults().how) on:change=move |e| {
                let word = event_target_value(&e);
                if let Some(found) = what.get_untracked().deeds().into_iter().find(|d| *d == word) {
                    choose_deed(found);
                }
            }>
                {move || what.get().deeds().into_iter().map(|d| view! { <option value=d selected=d == deed.get_untracked()>{what.get().deed_name(d, app.texts())}</option> }).collect_view()}
            </select>
            {move || what.get().amount(deed.get()).map(|(least, most, _)| view! {
                <label>
                    <span>{word(app, |t| t.faults().amount)}</span>
                    <input type="range" min=least.to_string() max=most.to_string() prop:value=move || amount.get().to_string()
                        on:input=move |e| amount.set(event_target_value(&e).parse().unwrap_or(least)) />
                    <b class="m">{move || amount.get()}</b>
                </label>
            })}
            <button class="runs" disabled=move || chosen().is_empty() on:click=move |_| app.run(&command())>
                {ic("#i-bolt")}
                <code lang="en">{move || command().to_string()}</code>
            </button>
        </div>
    }
}
