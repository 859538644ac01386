//! The message bar.

use leptos::prelude::*;

use crate::app::{App, ic, word};

#[component]
pub fn Message(app: App) -> impl IntoView {
    view! {
        <Show when=move || app.note.get().is_some()>
            <div class="note" role="status">
                {ic("#i-note")} <p>{move || app.note.get()}</p>
                <button class="ibtn" aria-label=word(app, |t| t.page().close) on:click=move |_| app.note.set(None)>
                    {ic("#i-x")}
                </button>
            </div>
        </Show>
    }
}
