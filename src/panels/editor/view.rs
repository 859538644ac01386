//! The editor on the page.

use leptos::html::{Pre, Textarea};
use leptos::prelude::*;

use super::{fresh_name, numbers};
use crate::app::{App, focus, ic, word};

#[component]
pub fn Editor(app: App) -> impl IntoView {
    let (area, gutter) = (NodeRef::<Textarea>::new(), NodeRef::<Pre>::new());
    let lines = RwSignal::new(String::new());
    // The file may change under the editor: the terminal writes files too.
    Effect::new(move |_| {
        app.files.track();
        let name = app.file.get();
        let Some(area) = area.get() else { return };
        let text = app.ask(|s| s.file(&name)).unwrap_or_default();
        if area.value() != text {
            area.set_value(&text);
        }
        lines.set(numbers(&text));
    });
    let names = Memo::new(move |_| {
        app.files.track();
        app.ask(|s| s.files().into_iter().map(|(name, _)| name).collect::<Vec<_>>())
    });
    let save = move || {
        if let Some(area) = area.get() {
            let (name, text) = (app.file.get_untracked(), area.value());
            app.act(|s| s.write_file(&name, &text));
        }
    };
    let apply = move || {
        save();
        app.run(&command(&app.file.get_untracked()));
    };
    let keys = move |event: web_sys::KeyboardEvent| {
        if event.is_composing() || event.key_code() == 229 {
            return;
        }
        match event.key().as_str() {
            "Enter" if event.ctrl_key() || event.meta_key() => apply(),
            // Escape, then Tab leaves; Tab alone indents, as in every editor.
            "Tab" if !event.shift_key() && !event.ctrl_key() => {
                if let Some(area) = area.get() {
                    let at = area.selection_start().ok().flatten().unwrap_or(0);
                    let end = area.selection_end().ok().flatten().unwrap_or(at);
                    drop(area.set_range_text_with_start_and_end("  ", at, end));
                    drop(area.set_selection_range(at + 2, at + 2));
                    save();
                }
            }
            "Escape" => focus(".apply"),
            _ => return,
        }
        event.prevent_default();
    };
    let new_file = move |_| {
        let name = fresh_name(&names.get_untracked());
        app.act(|s| s.write_file(&name, ""));
        app.file.set(name);
        focus("#manifest");
    };
    view! {
        <section class="ed" aria-label=word(app, |t| t.editor)>
            <div class="files">
                <select
                    aria-label=word(app, |t| t.file)
                    on:change=move |event| app.file.set(event_target_value(&event))
                >
                    <For each=move || names.get() key=Clone::clone let:name>
                        <option
                            value=name.clone()
                            selected={
                                let name = name.clone();
                                move || app.file.get() == name
                            }
                        >
                            {name.clone()}
                        </option>
                    </For>
                </select>
                <button class="ibtn" aria-label=word(app, |t| t.new_file) title=word(app, |t| t.new_file) on:click=new_file>
                    {ic("#i-plus")}
                </button>
                <code class="stands">{move || command(&app.file.get())}</code>
                <button
                    class="btn sm apply"
                    title=move || (app.texts().applies)(&app.file.get()).to_string()
                    aria-label=move || format!("{}: {}", app.texts().apply, (app.texts().applies)(&app.file.get()))
                    on:click=move |_| apply()
                >
                    {word(app, |t| t.apply)}
                </button>
            </div>
            <div class="sheet">
                <pre class="gutter" aria-hidden="true" node_ref=gutter>{move || lines.get()}</pre>
                <textarea
                    id="manifest"
                    node_ref=area
                    spellcheck="false"
                    autocapitalize="off"
                    autocomplete="off"
                    wrap="off"
                    aria-label=move || format!("{} {}", app.texts().manifest, app.file.get())
                    on:input=move |_| save()
                    on:keydown=keys
                    on:scroll=move |_| {
                        if let (Some(area), Some(gutter)) = (area.get(), gutter.get()) {
                            gutter.set_scroll_top(area.scroll_top());
                        }
                    }
                ></textarea>
            </div>
        </section>
    }
}

/// What the button stands for.
fn command(file: &str) -> String {
    let quote = if file.contains(' ') { "'" } else { "" };
    format!("kubectl apply -f {quote}{file}{quote}")
}
