//! The bar of the past on the page.

use leptos::prelude::*;

use crate::app::{App, ic, word};
use crate::session::Session;

#[component]
pub fn Past(app: App) -> impl IntoView {
    let distance = Memo::new(move |_| {
        app.time.track();
        app.past.track();
        let (back, revision) = app.ask(|s| (s.latest() - s.now(), s.revision()));
        (app.texts().time().ago)(back / 100, revision as i64).to_string()
    });
    view! {
        <Show when=move || app.past.get()>
            <div class="pastbar" role="group" aria-label=word(app, |t| t.time().past)>
                {ic("#i-past")}
                <b>{word(app, |t| t.time().past)}</b>
                <span class="far m">{move || distance.get()}</span>
                <button class="btn sm fork" on:click=move |_| app.fork()>
                    {ic("#i-fork")}
                    {word(app, |t| t.time().from_here)}
                </button>
                <button class="btn sm plain" on:click=move |_| app.act(Session::to_present)>
                    {word(app, |t| t.time().to_now)}
                    <kbd>"End"</kbd>
                </button>
            </div>
        </Show>
    }
}
