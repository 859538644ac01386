//! The top bar and, on a phone, the bar of tabs.

use leptos::prelude::*;

use crate::app::{App, Panel, focus, ic, word};
use crate::courses::{self, FREE};
use crate::format::reading;
use crate::i18n::Lang;
use crate::session::{SPEEDS, Session};

#[component]
pub fn TopBar(app: App) -> impl IntoView {
    let clock = Memo::new(move |_| {
        app.time.track();
        app.past.track();
        reading(app.ask(Session::elapsed)).to_string()
    });
    view! {
        <header class="top">
            <h1 class="brand">
                <svg class="wheel" aria-hidden="true"><use href="#i-wheel"></use></svg>
                <span>{word(app, |t| t.page().brand)}</span>
            </h1>
            <nav class="crumb" aria-label=word(app, |t| t.lesson().lessons)>
                <LessonChoice app />
            </nav>
            <div class="helm" role="group" aria-label=word(app, |t| t.time().time_controls)>
                <p class="clock">
                    {ic("#i-clock")} <span class="m">{move || clock.get()}</span>
                    <small>{move || if app.past.get() { app.texts().time().past_short } else { app.texts().time().virtual_time }}</small>
                </p>
                <div class="seg">
                    <button
                        class="stepback"
                        aria-label=word(app, |t| t.time().step_back)
                        title=word(app, |t| t.time().step_back)
                        on:click=move |_| app.step_to(false, false)
                    >
                        {ic("#i-back")}
                    </button>
                    <button
                        class="playpause"
                        aria-label=move || if app.paused.get() { app.texts().time().play } else { app.texts().time().pause }
                        title=move || if app.paused.get() { app.texts().time().play } else { app.texts().time().pause }
                        on:click=move |_| app.set_paused(!app.paused.get_untracked())
                    >
                        <svg class="ic" aria-hidden="true">
                            <use href=move || if app.paused.get() { "#i-play" } else { "#i-pause" }></use>
                        </svg>
                    </button>
                    <button
                        class="stepper"
                        aria-label=word(app, |t| t.time().step)
                        title=word(app, |t| t.time().step)
                        on:click=move |_| app.step_to(true, false)
                    >
                        {ic("#i-step")}
                    </button>
                </div>
                <div class="seg speeds" role="group" aria-label=word(app, |t| t.time().speed)>
                    {SPEEDS.map(|speed| speed_button(app, speed)).collect_view()}
                </div>
            </div>
            <div class="right">
                <button
                    class="finder"
                    aria-keyshortcuts="Control+K"
                    title=word(app, |t| t.guide().find)
                    on:click=move |_| app.palette.set(true)>
                    {ic("#i-search")}
                    <span>{word(app, |t| t.guide().find)}</span>
                    <kbd>"Ctrl K"</kbd>
                </button>
                <button
                    class="ibtn undo"
                    aria-label=word(app, |t| t.time().undo)
                    title=word(app, |t| t.time().undo)
                    on:click=move |_| app.undo()
                >
                    {ic("#i-undo")}
                </button>
                <div class="seg" role="group" aria-label=word(app, |t| t.page().language)>
                    {language_button(app, Lang::Ko, "한국어")} {language_button(app, Lang::En, "EN")}
                </div>
                <button
                    class="ibtn"
                    aria-label=move || theme_label(app)
                    title=move || theme_label(app)
                    on:click=move |_| app.dark.update(|dark| *dark = !*dark)
                >
                    <svg class="ic" aria-hidden="true">
                        <use href=move || if app.dark.get() { "#i-sun" } else { "#i-moon" }></use>
                    </svg>
                </button>
            </div>
        </header>
    }
}

/// Where one is, and the way to elsewhere.
#[component]
pub fn LessonChoice(app: App) -> impl IntoView {
    let open = Memo::new(move |_| {
        app.lesson.track();
        app.ask(Session::progress).map_or_else(|| FREE.to_owned(), |(slug, _)| slug.to_string())
    });
    let entries = app.entries.get_value();
    let choices = move || {
        let lang = match app.lang.get() {
            Lang::En => course::Lang::En,
            Lang::Ko => course::Lang::Ko,
        };
        let lesson = |e: &course::Entry| (e.slug.to_string(), e.title(lang).to_string());
        let free = (FREE.to_owned(), app.texts().page().playground.to_owned());
        let option = |(slug, title): (String, String)| {
            let selected = open.get() == slug;
            view! { <option value=slug prop:selected=selected>{title}</option> }
        };
        entries.iter().map(lesson).chain([free]).map(option).collect_view()
    };
    view! {
        <select
            aria-label=word(app, |t| t.lesson().lessons)
            on:change=move |event| {
                let slug = event_target_value(&event);
                // It shows what is open; what was chosen is so only once its file is here and whole.
                event_target::<web_sys::HtmlSelectElement>(&event).set_value(&open.get_untracked());
                courses::open(app, slug);
            }
        >
            {choices}
        </select>
    }
}

fn theme_label(app: App) -> &'static str {
    if app.dark.get() { app.texts().page().theme_to_light } else { app.texts().page().theme_to_dark }
}

fn speed_button(app: App, speed: i64) -> impl IntoView {
    let words = if speed < 1000 { "0.1".to_owned() } else { (speed / 1000).to_string() };
    let shown = format!("{words}×");
    view! {
        <button
            class:on=move || app.speed.get() == speed
            aria-pressed=move || if app.speed.get() == speed { "true" } else { "false" }
            aria-label=move || (app.texts().time().speed_of)(&words).to_string()
            on:click=move |_| app.set_speed(speed)
        >
            {shown}
        </button>
    }
}

fn language_button(app: App, lang: Lang, name: &'static str) -> impl IntoView {
    view! {
        <button
            lang=lang.tag()
            class:on=move || app.lang.get() == lang
            aria-pressed=move || if app.lang.get() == lang { "true" } else { "false" }
            on:click=move |_| app.lang.set(lang)
        >
            {name}
        </button>
    }
}

/// The tabs of a phone.
#[component]
pub fn TabBar(app: App) -> impl IntoView {
    let tab = move |panel: Panel, icon: &'static str, name: fn(App) -> &'static str| {
        view! {
            <button
                class:on=move || app.panel.get() == panel
                aria-pressed=move || if app.panel.get() == panel { "true" } else { "false" }
                on:click=move |_| {
                    app.panel.set(panel);
                    match panel {
                        Panel::Terminal | Panel::Diagram => app.dock.set(Panel::Terminal),
                        Panel::Editor => app.dock.set(Panel::Editor),
                        _ => {}
                    }
                    if panel == Panel::Terminal {
                        focus("#prompt");
                    }
                }
            >
                {ic(icon)}
                <span>{move || name(app)}</span>
            </button>
        }
    };
    view! {
        <nav class="tabbar" aria-label=word(app, |t| t.page().panels)>
            {tab(Panel::Lesson, "#i-book", |a| a.texts().lesson().lesson)}
            {tab(Panel::Diagram, "#i-map", |a| a.texts().page().tab_diagram)}
            {tab(Panel::Terminal, "#i-term", |a| a.texts().terminal().terminal)}
            {tab(Panel::Editor, "#i-edit", |_| "YAML")}
            {tab(Panel::Inspector, "#i-look", |a| a.texts().page().tab_inspect)}
        </nav>
    }
}
