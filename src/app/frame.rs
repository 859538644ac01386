//! The frame of panels: which there are, and in which order the keyboard meets them.

use leptos::prelude::*;

use super::beat::tell;
use super::keys::keys;
use super::{App, word};
use crate::i18n::Lang;
use crate::panels::{
    context, course as whole, dock, inspector, lab, lesson, message, palette, timeline, top_bar, tour,
};
use crate::{courses, stage, storage};

#[component]
pub(super) fn Page(app: App) -> impl IntoView {
    Effect::new(move |_| {
        let lang = app.lang.get();
        storage::write("lang", lang.tag());
        courses::translate(app, lang);
        app.act(|s| s.speak_korean(lang == Lang::Ko));
        document().set_title(lang.texts().page().brand);
        root_attribute("lang", lang.tag());
    });
    Effect::new(move |first: Option<()>| {
        let dark = app.dark.get();
        root_attribute("data-theme", if dark { "dark" } else { "light" });
        if first.is_some() {
            storage::write("theme", if dark { "dark" } else { "light" });
        }
    });
    Effect::new(move |_| {
        storage::write("watch", if app.in_place.get() { "table" } else { "text" });
    });
    window_event_listener(leptos::ev::keydown, move |event| keys(app, &event));
    context::view::watch(app);
    let news = tell(app);
    view! {
        <div
            class="desk"
            data-tab=move || app.panel.get().name()
            data-dock=move || app.dock.get().name()
            data-lesson=move || if app.lesson_open.get() { "open" } else { "folded" }
            data-view=move || (app.tab.get() == inspector::Tab::Why).then_some("why")
            data-past=move || app.past.get().then_some("")
            data-insp=move || if app.picked.get().is_some() { "open" } else { "empty" }
        >
            <top_bar::view::TopBar app />
            <lesson::view::GoalBar app />
            <lesson::view::LessonPane app />
            <main class="mid" id="main">
                <section class="stage" aria-label=word(app, |t| t.stage().stage)>
                    <message::view::Message app />
                    <lab::view::LabScreen app />
                    <stage::tools::Tools app />
                    <div class="sides">
                        <stage::view::Stage app other=false />
                        <Show when=move || app.beside.get().is_some()>
                            <stage::view::Stage app other=true />
                        </Show>
                    </div>
                </section>
                <timeline::view::Timeline app />
                <dock::view::Dock app />
            </main>
            <inspector::view::Inspector app />
            <top_bar::view::TabBar app />
            <palette::view::Palette app />
            <context::view::Menu app />
            <tour::view::Tour app />
            <whole::view::Course app />
            <p class="said" aria-live="polite">{move || app.said.get()}</p>
            <p class="news" aria-live="polite">{move || news.get()}</p>
        </div>
    }
}

fn root_attribute(name: &str, value: &str) {
    if let Some(root) = document().document_element() {
        // A page whose root can't be marked is still a page.
        drop(root.set_attribute(name, value));
    }
}
