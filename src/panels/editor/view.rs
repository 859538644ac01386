//! The editor on the page: a text area from the start, in whose place CodeMirror comes once it has been fetched.

use std::cell::RefCell;

use js_sys::{Array, Function, Object, Reflect};
use leptos::html::{Div, Pre, Textarea};
use leptos::prelude::*;
use objects::schema::Descriptions;
use wasm_bindgen::prelude::{Closure, JsValue};
use wasm_bindgen::{JsCast, intern};

use super::{assist, fresh_name, numbers};
use crate::app::{App, Panel, drawn, focus, ic, word};
use crate::later;

thread_local! {
    /// What the fields mean, once it is here.
    static TEXTS: RefCell<Descriptions> = RefCell::default();
}

fn field(target: &JsValue, name: &str, value: &JsValue) {
    drop(Reflect::set(target, &JsValue::from_str(intern(name)), value));
}

/// A function that the editor calls; it lives as long as the page, as the editor does.
fn give(target: &JsValue, name: &str, f: impl FnMut(JsValue, JsValue) -> JsValue + 'static) {
    let closure = Closure::<dyn FnMut(JsValue, JsValue) -> JsValue>::new(f);
    field(target, name, closure.as_ref());
    closure.forget();
}

fn text_of(value: &JsValue) -> String {
    value.as_string().unwrap_or_default()
}

fn number(n: usize) -> JsValue {
    JsValue::from_f64(n as f64)
}

fn completions(text: &str, at: usize) -> JsValue {
    let Some(found) = assist::complete(text, assist::bytes(text, at)) else { return JsValue::NULL };
    let options: Array = found
        .options
        .iter()
        .map(|one| {
            let option: JsValue = Object::new().into();
            field(&option, "label", &one.label.as_str().into());
            let detail = if one.required { format!("{} *", one.detail) } else { one.detail.clone() };
            field(&option, "detail", &detail.into());
            field(&option, "apply", &one.insert.as_str().into());
            option
        })
        .collect();
    let out: JsValue = Object::new().into();
    field(&out, "from", &number(assist::units(text, found.from)));
    field(&out, "options", &options);
    out
}

fn faults(app: App, text: &str) -> JsValue {
    let texts = app.texts_now();
    let one = |fault: assist::Fault| {
        let out: JsValue = Object::new().into();
        field(&out, "line", &number(fault.line));
        field(&out, "column", &number(fault.column));
        field(&out, "message", &fault.message.into());
        field(&out, "severity", &if fault.error { "error" } else { "warning" }.into());
        if !fault.want.is_empty() {
            field(&out, "fix", &(texts.editor().replace_with)(&fault.want).as_str().into());
            field(&out, "want", &fault.want.into());
        }
        out
    };
    assist::lint(text, texts).into_iter().map(one).collect::<Array>().into()
}

fn meaning(text: &str, at: usize) -> JsValue {
    let found = TEXTS.with_borrow(|texts| assist::hover(text, assist::bytes(text, at), texts));
    let Some((from, to, says)) = found else { return JsValue::NULL };
    let out: JsValue = Object::new().into();
    field(&out, "from", &number(assist::units(text, from)));
    field(&out, "to", &number(assist::units(text, to)));
    field(&out, "text", &says.into());
    out
}

/// CodeMirror in its place.
#[derive(Clone)]
struct Mirror(JsValue);

impl Mirror {
    fn call(&self, name: &str, argument: &JsValue) {
        if let Ok(f) = Reflect::get(&self.0, &JsValue::from_str(name)).and_then(JsCast::dyn_into::<Function>)
        {
            drop(f.call1(&self.0, argument));
        }
    }

    /// Fetches it and puts it into `parent`.
    async fn load(app: App, parent: web_sys::Element, apply: impl Fn() + 'static) -> Option<Self> {
        let module = later::fetch("editor.js").await?;
        let mount = Reflect::get(&module, &JsValue::from_str("mount")).ok()?.dyn_into::<Function>().ok()?;
        let told: JsValue = Object::new().into();
        let name = app.file.get_untracked();
        field(&told, "doc", &app.ask(|s| s.file(&name)).unwrap_or_default().into());
        field(&told, "label", &format!("{} {name}", app.texts_now().editor().manifest).into());
        give(&told, "change", move |text, _| {
            let name = app.file.get_untracked();
            app.act(|s| s.write_file(&name, &text_of(&text)));
            JsValue::UNDEFINED
        });
        let at = |value: &JsValue| value.as_f64().unwrap_or(0.0) as usize;
        give(&told, "complete", move |text, place| completions(&text_of(&text), at(&place)));
        give(&told, "lint", move |text, _| faults(app, &text_of(&text)));
        give(&told, "hover", move |text, place| meaning(&text_of(&text), at(&place)));
        give(&told, "apply", move |_, _| {
            apply();
            JsValue::UNDEFINED
        });
        give(&told, "leave", |_, _| {
            focus(".apply");
            JsValue::UNDEFINED
        });
        let handle = mount.call2(&JsValue::NULL, &parent, &told).ok()?;
        wasm_bindgen_futures::spawn_local(async {
            let text = later::fetch("explain.json").await.and_then(|text| text.as_string());
            if let Some(Ok(texts)) = text.map(|text| Descriptions::parse(&text)) {
                TEXTS.set(texts);
            }
        });
        Some(Self(handle))
    }
}

#[component]
pub fn Editor(app: App) -> impl IntoView {
    let (area, gutter) = (NodeRef::<Textarea>::new(), NodeRef::<Pre>::new());
    let lines = RwSignal::new(String::new());
    let stead = NodeRef::<Div>::new();
    let mirror = RwSignal::new_local(None::<Mirror>);
    let asked = StoredValue::new(false);
    // Nothing is checked before somebody has come to the editor: what checks is not there at first.
    let visited = RwSignal::new(false);
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
        if let Some(mirror) = mirror.get() {
            mirror.call("set", &text.as_str().into());
        }
    });
    let names = Memo::new(move |_| {
        app.files.track();
        app.ask(|s| s.files().into_iter().map(|(name, _)| name).collect::<Vec<_>>())
    });
    let save = move || {
        // CodeMirror has told of every change already.
        if mirror.get_untracked().is_some() {
            return;
        }
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
    let load = move || {
        visited.set(true);
        let Some(parent) = stead.get_untracked() else { return };
        if asked.get_value() {
            return;
        }
        asked.set_value(true);
        wasm_bindgen_futures::spawn_local(async move {
            let Some(loaded) = Mirror::load(app, parent.into(), apply).await else { return };
            // Whoever writes in the plain editor goes on in this one.
            let here = area.get_untracked().is_some_and(|plain| {
                document().active_element().is_some_and(|e| e.is_same_node(Some(&plain)))
            });
            let at = area.get_untracked().and_then(|a| a.selection_start().ok().flatten()).unwrap_or(0);
            loaded.call("place", &number(at as usize));
            mirror.set(Some(loaded.clone()));
            if here {
                // Once it is shown: what is hidden takes no keys.
                drawn(move || {
                    loaded.call("focus", &JsValue::UNDEFINED);
                });
            }
        });
    };
    Effect::new(move |_| {
        if app.dock.get() == Panel::Editor || app.panel.get() == Panel::Editor {
            load();
        }
    });
    let wrong = Memo::new(move |_| {
        if !visited.get() {
            return Vec::new();
        }
        app.files.track();
        let texts = app.texts();
        let name = app.file.get();
        let yaml = name.ends_with(".yaml") || name.ends_with(".yml");
        let text = app.ask(|s| s.file(&name)).filter(|_| yaml).unwrap_or_default();
        let faults = assist::lint(&text, texts);
        faults
            .into_iter()
            .map(|f| (f.line, (texts.editor().fault_at)(f.line, &f.message).to_string()))
            .collect()
    });
    let to_line = move |line: usize| {
        if mirror.get_untracked().is_some() || area.get_untracked().is_some_and(|a| a.offset_height() > 0) {
            app.goal_line.set(None);
        }
        if let Some(mirror) = mirror.get_untracked() {
            mirror.call("line", &number(line));
        } else if let Some(area) = area.get_untracked() {
            let text = area.value();
            let start: usize =
                text.split('\n').take(line.saturating_sub(1)).map(|l| l.encode_utf16().count() + 1).sum();
            let start = u32::try_from(start).unwrap_or(0);
            drop(area.focus());
            drop(area.set_selection_range(start, start));
        }
    };
    // Where an error led to: once the file's text is in the editor, and CodeMirror in its place.
    Effect::new(move |_| {
        app.file.track();
        mirror.track();
        if let Some(line) = app.goal_line.get() {
            drawn(move || to_line(line));
        }
    });
    // What is done to files is done by commands, as everything is.
    let new_file = move |_| {
        let name = fresh_name(&names.get_untracked());
        app.act(|s| s.submit_free(&format!("touch {}", quoted(&name))));
        app.file.set(name);
        focus("#manifest");
    };
    let renames = RwSignal::new(None::<String>);
    let rename = move |to: &str| {
        let (from, to) = (app.file.get_untracked(), to.trim().to_owned());
        renames.set(None);
        if to.is_empty() || to == from || to.contains(['\'', '"', '$', '`', '\\']) {
            return;
        }
        if names.get_untracked().contains(&to) {
            app.note.set(Some((app.texts_now().editor().name_taken)(&to).to_string()));
            return;
        }
        app.act(|s| s.submit_free(&format!("mv {} {}", quoted(&from), quoted(&to))));
        app.file.set(to);
    };
    let delete = move |_| {
        let name = app.file.get_untracked();
        let sure =
            window().confirm_with_message(&(app.texts_now().editor().delete_sure)(&name)).unwrap_or(false);
        if !sure {
            return;
        }
        let next = names.get_untracked().into_iter().find(|n| *n != name);
        app.act(|s| s.submit_free(&format!("rm {}", quoted(&name))));
        app.file.set(next.unwrap_or_else(|| "web.yaml".to_owned()));
    };
    view! {
        <section class="ed" aria-label=word(app, |t| t.editor().editor)>
            <div class="ftabs" role="group" aria-label=word(app, |t| t.editor().files)>
                {move || {
                    let open = app.file.get();
                    let mut all = names.get();
                    if !all.contains(&open) {
                        all.push(open.clone());
                    }
                    all.into_iter().map(|name| {
                        let on = name == open;
                        if on && renames.get().is_some() {
                            return view! {
                                <input class="rename" aria-label=app.texts().editor().new_name spellcheck="false" autocomplete="off"
                                    prop:value=name.clone()
                                    on:keydown=move |e: web_sys::KeyboardEvent| match e.key().as_str() {
                                        "Enter" => rename(&event_target_value(&e)),
                                        "Escape" => renames.set(None),
                                        _ => {}
                                    }
                                    on:blur=move |_| renames.set(None)
                                />
                            }.into_any();
                        }
                        let (goal, says) = (name.clone(), name.clone());
                        view! {
                            <button class:on=on aria-pressed=if on { "true" } else { "false" }
                                on:click=move |_| { app.goal_line.set(None); app.file.set(goal.clone()); }>{says}</button>
                        }.into_any()
                    }).collect_view()
                }}
                <button class="ibtn newfile" aria-label=word(app, |t| t.editor().new_file) title=word(app, |t| t.editor().new_file) on:click=new_file>
                    {ic("#i-plus")}
                </button>
            </div>
            <div class="files">
                <button class="ibtn" aria-label=word(app, |t| t.editor().rename) title=move || format!("{}: mv", app.texts().editor().rename)
                    on:click=move |_| {
                        renames.set(Some(app.file.get_untracked()));
                        focus(".rename");
                    }>
                    {ic("#i-edit")}
                </button>
                <button class="ibtn" aria-label=word(app, |t| t.editor().delete_file) title=move || format!("{}: rm", app.texts().editor().delete_file) on:click=delete>
                    {ic("#i-x")}
                </button>
                <code class="stands">{move || command(&app.file.get())}</code>
                <button
                    class="btn sm plain diff"
                    title=move || (app.texts().editor().diffs)(&app.file.get()).to_string()
                    aria-label=move || format!("{}: {}", app.texts().editor().diff, (app.texts().editor().diffs)(&app.file.get()))
                    on:click=move |_| {
                        save();
                        app.run(&format!("kubectl diff -f {}", quoted(&app.file.get_untracked())));
                    }
                >
                    {word(app, |t| t.editor().diff)}
                </button>
                <button
                    class="btn sm apply"
                    title=move || (app.texts().editor().applies)(&app.file.get()).to_string()
                    aria-label=move || format!("{}: {}", app.texts().editor().apply, (app.texts().editor().applies)(&app.file.get()))
                    on:click=move |_| apply()
                >
                    {word(app, |t| t.editor().apply)}
                </button>
            </div>
            <div class="sheet" on:focusin=move |_| load() on:pointerenter=move |_| load()>
                <div class="mirror" class:hidden=move || mirror.get().is_none() node_ref=stead></div>
                <pre class:hidden=move || mirror.get().is_some() class="gutter" aria-hidden="true" node_ref=gutter>{move || lines.get()}</pre>
                <textarea
                    id=move || if mirror.get().is_some() { "manifest-plain" } else { "manifest" }
                    class:hidden=move || mirror.get().is_some()
                    node_ref=area
                    spellcheck="false"
                    autocapitalize="off"
                    autocomplete="off"
                    wrap="off"
                    aria-label=move || format!("{} {}", app.texts().editor().manifest, app.file.get())
                    on:input=move |_| save()
                    on:keydown=keys
                    on:scroll=move |_| {
                        if let (Some(area), Some(gutter)) = (area.get(), gutter.get()) {
                            gutter.set_scroll_top(area.scroll_top());
                        }
                    }
                ></textarea>
            </div>
            <ul class="faults" aria-label=word(app, |t| t.editor().faults) aria-live="polite">
                {move || wrong.get().into_iter().take(3).map(|(line, says)| view! {
                    <li><button lang="en" on:click=move |_| to_line(line)>"▲ " {says}</button></li>
                }).collect_view()}
            </ul>
        </section>
    }
}

/// What the button stands for.
fn command(file: &str) -> String {
    format!("kubectl apply -f {}", quoted(file))
}

fn quoted(file: &str) -> String {
    let quote = if file.contains(' ') { "'" } else { "" };
    format!("{quote}{file}{quote}")
}
